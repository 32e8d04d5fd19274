"""Tells by a file's first bytes whether it may hold moving pictures, and which reader they want."""

from __future__ import annotations

from typing import Final

from bot.media.sniff import Container, sniff

__all__ = ["demuxer_for", "is_film"]

_GIF: Final = (b"GIF87a", b"GIF89a")
_CONTAINERS: Final = frozenset(
    {Container.MP4, Container.MATROSKA, Container.AVI, Container.ASF, Container.OGG}
)


def is_film(head: bytes) -> bool:
    """Whether a file beginning with ``head`` (HEAD_BYTES of it) may hold moving pictures."""
    return demuxer_for(head) is not None


def demuxer_for(head: bytes) -> str | None:
    """FFmpeg's name of the reader of such a film; None for what is none."""
    if head.startswith(_GIF):
        return "gif"
    kind = sniff(head)
    return kind.value if kind in _CONTAINERS else None

"""Tells thinking written as ``<think>…</think>`` at the start of an answer from the answer itself.

The provider moved thinking to ``reasoning_content`` in February 2025, but models and gateways that leave the
tags in the text are still met (facts: SiliconFlow §17 #7).
"""

from __future__ import annotations

from enum import Enum
from typing import Final

__all__ = ["Kind", "ThinkTags"]

_OPEN: Final = "<think>"
_CLOSE: Final = "</think>"


class Kind(Enum):
    """What a piece of the stream is."""

    THINKING = "thinking"
    TEXT = "text"


class _State(Enum):
    START = "start"
    INSIDE = "inside"
    AFTER = "after"
    TEXT = "text"


Piece = tuple[Kind, str]


class ThinkTags:
    """Splits the content of one answer. Only a tag before all other text is meant as one."""

    def __init__(self) -> None:
        self._state = _State.START
        self._held = ""

    @property
    def is_plain(self) -> bool:
        """Whether everything from here on is text, so that ``split`` need not be asked any more."""
        return self._state is _State.TEXT

    def split(self, content: str) -> list[Piece]:
        """``content`` as pieces, without what cannot be told yet."""
        pieces: list[Piece] = []
        rest = self._held + content
        self._held = ""
        while rest:
            rest = self._step(rest, pieces)
        return pieces

    def flush(self) -> list[Piece]:
        """What is still held back, when nothing more comes."""
        held, self._held = self._held, ""
        kind = Kind.THINKING if self._state is _State.INSIDE else Kind.TEXT
        return [(kind, held)] if held and self._state is not _State.AFTER else []

    def _step(self, rest: str, pieces: list[Piece]) -> str:
        if self._state is _State.START:
            return self._open(rest)
        if self._state is _State.INSIDE:
            return self._close(rest, pieces)
        if self._state is _State.AFTER:
            return self._skip_blank_lines(rest)
        pieces.append((Kind.TEXT, rest))
        return ""

    def _open(self, rest: str) -> str:
        stripped = rest.lstrip()
        if stripped.startswith(_OPEN):
            self._state = _State.INSIDE
            return stripped[len(_OPEN) :]
        if _OPEN.startswith(stripped):
            self._held = rest
            return ""
        self._state = _State.TEXT
        return rest

    def _close(self, rest: str, pieces: list[Piece]) -> str:
        thought, tag, after = rest.partition(_CLOSE)
        if tag:
            self._state = _State.AFTER
        else:
            keep = _length_of_started_tag(rest)
            thought, self._held = rest[: len(rest) - keep], rest[len(rest) - keep :]
        if thought:
            pieces.append((Kind.THINKING, thought))
        return after

    def _skip_blank_lines(self, rest: str) -> str:
        rest = rest.lstrip("\r\n")
        if rest:
            self._state = _State.TEXT
        return rest


def _length_of_started_tag(text: str) -> int:
    longest = min(len(_CLOSE) - 1, len(text))
    return next((size for size in range(longest, 0, -1) if text.endswith(_CLOSE[:size])), 0)

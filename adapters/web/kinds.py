"""Tells what a page may make of a file: by its first bytes; what it is called only decides between two kinds.

A browser runs whatever it takes for a page, so only what begins as a picture is ever shown in its place, and
only what begins as a recording or a film is played. Everything else can be saved and nothing more.
"""

from __future__ import annotations

import re
from typing import Final

from adapters.web.pagelog import FileKind
from bot.messages import AttachmentKind

__all__ = ["attachment_kind", "sniffed", "tidy_mime", "told_apart"]

_MAGIC: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"OggS", "application/ogg"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"fLaC", "audio/flac"),
    (b"ID3", "audio/mpeg"),
)
_CHUNKED: Final = {(b"RIFF", b"WEBP"): "image/webp", (b"RIFF", b"WAVE"): "audio/wav"}
# ISO/IEC 14496-12: the brand of the first box. Of those not named here the most are films.
_BRANDS: Final = {
    **dict.fromkeys((b"M4A ", b"M4B "), "audio/mp4"),
    **dict.fromkeys((b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"), ""),
    b"qt  ": "video/quicktime",
}
_SOUND_OR_FILM: Final = {
    "application/ogg": ("audio/ogg", "video/ogg"),
    "video/webm": ("audio/webm", "video/webm"),
    "video/mp4": ("audio/mp4", "video/mp4"),
}
_MIME: Final = re.compile(r"[a-z0-9][a-z0-9.+-]{0,60}/[a-z0-9][a-z0-9.+-]{0,80}")
_KINDS: Final = {
    FileKind.PICTURE: AttachmentKind.IMAGE,
    FileKind.SOUND: AttachmentKind.AUDIO,
    FileKind.VOICE: AttachmentKind.VOICE,
    FileKind.FILM: AttachmentKind.VIDEO,
    FileKind.FILE: AttachmentKind.DOCUMENT,
}


def sniffed(head: bytes) -> str:
    """The MIME type of a file that begins like this; empty for what a page neither shows nor plays."""
    for magic, mime in _MAGIC:
        if head.startswith(magic):
            return mime
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
    return _CHUNKED.get((head[:4], head[8:12])) or _sniffed_frame(head)


def _sniffed_frame(head: bytes) -> str:
    """MPEG audio and ADTS have no magic, only frames that begin with set bits; the layer tells them apart."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return ""
    if head[1] & 0xF6 == 0xF0:
        return "audio/aac"
    bit_rate, sample_rate = head[2] >> 4, head[2] >> 2 & 3
    return "audio/mpeg" if head[1] >> 1 & 3 == 1 and 0 < bit_rate < 15 and sample_rate < 3 else ""


def told_apart(found: str, claimed: str, *, voice: bool) -> tuple[FileKind, str]:
    """What a file is, and its MIME type, by its bytes and its sender's word. ``voice``: somebody spoke."""
    claimed = tidy_mime(claimed)
    if found.startswith("image/"):
        return FileKind.PICTURE, found
    if found in _SOUND_OR_FILM:
        as_sound, as_film = _SOUND_OR_FILM[found]
        is_sound = (
            voice or claimed.startswith("audio/") or (found == "application/ogg" and "video" not in claimed)
        )
        found = as_sound if is_sound else as_film
    if found.startswith("video/"):
        return FileKind.FILM, found
    if found.startswith("audio/"):
        return FileKind.VOICE if voice else FileKind.SOUND, found
    return FileKind.FILE, claimed


def tidy_mime(mime: str) -> str:
    """A MIME type without its parameters; empty for what is none."""
    bare = mime.partition(";")[0].strip().lower()
    return bare if _MIME.fullmatch(bare) else ""


def attachment_kind(kind: FileKind, mime: str) -> AttachmentKind:
    """What the core calls it."""
    return AttachmentKind.ANIMATION if mime == "image/gif" else _KINDS[kind]

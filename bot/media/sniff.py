"""Tells what a file is by its first bytes; names and MIME types are never asked.

Platforms mislabel audio: AMR is named .wav, Slack's clips are called video (facts: peers, platforms §2.6).
FFmpeg is given the demuxer found here, so that a file can never choose one that opens other files or
addresses, as playlists do.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

__all__ = ["HEAD_BYTES", "Container", "sniff"]

HEAD_BYTES: Final = 16

_ISO_BOXES: Final = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"})
_RESERVED_SAMPLE_RATE: Final = 3
_LAYERS: Final = frozenset({1, 2})


class Container(Enum):
    """A kind of file that may hold sound; the value is FFmpeg's name of its demuxer."""

    OGG = "ogg"
    MP3 = "mp3"
    MP4 = "mov"
    WAV = "wav"
    FLAC = "flac"
    MATROSKA = "matroska"
    AMR = "amr"
    AAC = "aac"
    AIFF = "aiff"
    CAF = "caf"
    ASF = "asf"
    AVI = "avi"


_MAGIC: Final = (
    (b"OggS", Container.OGG),
    (b"fLaC", Container.FLAC),
    (b"ID3", Container.MP3),
    (b"\x1aE\xdf\xa3", Container.MATROSKA),
    (b"#!AMR", Container.AMR),
    (b"caff", Container.CAF),
    (b"0&\xb2u\x8ef\xcf\x11", Container.ASF),
)
# Of files in chunks the kind stands after the size.
_CHUNKED: Final = {
    (b"RIFF", b"WAVE"): Container.WAV,
    (b"RF64", b"WAVE"): Container.WAV,
    (b"RIFF", b"AVI "): Container.AVI,
    (b"FORM", b"AIFF"): Container.AIFF,
    (b"FORM", b"AIFC"): Container.AIFF,
}


def sniff(head: bytes) -> Container | None:
    """The container that a file beginning with ``head`` (HEAD_BYTES of it) is, or None."""
    for magic, container in _MAGIC:
        if head.startswith(magic):
            return container
    # A box begins with its size, which is no letter: a text may begin with "The free".
    if head[4:8] in _ISO_BOXES and head[0] < 0x20:
        return Container.MP4
    return _CHUNKED.get((head[:4], head[8:12])) or _sniff_frame(head)


def _sniff_frame(head: bytes) -> Container | None:
    """MPEG audio and ADTS have no magic, only frames that begin with eleven set bits."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    layer = head[1] >> 1 & 3
    if head[1] & 0xF0 == 0xF0 and layer == 0:
        return Container.AAC if head[2] >> 2 & 15 < 13 else None
    bit_rate, sample_rate = head[2] >> 4, head[2] >> 2 & 3
    if layer in _LAYERS and 0 < bit_rate < 15 and sample_rate != _RESERVED_SAMPLE_RATE:
        return Container.MP3
    return None

"""What the page makes of a file: what its bytes say, and of two kinds the one its sender names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.web.kinds import attachment_kind, sniffed, tidy_mime, told_apart
from adapters.web.pagelog import FileKind
from bot.messages import AttachmentKind

FTYP = b"\x00\x00\x00\x18ftyp"
OGG, WEBM = b"OggS\x00\x02", b"\x1aE\xdf\xa3\x01"


@pytest.mark.parametrize(
    ("head", "claimed", "voice", "kind", "mime"),
    [
        (b"\x89PNG\r\n\x1a\n", "text/html", False, "picture", "image/png"),
        (b"\xff\xd8\xff\xe0", "", True, "picture", "image/jpeg"),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "image/webp", False, "picture", "image/webp"),
        (b"RIFF\x10\x00\x00\x00WAVEfmt ", "audio/x-wav", False, "sound", "audio/wav"),
        (OGG, "audio/ogg; codecs=opus", False, "sound", "audio/ogg"),
        (OGG, "video/ogg", False, "film", "video/ogg"),
        (OGG, "", True, "voice", "audio/ogg"),
        (WEBM, "audio/webm;codecs=opus", True, "voice", "audio/webm"),
        (WEBM, "audio/webm", False, "sound", "audio/webm"),
        (WEBM, "video/x-matroska", False, "film", "video/webm"),
        (FTYP + b"isom", "video/mp4", False, "film", "video/mp4"),
        (FTYP + b"isom", "audio/mp4", True, "voice", "audio/mp4"),
        (FTYP + b"M4A ", "", False, "sound", "audio/mp4"),
        (FTYP + b"qt  ", "video/quicktime", False, "film", "video/quicktime"),
        (FTYP + b"heic", "image/heic", False, "file", "image/heic"),
        (b"ID3\x04", "audio/mpeg", False, "sound", "audio/mpeg"),
        (b"\xff\xfb\x90\x00", "", False, "sound", "audio/mpeg"),
        (b"\xff\xf1\x50\x80", "", False, "sound", "audio/aac"),
        (b"\xff\xfe<\x00h\x00t\x00", "text/html", False, "file", "text/html"),
        (b"%PDF-1.7", "application/pdf", True, "file", "application/pdf"),
        (b"plain words", "audio/mpeg", True, "file", "audio/mpeg"),
    ],
)
def test_a_file_is_what_its_bytes_say(head: bytes, claimed: str, voice: bool, kind: str, mime: str) -> None:
    """Only between sound and film of one container its sender is asked."""
    assert told_apart(sniffed(head), claimed, voice=voice) == (FileKind(kind), mime)


@given(st.binary(max_size=64), st.text(max_size=40), st.booleans())
def test_nothing_makes_a_page_of_a_file(head: bytes, claimed: str, voice: bool) -> None:
    """What is shown or played has a type that no browser runs; any other keeps a tidy one or none."""
    kind, mime = told_apart(sniffed(head), claimed, voice=voice)
    if kind is FileKind.FILE:
        assert mime == tidy_mime(mime)
    else:
        assert mime.partition("/")[0] in ("image", "audio", "video")
        assert "svg" not in mime
    assert told_apart(mime, claimed, voice=voice)[1] == mime or kind is FileKind.FILE


def test_the_core_hears_the_usual_names() -> None:
    """A moving picture is one, as on the other platforms."""
    assert attachment_kind(FileKind.PICTURE, "image/gif") is AttachmentKind.ANIMATION
    assert [attachment_kind(kind, "") for kind in FileKind] == [
        AttachmentKind.IMAGE,
        AttachmentKind.AUDIO,
        AttachmentKind.VOICE,
        AttachmentKind.VIDEO,
        AttachmentKind.DOCUMENT,
    ]

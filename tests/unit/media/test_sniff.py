"""Files are told by their first bytes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.media import HEAD_BYTES, Container, sniff
from tests.unit.media.sounds import FORMS, Form, tone, write_file

_CONTAINERS = {
    "voice.oga": Container.OGG,
    "song.mp3": Container.MP3,
    "clip.m4a": Container.MP4,
    "round.mp4": Container.MP4,
    "plain.wav": Container.WAV,
    "studio.flac": Container.FLAC,
    "page.webm": Container.MATROSKA,
    "film.mkv": Container.MATROSKA,
    "radio.aac": Container.AAC,
    "phone.amr": Container.AMR,
    "old.aiff": Container.AIFF,
    "apple.caf": Container.CAF,
    "windows.wma": Container.ASF,
    "camera.avi": Container.AVI,
}


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_a_real_file_is_known_by_its_head(form: Form, tmp_path: Path) -> None:
    """Whatever wrote it, the first bytes tell the container."""
    path = write_file(tmp_path, form, tone(0.5))

    assert sniff(path.read_bytes()[:HEAD_BYTES]) is _CONTAINERS[form.name]


@pytest.mark.parametrize(
    ("head", "container"),
    [
        (b"\xff\xfb\x90\x64" + bytes(12), Container.MP3),
        (b"\xff\xf3\x84\xc4" + bytes(12), Container.MP3),
        (b"\xff\xf1\x50\x80" + bytes(12), Container.AAC),
        (b"#!AMR-WB\n" + bytes(8), Container.AMR),
        (b"RF64\xff\xff\xff\xffWAVEds64", Container.WAV),
        (b"FORM\x00\x00\x00\x00AIFCFVER", Container.AIFF),
        (b"\x00\x00\x00\x08wide\x00\x00\x00\x00mdat", Container.MP4),
    ],
)
def test_heads_without_a_file_at_hand_are_known(head: bytes, container: Container) -> None:
    """Frames without magic, wide-band AMR, large WAV and old QuickTime."""
    assert sniff(head) is container


@pytest.mark.parametrize(
    "head",
    [
        b"The free lunch is over.",
        b"The wide road\n",
        b"",
        b"Hello, this is text",
        b"#EXTM3U\n#EXT-X-VERSION:3",
        b"ffconcat version 1.0\n",
        b"<?xml version='1.0'?><MPD",
        b"%PDF-1.7\n",
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
        b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01",
        b"\xff\xfeH\x00e\x00l\x00l\x00o\x00",
        b"RIFF\x00\x00\x00\x00WEBPVP8 ",
        b"PK\x03\x04" + bytes(12),
        b"\x02#!SILK_V3" + bytes(6),
    ],
)
def test_what_holds_no_sound_is_not_taken_for_it(head: bytes) -> None:
    """Texts, pictures, archives and, above all, playlists, which would name other files."""
    assert sniff(head) is None


@given(st.binary(max_size=HEAD_BYTES))
def test_any_bytes_get_an_answer(head: bytes) -> None:
    """No head is too odd or too short."""
    assert sniff(head) is None or isinstance(sniff(head), Container)

"""Films become a small silent clip and stills, whatever file they come in; hostile ones cost little."""

from __future__ import annotations

import asyncio
import io
import threading
from pathlib import Path

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.media import FilmFault, Films, UnusableFilm, is_film
from bot.media import film_reel as reel_module
from bot.ports import Picture
from tests.unit.media.films import RED, Shape, clip_colours, film, still_colours
from tests.unit.media.sounds import FORMS, tone, wav_bytes, write_file

SHAPES = {
    "mp4": Shape(),
    "webm": Shape(muxer="webm", codec="libvpx"),
    "live webm": Shape(muxer="webm", codec="libvpx", live=True),
    "matroska": Shape(muxer="matroska"),
    "avi": Shape(muxer="avi", codec="mpeg4"),
    "gif": Shape(muxer="gif", codec="gif", pixels="rgb8"),
    "windows": Shape(muxer="asf", codec="msmpeg4v3"),
}


async def watched(data: bytes, **options: int) -> Picture:
    """What models are shown of a film."""
    return await Films().watch(io.BytesIO(data), **options)


async def fault_of(data: bytes) -> FilmFault:
    """Why a film is not looked at."""
    with pytest.raises(UnusableFilm) as caught:
        await watched(data)
    return caught.value.reason


@pytest.mark.parametrize("kind", SHAPES)
async def test_what_is_seen_is_in_the_clip_and_in_the_stills_in_its_order(kind: str) -> None:
    """Two pictures a second; the stills know their moments."""
    data = film(shape=SHAPES[kind], seconds_each=2.0)
    shown = await watched(data)
    assert is_film(data)
    assert shown.mime == "video/mp4"
    assert shown.seconds == pytest.approx(6.0, abs=0.2)
    assert clip_colours(shown) == "rrrrggggbbbb"
    assert still_colours(shown) == "rrrggbbb"
    moments = [still.seconds for still in shown.frames]
    assert moments == sorted(moments)
    assert moments[-1] < shown.seconds


async def test_a_long_film_is_seen_to_its_end() -> None:
    """Its clip is half a minute of pictures from all of it, and most of the film is not even decoded."""
    data = film(seconds_each=200.0, shape=Shape(rate=5, size=(64, 64)))
    shown = await watched(data)
    with av.open(io.BytesIO(shown.data), "r") as clip:
        assert clip.duration is not None
        assert clip.duration / 1_000_000 == pytest.approx(30.0, abs=0.6)
    assert clip_colours(shown) == "r" * 20 + "g" * 20 + "b" * 20
    assert shown.seconds == pytest.approx(600.0, abs=1)
    assert len(shown.data) < 100_000


async def test_a_film_is_small_upright_and_silent_and_says_nothing_about_its_maker() -> None:
    """A phone held upright writes a film that lies on its side, with the place it was made at."""
    tags = {"title": "SecretTitle", "location": "+48.1351+011.5820/", "comment": "SecretWords"}
    shape = Shape(size=(1280, 720), turned=90, tags=tags)
    data = film(seconds_each=0.3, shape=shape, sound=tone(0.9))
    assert b"SecretTitle" in data
    shown = await watched(data)
    assert (shown.width, shown.height) == (360, 640)
    assert b"Secret" not in shown.data
    assert b"+48.1351" not in shown.data
    with av.open(io.BytesIO(shown.data), "r") as clip:
        assert not clip.streams.audio
        assert (clip.streams.video[0].width, clip.streams.video[0].height) == (360, 640)


@pytest.mark.parametrize(
    ("size", "shown_size"), [((32, 20), (112, 112)), ((1000, 8), (640, 112)), ((640, 640), (480, 480))]
)
async def test_every_size_becomes_one_that_models_take(
    size: tuple[int, int], shown_size: tuple[int, int]
) -> None:
    """Neither too small, nor more than a widescreen picture of 640 pixels has."""
    shown = await watched(film(seconds_each=0.2, shape=Shape(size=size)))
    assert (shown.width, shown.height) == shown_size


async def test_the_clear_parts_of_an_animation_are_white() -> None:
    """As stickers and drawings are meant to be seen."""
    buffer = io.BytesIO()
    frames = [Image.new("RGBA", (120, 120), (0, 0, 0, 0)) for _ in range(2)]
    frames[1].paste((0, 0, 255, 255), (0, 0, 40, 40))
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:], duration=500)
    shown = await watched(buffer.getvalue())
    still = Image.open(io.BytesIO(shown.frames[0].data)).convert("RGB")
    pixel = still.getpixel((100, 100))
    assert isinstance(pixel, tuple)
    assert min(pixel) > 240


async def test_films_that_share_a_question_share_its_stills() -> None:
    """Never fewer than two."""
    data = film(seconds_each=1.0)
    assert [len((await watched(data, most_stills=most)).frames) for most in (8, 3, 0)] == [6, 3, 2]


async def test_a_recording_that_calls_itself_a_film_has_no_pictures(tmp_path: Path) -> None:
    """Slack's clips are MP4 without a picture."""
    clip = write_file(tmp_path, FORMS[2], tone(1.0)).read_bytes()
    assert await fault_of(clip) is FilmFault.NO_PICTURES
    assert await fault_of(wav_bytes(tone(0.2))) is FilmFault.NO_PICTURES
    with pytest.raises(UnusableFilm):
        await Films().check(io.BytesIO(clip))


async def test_a_torn_film_is_seen_as_far_as_it_goes_or_said_to_be_broken() -> None:
    """The index of an MP4 stands at its end; a WebM can be read from its beginning."""
    whole = film(seconds_each=2.0)
    assert await fault_of(whole[: len(whole) // 2]) is FilmFault.CORRUPT
    assert await fault_of(b"\x00\x00\x00\x18ftypisom") is FilmFault.CORRUPT
    live = film(seconds_each=4.0, shape=SHAPES["webm"])
    shown = await watched(live[: len(live) * 3 // 4])
    assert clip_colours(shown).startswith("rr")


@settings(max_examples=40, deadline=None)
@given(cuts=st.lists(st.tuples(st.integers(8, 3000), st.integers(0, 255)), max_size=30))
async def test_damage_never_does_more_than_spoil_the_film(cuts: list[tuple[int, int]]) -> None:
    """It is seen in part, or refused with a reason."""
    data = bytearray(_SHORT)
    for place, value in cuts:
        data[place % len(data)] = value
    try:
        shown = await watched(bytes(data))
    except UnusableFilm:
        return
    assert shown.frames


_SHORT = film(seconds_each=0.3, shape=Shape(size=(64, 64)))


async def test_a_film_that_is_too_large_to_decode_is_refused_before_it_is() -> None:
    """By what it says at its beginning."""
    huge = film(
        colours=(RED,), seconds_each=0.1, shape=Shape(size=(7680, 4320), codec="mjpeg", pixels="yuvj420p")
    )
    assert await fault_of(huge) is FilmFault.TOO_MANY_PIXELS


async def test_pictures_that_grow_within_a_film_are_left_out() -> None:
    """A bomb: its header and its first pictures are small, then one comes of a hundred megapixels."""
    buffer = io.BytesIO()
    Image.new("RGB", (10_000, 10_000), "blue").save(buffer, "JPEG", quality=20)
    shape = Shape(muxer="avi", codec="mjpeg", pixels="yuvj420p")
    shown = await watched(film((RED,), seconds_each=2.0, shape=shape, ending=buffer.getvalue()))
    assert clip_colours(shown) == "rrrr"


async def test_what_decoding_costs_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once it is spent, pictures that need no other stand for their moments; the end is still seen."""
    monkeypatch.setattr(reel_module, "_BUDGET_PIXELS", 160 * 90 * 12)
    shown = await watched(film(seconds_each=20.0))
    assert len(shown.frames) == 8
    colours = clip_colours(shown)
    assert (colours[0], colours[-1]) == ("r", "b")


async def test_the_length_is_measured_and_not_believed() -> None:
    """A header that claims forty hours, or nothing, changes nothing."""
    data = film(seconds_each=1.0)
    place = data.index(b"mvhd") + 20
    claimed = data[:place] + (2**31 - 1).to_bytes(4, "big") + data[place + 4 :]
    shown = await watched(claimed)
    assert shown.seconds == pytest.approx(3.0, abs=0.2)
    assert clip_colours(shown) == "rrggbb"


class SlowFile(io.BytesIO):
    """A file on a disk that does not answer until it is let."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.asked, self.answers = threading.Event(), threading.Event()

    def read(self, size: int | None = -1) -> bytes:
        self.asked.set()
        assert self.answers.wait(60)
        return super().read(size)


async def test_who_stops_waiting_stops_the_work_and_gets_the_file_back() -> None:
    """Cancelled, it ends once the thread has let go of the file; the thread then serves the next."""
    films = Films()
    with SlowFile(_SHORT) as file:
        task = asyncio.create_task(films.watch(file))
        assert await asyncio.to_thread(file.asked.wait, 60)
        task.cancel()
        await asyncio.sleep(0)
        assert not task.done()
        file.answers.set()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert still_colours(await films.watch(io.BytesIO(_SHORT))) == "rb"

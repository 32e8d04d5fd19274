"""Finds the picture of any moment of a film, at a cost that no file can raise. Blocks.

What a file claims about its length is not asked: its packets are counted first. Decoding has a budget of
pixels; once that is spent, the nearest picture that can be decoded by itself stands for a moment.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Final

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from bot.media.film_faults import FilmFault, Stopped, UnusableFilm
from bot.media.film_sniff import demuxer_for
from bot.media.sniff import HEAD_BYTES

__all__ = ["Reel", "open_reel"]

# 4096 x 2160 and a little: a decoder may hold sixteen of them, of 15 MB each.
_MOST_PIXELS: Final = 9_000_000
# A thousand pictures of 1920 x 1080: half a minute of most films is decoded whole, in some seconds.
_BUDGET_PIXELS: Final = 2_000_000_000
# However small its pictures are, a film has no more than a hundred thousand of them decoded.
_LEAST_COST_PIXELS: Final = 20_000
# Nine hours at thirty pictures a second.
_MOST_PACKETS: Final = 1_000_000
_LARGE_SIDE: Final = 1280
_WORTH_A_SEEK_SECONDS: Final = 1.0
_USUAL_FRAME_SECONDS: Final = 0.04
_SANE_ASPECTS: Final = (0.1, 10.0)
# A chat's file is a file: no address in it is followed, and little of it is read to find its streams.
_OPTIONS: Final = {"protocol_whitelist": "file", "probesize": "2000000", "analyzeduration": "10000000"}
_UPRIGHT: Final = {
    90: Image.Transpose.ROTATE_90,
    180: Image.Transpose.ROTATE_180,
    -180: Image.Transpose.ROTATE_180,
    -90: Image.Transpose.ROTATE_270,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Length:
    """Where the pictures begin and end, in seconds, and which of them can be decoded by themselves."""

    begin: float
    end: float
    starts: tuple[float, ...]


@contextmanager
def open_reel(file: BinaryIO, *, stopped: threading.Event) -> Iterator[Reel]:
    """The pictures of a film in an open file. Raises UnusableFilm; Stopped once ``stopped`` is set."""
    demuxer = demuxer_for(_head_of(file))
    if demuxer is None:
        raise UnusableFilm(FilmFault.NO_PICTURES, "no known film begins like this")
    with _opened(file, demuxer) as (container, stream):
        length = _measure(container, stream, stopped)
    with _opened(file, demuxer) as (container, stream):
        # A GIF says of every picture that it needs no other, which is not so.
        seekable = demuxer != "gif"
        yield Reel(container, stream, length, seekable=seekable, stopped=stopped)


class Reel:
    """An open film, wound forwards only. See ``open_reel``."""

    def __init__(
        self,
        container: InputContainer,
        stream: VideoStream,
        length: _Length,
        *,
        seekable: bool,
        stopped: threading.Event,
    ) -> None:
        self.seconds = max(length.end - length.begin, _USUAL_FRAME_SECONDS)
        self._length = length
        self._container = container
        self._stream = stream
        self._starts = length.starts if seekable else ()
        self._stopped = stopped
        self._budget = _BUDGET_PIXELS
        self._frames = self._decode()
        self._shown: VideoFrame | None = None
        self._shown_at = length.begin
        self._next: tuple[float, VideoFrame] | None = None
        self._ended = False

    def picture_at(self, moment: float) -> Image.Image:
        """What is seen so many seconds after the beginning; moments must rise. Raises UnusableFilm."""
        target = self._length.begin + moment
        self._skip_towards(target)
        while not self._ended and (self._shown is None or (self._budget > 0 and self._shown_at < target)):
            if not self._advance(target):
                break
        if self._shown is None:
            raise UnusableFilm(FilmFault.CORRUPT, "no picture can be decoded")
        return _upright(self._shown, float(self._stream.sample_aspect_ratio or 1))

    def _advance(self, target: float) -> bool:
        """Go one picture on, unless the next is later than ``target``."""
        if self._next is None:
            self._next = next(self._frames, None)
        if self._next is None:
            self._ended = True
            return False
        at, frame = self._next
        if self._shown is not None and at > target:
            return False
        self._shown_at, self._shown, self._next = at, frame, None
        return True

    def _skip_towards(self, target: float) -> None:
        """Leave out what need not be decoded, where the film can be entered later than it stands."""
        place = bisect_right(self._starts, target) - 1
        here = self._next[0] if self._next is not None else self._shown_at
        if place < 0 or self._starts[place] <= here + (_WORTH_A_SEEK_SECONDS if self._budget > 0 else 0.0):
            return
        try:
            offset = round(self._starts[place] / float(self._stream.time_base or 1))
            self._container.seek(offset, stream=self._stream, backward=True)
        except (av.FFmpegError, ValueError, OverflowError):
            self._starts = ()
            return
        self._frames, self._next, self._ended = self._decode(), None, False
        if (found := next(self._frames, None)) is not None:
            self._shown_at, self._shown = found

    def _decode(self) -> Iterator[tuple[float, VideoFrame]]:
        """The pictures from here on with their times; damaged ones are left out."""
        packets = self._container.demux(self._stream)
        last = self._length.begin
        while True:
            if self._stopped.is_set():
                raise Stopped
            try:
                frames = next(packets).decode()
            except (StopIteration, EOFError):
                return
            except (av.FFmpegError, ValueError):
                self._budget -= max(self._stream.width * self._stream.height, _LEAST_COST_PIXELS)
                continue
            for frame in frames:
                self._budget -= max(_checked_pixels(frame), _LEAST_COST_PIXELS)
                at = frame.time
                last = at if at is not None else last + _USUAL_FRAME_SECONDS
                yield last, frame


def _head_of(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read(HEAD_BYTES)


@contextmanager
def _opened(file: BinaryIO, demuxer: str) -> Iterator[tuple[InputContainer, VideoStream]]:
    file.seek(0)
    try:
        container = av.open(file, "r", format=demuxer, options=dict(_OPTIONS))
    except (av.FFmpegError, ValueError) as exc:
        raise UnusableFilm(FilmFault.CORRUPT, f"{demuxer} cannot be opened: {exc}") from exc
    with container:
        stream = _pictures_of(container)
        yield container, stream


def _pictures_of(container: InputContainer) -> VideoStream:
    """The first moving pictures; the cover of a piece of music is none."""
    for stream in container.streams.video:
        if stream.disposition & Disposition.attached_pic:
            continue
        if not _can_be_decoded(stream):
            raise UnusableFilm(FilmFault.CORRUPT, "nothing here decodes its pictures")
        context = stream.codec_context
        if stream.width * stream.height > _MOST_PIXELS:
            raise _too_many(stream.width, stream.height)
        context.thread_count = 1
        # Pictures may be larger than the file says at its beginning; the decoder must not make room for them.
        context.options = {"max_pixels": str(_MOST_PIXELS)}
        return stream
    raise UnusableFilm(FilmFault.NO_PICTURES, "the file holds no moving pictures")


def _can_be_decoded(stream: VideoStream) -> bool:
    return stream.codec_context is not None


def _measure(container: InputContainer, stream: VideoStream, stopped: threading.Event) -> _Length:
    tick = float(stream.time_base or 0)
    begin, end = float("inf"), float("-inf")
    starts: list[float] = []
    for packet in _packets(container, stream):
        if stopped.is_set():
            raise Stopped
        ticks = packet.pts if packet.pts is not None else packet.dts
        if ticks is None:
            continue
        at = ticks * tick
        begin, end = min(begin, at), max(end, at + (packet.duration or 0) * tick)
        if packet.is_keyframe:
            starts.append(at)
    if end < begin:
        raise UnusableFilm(FilmFault.CORRUPT, "the film holds no picture")
    return _Length(begin=begin, end=end, starts=tuple(sorted(starts)))


def _packets(container: InputContainer, stream: VideoStream) -> Iterator[Packet[VideoStream]]:
    packets = container.demux(stream)
    for _ in range(_MOST_PACKETS):
        try:
            yield next(packets)
        except (StopIteration, EOFError, av.FFmpegError, ValueError):
            return


def _checked_pixels(frame: VideoFrame) -> int:
    pixels = frame.width * frame.height
    if pixels > _MOST_PIXELS:
        raise _too_many(frame.width, frame.height)
    return pixels


def _upright(frame: VideoFrame, aspect: float) -> Image.Image:
    """As it is meant to be seen: on white, pixels square, and turned as the camera was held."""
    image = _flat(frame)
    low, high = _SANE_ASPECTS
    if low < aspect < high and aspect != 1:
        image = image.resize((max(1, round(image.width * aspect)), image.height))
    turn = _UPRIGHT.get(frame.rotation)
    return image if turn is None else image.transpose(turn)


def _flat(frame: VideoFrame) -> Image.Image:
    """On white, and not much larger than it will be shown: full colours of a 4K picture take 25 MB."""
    scale = min(1.0, _LARGE_SIDE / max(frame.width, frame.height))
    width, height = (max(1, round(side * scale)) for side in (frame.width, frame.height))
    clear = any(component.is_alpha for component in frame.format.components)
    plain = frame.reformat(width=width, height=height, format="rgba" if clear else "rgb24")
    image = Image.fromarray(plain.to_ndarray())
    if not clear:
        return image
    white = Image.new("RGB", image.size, "white")
    white.paste(image, mask=image.getchannel("A"))
    return white


def _too_many(width: int, height: int) -> UnusableFilm:
    return UnusableFilm(
        FilmFault.TOO_MANY_PIXELS, f"{width} x {height} pixels where {_MOST_PIXELS} are taken"
    )

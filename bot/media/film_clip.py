"""Writes what models are shown of a film: the small silent clip, and single pictures from it. Blocks."""

from __future__ import annotations

import io
from typing import Final, Self

import av
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from bot.media.film_faults import FilmFault, UnusableFilm
from bot.media.images_pixels import on_canvas
from bot.ports import Picture

__all__ = ["PICTURES_A_SECOND", "ClipWriter", "make_still", "small_enough"]

# facts: SiliconFlow §2.1: one or two pictures a second are looked at.
PICTURES_A_SECOND: Final = 2
# 640 x 360 are 23 x 13 patches of 28: 16 pictures cost some 4,800 tokens (facts: SiliconFlow §2.7).
_LONGEST_SIDE: Final = 640
_MOST_PIXELS: Final = 640 * 360
_JPEG_QUALITY: Final = 80
# No more than 4 MB in half a minute, whatever is in the pictures.
_ENCODER: Final = {
    "preset": "veryfast",
    "crf": "27",
    "maxrate": "1000k",
    "bufsize": "1000k",
    "threads": "1",
}


def small_enough(image: Image.Image) -> Image.Image:
    """The picture at the size that models are shown; on white where it is smaller than they take it.

    Both sides are even, as the clip's encoding wants them.
    """
    width, height = image.size
    scale = min(1.0, _LONGEST_SIDE / max(width, height), (_MOST_PIXELS / (width * height)) ** 0.5)
    size = tuple(max(2, round(side * scale / 2) * 2) for side in (width, height))
    if image.size != size:
        image = image.resize((size[0], size[1]), Image.Resampling.BILINEAR)
    return on_canvas(image)


def make_still(image: Image.Image, *, at_seconds: float) -> Picture:
    """One picture of a film, with its moment."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_JPEG_QUALITY)
    width, height = image.size
    return Picture(data=buffer.getvalue(), mime="image/jpeg", width=width, height=height, seconds=at_seconds)


class ClipWriter:
    """Takes pictures in order and gives one clip. Close it, or use it under ``with``.

    All pictures get the size of the first.
    """

    def __init__(self) -> None:
        self._file = io.BytesIO()
        self._output = av.open(self._file, "w", format="mp4")
        self._stream: VideoStream | None = None

    def add(self, image: Image.Image) -> None:
        """Append a picture."""
        stream = self._stream or self._begin(image.size)
        if image.size != (stream.width, stream.height):
            image = image.resize((stream.width, stream.height))
        frame = VideoFrame.from_image(image)  # type: ignore[no-untyped-call] # PyAV types it for numpy only
        self._output.mux(stream.encode(frame))

    def finish(self, *, seconds: float, frames: tuple[Picture, ...]) -> Picture:
        """The clip of a film that lasts so long and has these stills. Raises UnusableFilm without any."""
        stream = self._stream
        if stream is None:
            raise UnusableFilm(FilmFault.CORRUPT, "no picture to make a clip of")
        self._output.mux(stream.encode(None))
        width, height = stream.width, stream.height
        self._output.close()
        return Picture(
            data=self._file.getvalue(),
            mime="video/mp4",
            width=width,
            height=height,
            seconds=seconds,
            frames=frames,
        )

    def close(self) -> None:
        """Let go of the encoder. Safe to call twice."""
        self._output.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _begin(self, size: tuple[int, int]) -> VideoStream:
        stream = self._output.add_stream("libx264", rate=PICTURES_A_SECOND, options=dict(_ENCODER))
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        self._stream = stream
        return stream

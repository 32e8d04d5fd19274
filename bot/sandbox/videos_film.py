"""Makes the stand-in's sample films: real MP4 files of two seconds with the prompt in them. Blocks."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Final

import av
from av.video.stream import VideoStream

from bot.sandbox.images_canvas import Sample, paint

__all__ = ["film_mp4"]

_FRAMES: Final = 16
_FRAMES_A_SECOND: Final = 8


def film_mp4(sample: Sample) -> bytes:
    """The sample as an MP4 file, in which a bar grows along the lower edge."""
    codec = "libx264" if "libx264" in av.codecs_available else "mpeg4"
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream(codec, rate=_FRAMES_A_SECOND)
        assert isinstance(stream, VideoStream)  # noqa: S101 - both codecs make pictures
        stream.width, stream.height = sample.size
        stream.pix_fmt = "yuv420p"
        for number in range(_FRAMES):
            image = paint(replace(sample, progress=(number + 1) / _FRAMES))
            frame = av.VideoFrame.from_image(image)  # type: ignore[no-untyped-call] # PyAV types it for numpy only
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()

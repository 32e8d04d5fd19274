"""Films for tests, made on the spot: colours that change, with or without sound, whole or hostile."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final, cast

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from bot.ports import Picture
from tests.unit.media.sounds import RATE, Samples

__all__ = ["BLUE", "GREEN", "RED", "Shape", "clip_colours", "film", "still_colours"]

Colour = tuple[int, int, int]
RED: Final[Colour] = (230, 0, 0)
GREEN: Final[Colour] = (0, 200, 0)
BLUE: Final[Colour] = (0, 0, 230)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How a test film is written. ``turned`` is what its header says about how the camera was held."""

    muxer: str = "mp4"
    codec: str = "libx264"
    size: tuple[int, int] = (160, 90)
    rate: int = 10
    pixels: str = "yuv420p"
    turned: int = 0
    tags: dict[str, str] = field(default_factory=dict)
    live: bool = False


def film(
    colours: Sequence[Colour] = (RED, GREEN, BLUE),
    *,
    seconds_each: float = 1.0,
    shape: Shape | None = None,
    sound: Samples | None = None,
    ending: bytes = b"",
) -> bytes:
    """A film that shows one colour after another, while ``sound`` is heard.

    ``ending`` is one more picture, encoded as the film's pictures are.
    """
    shape = shape or Shape()
    file = io.BytesIO()
    options = {"live": "1"} if shape.live else {}
    with av.open(file, "w", format=shape.muxer, options=options) as output:
        output.metadata.update(shape.tags)
        stream = cast("VideoStream", output.add_stream(shape.codec, rate=shape.rate))
        stream.width, stream.height = shape.size
        stream.pix_fmt = shape.pixels
        if shape.turned:
            stream.set_display_rotation(shape.turned)
        speech = output.add_stream("aac", rate=RATE) if sound is not None else None
        for colour in colours:
            image = np.full((shape.size[1], shape.size[0], 3), colour, np.uint8)
            for _ in range(max(1, round(seconds_each * shape.rate))):
                output.mux(stream.encode(VideoFrame.from_ndarray(image, format="rgb24")))
        output.mux(stream.encode(None))
        if ending:
            output.mux(
                _packet(ending, stream, at=round(len(colours) * seconds_each * shape.rate), rate=shape.rate)
            )
        if speech is not None and sound is not None:
            _write_sound(output, speech, sound)
    return file.getvalue()


def clip_colours(shown: Picture) -> str:
    """The colours of a clip in their order, by their first letters."""
    with av.open(io.BytesIO(shown.data), "r") as clip:
        frames = [Image.fromarray(frame.to_ndarray(format="rgb24")) for frame in clip.decode(video=0)]
    return "".join(map(_letter, frames))


def still_colours(shown: Picture) -> str:
    """The colours of a film's stills in their order, by their first letters."""
    return "".join(_letter(Image.open(io.BytesIO(still.data))) for still in shown.frames)


def _letter(image: Image.Image) -> str:
    pixel = image.convert("RGB").getpixel((image.width // 2, image.height // 2))
    assert isinstance(pixel, tuple)
    return "rgb"[pixel.index(max(pixel))]


def _packet(data: bytes, stream: VideoStream, *, at: int, rate: int) -> Packet:  # type: ignore[type-arg] # PyAV makes it one of any stream
    packet = Packet(data)
    packet.stream, packet.pts, packet.dts = stream, at, at
    packet.time_base = Fraction(1, rate)
    packet.is_keyframe = True
    return packet


def _write_sound(output: av.container.OutputContainer, stream: AudioStream, samples: Samples) -> None:
    frame = AudioFrame.from_ndarray(samples[np.newaxis, :], format="s16", layout="mono")
    frame.sample_rate = RATE
    resampler = AudioResampler(
        format=stream.format.name, layout="mono", rate=RATE, frame_size=stream.frame_size or 0
    )
    for part in (*resampler.resample(frame), *resampler.resample(None)):
        output.mux(stream.encode(part))
    output.mux(stream.encode(None))

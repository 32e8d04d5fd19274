"""Paints the stand-in's sample pictures: the prompt in large letters, and that it is only a sample.

Everything here blocks.
"""

from __future__ import annotations

import colorsys
import functools
import io
import textwrap
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageDraw, ImageFont, UnidentifiedImageError

__all__ = ["Sample", "open_source", "paint", "paint_png"]

# The first of these that the machine has also shows Chinese; Pillow's own font has Latin letters only.
_FONTS: Final = (
    "NotoSansCJK-Regular.ttc",
    "NotoSansSC-Regular.otf",
    "SourceHanSansSC-Regular.otf",
    "wqy-microhei.ttc",
    "PingFang.ttc",
    "msyh.ttc",
    "DejaVuSans.ttf",
)
_MOST_LINES: Final = 8
_LARGEST_SIDE: Final = 4096
_HUES: Final = 360

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What a sample shows. ``source`` is the picture it is made from, ``progress`` 0-1 moves its bar."""

    prompt: str
    model: str
    seed: int
    size: tuple[int, int]
    source: Image.Image | None = None
    progress: float = 1.0


def open_source(data: bytes) -> Image.Image | None:
    """The picture that is to be changed; None when it is none, or far too large."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            if max(image.size) > _LARGEST_SIDE:
                return None
            return image.convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        return None


def paint_png(sample: Sample) -> bytes:
    """The sample as a PNG file."""
    buffer = io.BytesIO()
    paint(sample).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def paint(sample: Sample) -> Image.Image:
    """The sample; the same for the same prompt, model, seed and size."""
    width, height = sample.size
    image = _ground(sample)
    draw = ImageDraw.Draw(image)
    unit = max(12, min(width, height) // 18)
    lines = textwrap.wrap(sample.prompt, width=22)[:_MOST_LINES]
    top = (height - len(lines) * unit * 1.3) / 2
    for number, line in enumerate(lines):
        _letter(draw, (width / 2, top + (number + 0.5) * unit * 1.3), line, unit)
    small = max(10, unit // 2)
    _letter(draw, (width / 2, small * 1.5), "SAMPLE - made by the stand-in, not by a model", small)
    _letter(draw, (width / 2, height - small * 2.5), f"{sample.model}  seed {sample.seed}", small)
    draw.rectangle((0, height - small / 2, width * sample.progress, height), fill="white")
    return image


def _ground(sample: Sample) -> Image.Image:
    """A colour by the seed, or the picture that is changed."""
    if sample.source is not None:
        return sample.source.resize(sample.size)
    width, height = sample.size
    image = Image.new("RGB", sample.size, _colour(sample.seed, 0.35))
    draw = ImageDraw.Draw(image)
    for number in range(6):
        side = min(width, height) * (6 - number) / 6
        box = ((width - side) / 2, (height - side) / 2, (width + side) / 2, (height + side) / 2)
        draw.ellipse(box, fill=_colour(sample.seed + number * 11, 0.4 + number * 0.05))
    return image


def _colour(seed: int, value: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb((seed * 47 % _HUES) / _HUES, 0.6, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def _letter(draw: ImageDraw.ImageDraw, middle: tuple[float, float], text: str, size: int) -> None:
    draw.text(middle, text, fill="white", font=_font(size), anchor="mm", stroke_width=2, stroke_fill="black")


@functools.lru_cache(maxsize=32)
def _font(size: int) -> Font:
    for name in _FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)

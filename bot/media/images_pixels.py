"""Decodes a picture without more memory than its pixels take, and writes it anew from its pixels alone.

Nothing of the file but its pixels and its orientation reaches the result. Everything here blocks.
"""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from pi_heif import register_heif_opener
from PIL import Image

from bot.ports import Picture

__all__ = ["BOMBS", "OpenedImage", "on_canvas", "open_image"]

# Pillow's own limit is wider than ours, and a mere warning at first.
BOMBS: Final = (Image.DecompressionBombError, Image.DecompressionBombWarning)

_JPEG_QUALITY: Final = 85
# Up to here a PNG of flat colours is often smaller than a JPEG, and keeps letters sharp.
_FEW_COLOURS: Final = 256
# Models refuse smaller ones: Qwen takes 56 x 56 and more, GLM 112 x 112 (facts: SiliconFlow §2.7).
_LEAST_SIDE: Final = 112
_STRIP_PIXELS: Final = 1_000_000
_ORIENTATION_TAG: Final = 0x0112
# TIFF 6.0 and Exif 2.3, Orientation: what turns the stored picture upright.
_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ANIMATED: Final = frozenset({"GIF", "PNG", "WEBP", "AVIF"})
# Pillow warns of what is wrong in files of others; nobody here can mend them.
warnings.filterwarnings("ignore", module=r"PIL\.")
register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)


class OpenedImage:
    """A picture of which only the header has been read."""

    def __init__(self, image: Image.Image) -> None:
        self._image = image

    @property
    def width(self) -> int:
        """In pixels, as stored."""
        return self._image.width

    @property
    def height(self) -> int:
        """In pixels, as stored."""
        return self._image.height

    @property
    def pixels(self) -> int:
        """How many the first frame has."""
        return self.width * self.height

    @property
    def moves(self) -> bool:
        """Whether it has more than one frame."""
        return self._image.format in _ANIMATED and bool(getattr(self._image, "is_animated", False))

    def normalise(self, longest_side: int) -> Picture:
        """Decode it and write it anew. Raises whatever a broken file leads the decoder to."""
        size = _fitting(self._image.size, longest_side)
        # A JPEG can be decoded at a half, a quarter or an eighth of its size, in a fraction of the time.
        self._image.draft(None, size)
        self._image.load()
        orientation = _orientation(self._image)  # after loading, which turns a TIFF by itself
        image = _flat(self._image, size)
        if image.size != size:
            image = image.resize(size, Image.Resampling.LANCZOS)
        turn = _UPRIGHT.get(orientation)
        return _write(on_canvas(image if turn is None else image.transpose(turn)))


@contextmanager
def open_image(data: bytes, format_name: str) -> Iterator[OpenedImage]:
    """Read the header of a picture with the one reader that is named, and no other.

    Raises one of BOMBS for a picture that says it is far too large, and what broken headers lead to.
    """
    with Image.open(io.BytesIO(data), formats=(format_name,)) as image:
        yield OpenedImage(image)


def _fitting(size: tuple[int, int], longest_side: int) -> tuple[int, int]:
    scale = min(1.0, longest_side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:  # noqa: BLE001 - metadata may hold anything, and the picture is fine without it
        return 1


def _flat(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The picture in plain colours on white, reduced towards ``size`` by a whole number, strip by strip."""
    factor = max(1, min(image.width // size[0], image.height // size[1]))
    stretch = _stretch(image)
    width, height = image.size
    flat = Image.new("RGB", (math.ceil(width / factor), math.ceil(height / factor)))
    rows = factor * max(1, _STRIP_PIXELS // (width * factor))
    for top in range(0, height, rows):
        strip = image.crop((0, top, width, min(top + rows, height)))
        opaque = _opaque(strip, stretch)
        flat.paste(opaque.reduce(factor) if factor > 1 else opaque, (0, top // factor))
    return flat


def _stretch(image: Image.Image) -> tuple[float, float] | None:
    """Factor and offset that bring values of more than 8 bits a channel into 0 to 255; None for others."""
    if not image.mode.startswith(("I", "F")):
        return None
    low, high = (float(str(value)) for value in image.getextrema())
    factor = 255 / (high - low) if high > low else 1.0
    return factor, -low * factor


def _opaque(strip: Image.Image, stretch: tuple[float, float] | None) -> Image.Image:
    if stretch is not None:
        factor, offset = stretch
        return strip.convert("F").point(lambda value: value * factor + offset).convert("L").convert("RGB")
    if not strip.has_transparency_data:
        return strip if strip.mode == "RGB" else strip.convert("RGB")
    clear = strip.convert("RGBA")
    white = Image.new("RGB", strip.size, "white")
    white.paste(clear, mask=clear.getchannel("A"))
    return white


def on_canvas(image: Image.Image) -> Image.Image:
    """On white, where it is smaller than models take it."""
    size = (max(image.width, _LEAST_SIDE), max(image.height, _LEAST_SIDE))
    if size == image.size:
        return image
    canvas = Image.new("RGB", size, "white")
    canvas.paste(image, ((size[0] - image.width) // 2, (size[1] - image.height) // 2))
    return canvas


def _write(image: Image.Image) -> Picture:
    data, mime = _encode(image, "JPEG", quality=_JPEG_QUALITY), "image/jpeg"
    # A photo in shades of grey has few colours too, but is no drawing: its JPEG is large for its pixels.
    if len(data) * 2 < image.width * image.height and image.getcolors(_FEW_COLOURS) is not None:
        exact = _encode(image, "PNG")
        data, mime = (exact, "image/png") if len(exact) < len(data) else (data, mime)
    return Picture(data=data, mime=mime, width=image.width, height=image.height)


def _encode(image: Image.Image, format_name: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_name, **options)
    return buffer.getvalue()

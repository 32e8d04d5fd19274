"""Makes of a file that people send a picture as models are shown it: upright, small, flat, without metadata.

What the file is, its bytes say; a picture that would take too much memory is refused before it is decoded.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import nullcontext
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from bot.errors import BotError
from bot.media.threads import background_threads
from bot.ports import Picture

if TYPE_CHECKING:
    from bot.media.images_pixels import OpenedImage

__all__ = [
    "IMAGE_HEAD_BYTES",
    "LONGEST_SIDE",
    "MOST_IMAGE_BYTES",
    "MOST_PIXELS",
    "MOST_PIXELS_IN_COPIES",
    "ImageFault",
    "ImageFormat",
    "Images",
    "Looked",
    "UnusableImage",
    "side_for",
    "sniff_image",
]

IMAGE_HEAD_BYTES: Final = 32
MOST_IMAGE_BYTES: Final = 30 * 1024 * 1024
MOST_PIXELS: Final = 50_000_000
# Decoders of these keep several copies of a picture: 9 to 16 bytes a pixel.
MOST_PIXELS_IN_COPIES: Final = 20_000_000
# 1,536 pixels are four tiles of 384 (DeepSeek-VL2) and within 55 patches of 28 (Qwen, GLM): 3,025 tokens for
# a square (facts: SiliconFlow §2.7). More pixels cost more and are seldom seen better.
LONGEST_SIDE: Final = 1536
_PATCH: Final = 28
_LEAST_PATCHES: Final = 16
_FULL_SIZED: Final = 3
_THREADS: Final = 2
# Larger ones are decoded one at a time. Measured at 50 megapixels: JPEG 40 to 150 MB, PNG 210, HEIC 320.
_LARGE_PIXELS: Final = 5_000_000


class ImageFault(Enum):
    """What is wrong with a picture."""

    NOT_AN_IMAGE = "not_an_image"
    CORRUPT = "corrupt"
    MOVING = "moving"
    TOO_LARGE = "too_large"
    TOO_MANY_PIXELS = "too_many_pixels"


class UnusableImage(BotError):
    """The picture cannot be shown to a model. The text is for the log, ``reason`` for the sentence."""

    def __init__(self, reason: ImageFault, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class ImageFormat(Enum):
    """A kind of file that holds a picture; the value is Pillow's name of its reader."""

    JPEG = "JPEG"
    PNG = "PNG"
    WEBP = "WEBP"
    GIF = "GIF"
    BMP = "BMP"
    TIFF = "TIFF"
    AVIF = "AVIF"
    HEIC = "HEIF"


_COPYING: Final = frozenset({ImageFormat.WEBP, ImageFormat.AVIF})
_MAGIC: Final = (
    (b"\xff\xd8\xff", ImageFormat.JPEG),
    (b"\x89PNG\r\n\x1a\n", ImageFormat.PNG),
    (b"GIF87a", ImageFormat.GIF),
    (b"GIF89a", ImageFormat.GIF),
    (b"II*\x00", ImageFormat.TIFF),
    (b"MM\x00*", ImageFormat.TIFF),
)
# ISO/IEC 23008-12: the brand of the first box tells pictures from films.
_BRANDS: Final = {
    **dict.fromkeys((b"avif", b"avis"), ImageFormat.AVIF),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"), ImageFormat.HEIC),
}
# Telegram's animated stickers are gzipped JSON, its video stickers WebM (Bot API, Sticker); then MP4.
_MOVING: Final = (b"\x1f\x8b", b"\x1aE\xdf\xa3")


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a file showed. Of an animation (``moves``) the picture is the first frame, or a film of it."""

    picture: Picture
    moves: bool = False


def sniff_image(head: bytes) -> ImageFormat | None:
    """What kind of picture a file beginning with ``head`` (IMAGE_HEAD_BYTES of it) is, or None."""
    for magic, found in _MAGIC:
        if head.startswith(magic):
            return found
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return ImageFormat.WEBP
    # Of "BM" alone text may begin: the size of the second header tells (BITMAPINFOHEADER and its kin).
    if head[:2] == b"BM" and head[14:18] in {
        bytes((size, 0, 0, 0)) for size in (12, 40, 52, 56, 64, 108, 124)
    }:
        return ImageFormat.BMP
    return _BRANDS.get(head[8:12]) if head[4:8] == b"ftyp" else None


def side_for(count: int) -> int:
    """How long the longer side of each of ``count`` pictures may be, so that many cost no more than three."""
    if count <= _FULL_SIZED:
        return LONGEST_SIDE
    patches = int((LONGEST_SIDE / _PATCH) * (_FULL_SIZED / count) ** 0.5)
    return _PATCH * max(patches, _LEAST_PATCHES)


class Images:
    """All work on pictures, in a few threads for all chats; they end by themselves when nobody holds it.

    Large pictures wait for each other, so that together they take no more than some 400 MB.
    """

    def __init__(self) -> None:
        self._threads = background_threads(_THREADS, name="images")
        self._large = threading.Lock()

    async def look(self, data: bytes, *, longest_side: int = LONGEST_SIDE) -> Looked:
        """The picture in ``data``, its longer side at most ``longest_side`` pixels. Raises UnusableImage."""
        if len(data) > MOST_IMAGE_BYTES:
            raise UnusableImage(ImageFault.TOO_LARGE, f"{len(data)} bytes where {MOST_IMAGE_BYTES} are taken")
        found = sniff_image(data[:IMAGE_HEAD_BYTES])
        if found is None:
            raise _no_image(data)
        # A thread that was begun goes on when its turn is cancelled, and its place is taken until it is done.
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._look, data, found, longest_side)

    def _look(self, data: bytes, kind: ImageFormat, longest_side: int) -> Looked:
        from bot.media.images_pixels import BOMBS, open_image  # here, for Pillow is not small

        try:
            with open_image(data, kind.value) as image:
                return self._shrink(image, kind, longest_side)
        except UnusableImage:
            raise
        except BOMBS as exc:
            raise UnusableImage(ImageFault.TOO_MANY_PIXELS, f"{kind.name}: {exc}") from exc
        except Exception as exc:  # decoders raise whatever a broken file leads them to
            raise UnusableImage(ImageFault.CORRUPT, f"{kind.name}: {type(exc).__name__}: {exc}") from exc

    def _shrink(self, image: OpenedImage, kind: ImageFormat, longest_side: int) -> Looked:
        most = MOST_PIXELS_IN_COPIES if kind in _COPYING else MOST_PIXELS
        if image.pixels > most:
            text = f"{image.width} x {image.height} pixels where {most} are taken"
            raise UnusableImage(ImageFault.TOO_MANY_PIXELS, text)
        moves = image.moves
        with self._large if image.pixels > _LARGE_PIXELS else nullcontext():
            return Looked(picture=image.normalise(longest_side), moves=moves)


def _no_image(data: bytes) -> UnusableImage:
    if data.startswith(_MOVING) or data[4:8] == b"ftyp":
        return UnusableImage(ImageFault.MOVING, "a film or an animation, where a picture was expected")
    return UnusableImage(ImageFault.NOT_AN_IMAGE, f"no picture begins with {data[:12]!r}")

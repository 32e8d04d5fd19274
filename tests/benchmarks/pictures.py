"""What it costs to make a person's photo fit for a model, beside the same by Pillow alone, a megapixel.

Both work in a thread of the benchmark's own process, one picture at a time, in turn.
"""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from bot.media import LONGEST_SIDE, Images

from .meters import MS
from .report import Report

__all__ = ["FORMATS", "SUBJECTS", "make_photo", "measure_pictures", "shrunk_by_pillow"]

SUBJECTS: Final = ("parley", "pillow")
FORMATS: Final = ("jpeg", "png", "webp")
PHOTO_SIDES: Final = (4000, 3000)
QUICK_SIDES: Final = (2000, 1500)
_QUALITY: Final = 85
_LOOK_EVERY_SECONDS: Final = 0.001

Shrink = Callable[[bytes], Awaitable[object]]


async def measure_pictures(*, runs: int, is_quick: bool, report: Report) -> None:
    """Put the figures of every format and subject into the report, ``runs`` times."""
    sides = QUICK_SIDES if is_quick else PHOTO_SIDES
    photos = {name: make_photo(sides, name) for name in FORMATS}
    images = Images()
    ways: dict[str, Shrink] = {"parley": images.look, "pillow": _by_pillow}
    for number in range(runs + 1):
        for subject, shrink in ways.items():
            figures: dict[str, float] = {}
            for name, data in photos.items():
                figures |= await _timed(name, shrink, data, megapixels=sides[0] * sides[1] / 1e6)
            if number:  # the first time everything is imported
                report.add(subject, figures)


async def _timed(name: str, shrink: Shrink, data: bytes, *, megapixels: float) -> dict[str, float]:
    async with _LoopWatch() as watch:
        cpu_seconds, started = time.process_time(), time.monotonic()
        await shrink(data)
        seconds, cpu_seconds = time.monotonic() - started, time.process_time() - cpu_seconds
    return {
        f"picture_{name}_ms": seconds * MS / megapixels,
        f"picture_{name}_cpu_ms": cpu_seconds * MS / megapixels,
        f"picture_{name}_loop_ms": watch.longest_seconds * MS,
    }


@dataclass(slots=True)
class _LoopWatch:
    """How long at most the event loop did not get its turn."""

    longest_seconds: float = 0.0
    task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> _LoopWatch:
        self.task = asyncio.create_task(self._watch(), name="watch the loop")
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self.task is not None
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(_LOOK_EVERY_SECONDS)
            waited = time.monotonic() - before - _LOOK_EVERY_SECONDS
            self.longest_seconds = max(self.longest_seconds, waited)


async def _by_pillow(data: bytes) -> bytes:
    return await asyncio.to_thread(shrunk_by_pillow, data)


def shrunk_by_pillow(data: bytes) -> bytes:
    """What most people write. For a JPEG ``thumbnail`` decodes no more than it needs."""
    with Image.open(io.BytesIO(data)) as image:
        image.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
        buffer = io.BytesIO()
        image.convert("RGB").save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()


def make_photo(sides: tuple[int, int], format_name: str) -> bytes:
    """Something like a photo: soft shapes, a little noise, no two alike areas; the same every time."""
    generator = np.random.default_rng(20261123)
    width, height = sides
    coarse = Image.fromarray(generator.integers(0, 256, (height // 100, width // 100, 3), np.uint8))
    soft = np.asarray(coarse.resize(sides, Image.Resampling.BICUBIC), np.int16)
    noise = generator.integers(-4, 5, soft.shape, np.int16)
    buffer = io.BytesIO()
    image = Image.fromarray(np.clip(soft + noise, 0, 255).astype(np.uint8))
    image.save(buffer, format_name.upper(), quality=_QUALITY, compress_level=1)
    return buffer.getvalue()

"""The stand-in's painters: POST /images/generations with the provider's limits, answered by samples.

Limits: facts SiliconFlow §7 and §16 (two pictures a minute, 400 a day).
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from typing import Final

import orjson
from aiohttp import web

from bot.sandbox.exchange import Exchange, never
from bot.sandbox.images_canvas import Sample, open_source, paint_png
from bot.sandbox.images_request import MediaOrder, parse_drawing
from bot.sandbox.images_shelf import ResultShelf
from bot.sandbox.refusals import Refused, coded, json_refusal
from bot.sandbox.script import Hang, HttpError

__all__ = ["ImageEndpoints", "sample_of"]

_MINUTE: Final = 60.0
_DAY: Final = 86_400.0
_LARGEST_SEED: Final = 9_999_999_999
_DEFAULT_SIDE: Final = 1024


class ImageEndpoints:
    """``per_minute`` and ``per_day`` of 0 are no limits. The next requests fail with ``faults``, in order.

    ``seconds`` is how long a picture takes; ``drawn`` keeps what was asked for and drawn.
    """

    def __init__(self, shelf: ResultShelf) -> None:
        self.per_minute = 2
        self.per_day = 400
        self.seconds = 0.0
        self.faults: deque[HttpError | Hang] = deque()
        self.drawn: list[MediaOrder] = []
        self._shelf = shelf
        self._times: deque[float] = deque()

    async def generate(self, exchange: Exchange) -> web.StreamResponse:
        """POST /images/generations."""
        await self._fail()
        order = parse_drawing(exchange.record.raw_body)
        self._count(order.count)
        seed = secrets.randbelow(_LARGEST_SEED) if order.seed is None else order.seed
        began = time.monotonic()
        await asyncio.sleep(self.seconds)
        self.drawn.append(order)
        pictures = await asyncio.to_thread(_paint_all, order, seed)
        urls = [self._shelf.add(exchange.request, data, "image/png") for data in pictures]
        body = {
            "images": [{"url": url} for url in urls],
            "timings": {"inference": round(time.monotonic() - began, 3)},
            "seed": seed,
            "shared_id": "0",
            "data": [{"url": url} for url in urls],
            "created": int(time.time()),
        }
        return exchange.whole(orjson.dumps(body))

    async def _fail(self) -> None:
        if not self.faults:
            return
        fault = self.faults.popleft()
        if isinstance(fault, HttpError):
            raise Refused(fault.refusal())
        await never()

    def _count(self, pictures: int) -> None:
        """Take the pictures from the minute's and the day's share. More than a minute's fit an empty one."""
        now = time.monotonic()
        while self._times and self._times[0] <= now - _DAY:
            self._times.popleft()
        lately = sum(at > now - _MINUTE for at in self._times)
        if self.per_minute and lately + min(pictures, self.per_minute) > self.per_minute:
            raise _limited("IPM")
        if self.per_day and len(self._times) + pictures > self.per_day:
            raise _limited("IPD")
        self._times.extend([now] * pictures)


def sample_of(order: MediaOrder, seed: int) -> Sample:
    """What is painted for an order. Raises Refused when its picture is none."""
    source = open_source(order.image) if order.image else None
    if order.image and source is None:
        raise coded(20023, "The image cannot be decoded")
    size = order.size if order.size[0] else (source.size if source else (_DEFAULT_SIDE, _DEFAULT_SIDE))
    return Sample(prompt=order.prompt, model=order.model, seed=seed, size=size, source=source)


def _paint_all(order: MediaOrder, seed: int) -> list[bytes]:
    return [paint_png(sample_of(order, seed + number)) for number in range(order.count)]


def _limited(limit: str) -> Refused:
    message = (
        f"Request was rejected due to rate limiting. If you want more, please contact us. "
        f"Details:{limit} limit reached."
    )
    return Refused(json_refusal(429, {"message": message, "data": None}))

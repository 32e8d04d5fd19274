"""The stand-in's filmmakers: POST /video/submit and /video/status, answered by sample films.

Shapes and lives: facts SiliconFlow §8 (a result is there for ten minutes, its address for an hour).
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Any, Final

import orjson
from aiohttp import web

from bot.sandbox.exchange import Exchange
from bot.sandbox.images import sample_of
from bot.sandbox.images_request import MediaOrder, parse_filming
from bot.sandbox.images_shelf import ResultShelf
from bot.sandbox.refusals import Refused, coded, invalid_parameter
from bot.sandbox.script import HttpError
from bot.sandbox.videos_film import film_mp4

__all__ = ["VideoEndpoints"]

_LARGEST_SEED: Final = 9_999_999_999
_MOST_JOBS: Final = 32


@dataclass(slots=True, kw_only=True)
class _Job:
    order: MediaOrder
    seed: int
    begun_at: float
    failure: str
    url: str = ""


class VideoEndpoints:
    """A film waits ``queue_seconds``, then takes ``film_seconds``, both as they are when it is asked after.

    Those in ``done``, of the ids in ``jobs``, are ready at once. The next films fail for the reasons in
    ``failures``, in order (an empty one does not fail), the next requests with ``faults``. A result that is
    ``keep_seconds`` old is forgotten. ``submitted`` keeps orders.
    """

    def __init__(self, shelf: ResultShelf) -> None:
        self.queue_seconds = 0.0
        self.film_seconds = 0.0
        self.keep_seconds = 600.0
        self.failures: deque[str] = deque()
        self.faults: deque[HttpError] = deque()
        self.submitted: list[MediaOrder] = []
        self.done: set[str] = set()
        self._shelf = shelf
        self._jobs: OrderedDict[str, _Job] = OrderedDict()
        self._filming = asyncio.Lock()

    @property
    def jobs(self) -> tuple[str, ...]:
        """The ids of the films, oldest first."""
        return tuple(self._jobs)

    async def submit(self, exchange: Exchange) -> web.StreamResponse:
        """POST /video/submit."""
        self._fail()
        order = parse_filming(exchange.record.raw_body)
        seed = secrets.randbelow(_LARGEST_SEED) if order.seed is None else order.seed
        await asyncio.to_thread(sample_of, order, seed)
        job_id = secrets.token_hex(6)
        failure = self.failures.popleft() if self.failures else ""
        self._jobs[job_id] = _Job(order=order, seed=seed, begun_at=time.monotonic(), failure=failure)
        self.submitted.append(order)
        if len(self._jobs) > _MOST_JOBS:
            self._jobs.popitem(last=False)
        return exchange.whole(orjson.dumps({"requestId": job_id}))

    async def status(self, exchange: Exchange) -> web.StreamResponse:
        """POST /video/status."""
        self._fail()
        job_id = _job_id(exchange.record.raw_body)
        job = self._jobs.get(job_id)
        age = time.monotonic() - job.begun_at if job is not None else 0.0
        total = 0.0 if job_id in self.done else self.queue_seconds + self.film_seconds
        if job is None or age > total + self.keep_seconds:
            raise coded(20063, "The task has expired or does not exist.", status=404)
        if age < min(total, self.queue_seconds):
            return _answer(exchange, "InQueue")
        if age < total:
            return _answer(exchange, "InProgress")
        if job.failure:
            return _answer(exchange, "Failed", reason=job.failure)
        await self._film(exchange, job)
        results = {"videos": [{"url": job.url}], "timings": {"inference": total}, "seed": job.seed}
        return _answer(exchange, "Succeed", results=results)

    async def _film(self, exchange: Exchange, job: _Job) -> None:
        async with self._filming:
            if not job.url:
                sample = await asyncio.to_thread(sample_of, job.order, job.seed)
                sized = await asyncio.to_thread(film_mp4, sample)
                job.url = self._shelf.add(exchange.request, sized, "video/mp4")

    def _fail(self) -> None:
        if self.faults:
            raise Refused(self.faults.popleft().refusal())


def _job_id(raw: bytes) -> str:
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as exc:
        raise invalid_parameter("Input should be a valid dictionary") from exc
    job_id = body.get("requestId") if isinstance(body, dict) else None
    if not isinstance(job_id, str) or not job_id:
        raise coded(20057, "request_id is required")
    return job_id


def _answer(exchange: Exchange, status: str, *, reason: str = "", results: Any = None) -> web.Response:
    nothing = {"videos": [], "timings": {"inference": 0}, "seed": 0}
    body = {"status": status, "reason": reason, "results": results or nothing}
    return exchange.whole(orjson.dumps(body))

"""The most memory a subject held at a time, the processes it started included."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Final, Self

from .subjects import Running

__all__ = ["Peak"]

_LOOK_EVERY_SECONDS: Final = 0.02


class Peak:
    """Use under ``async with``; ``over_mb`` is what came on top of what was held on entering.

    The subject's own peak is the system's; of its processes together only what was seen every 20 ms is known.
    """

    def __init__(self, subject: Running) -> None:
        self._subject = subject
        self._before = 0.0
        self._most = 0.0
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._subject.forget_peak()
        self._before = self._most = self._subject.tree_rss_mb
        self._task = asyncio.create_task(self._watch(), name="watch memory")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @property
    def over_mb(self) -> float:
        """The peak so far over what was held at first."""
        known = self._subject.peak_rss_mb if self._subject.forgets_peaks else 0.0
        return max(self._most, known) - self._before

    async def _watch(self) -> None:
        while True:
            self._most = max(self._most, self._subject.tree_rss_mb)
            await asyncio.sleep(_LOOK_EVERY_SECONDS)

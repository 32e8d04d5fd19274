"""A clock that stands still until a test moves it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

__all__ = ["ManualClock"]


class ManualClock:
    """bot.ports.Clock moved by ``advance``."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        """A day in 2026, plus what was advanced."""
        return datetime(2026, 11, 22, 12, tzinfo=UTC) + timedelta(seconds=self._seconds)

    def monotonic(self) -> float:
        """The seconds advanced."""
        return self._seconds

    async def sleep(self, seconds: float) -> None:
        """Wait until the test has advanced that far."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._seconds + seconds, done))
        await done

    def advance(self, seconds: float) -> None:
        """Let time pass, and wake those whose sleep is over."""
        self._seconds += seconds
        waiting = [entry for entry in self._sleepers if not entry[1].done()]
        self._sleepers = [entry for entry in waiting if entry[0] > self._seconds]
        for at, done in waiting:
            if at <= self._seconds:
                done.set_result(None)

    def sleeping(self) -> list[float]:
        """For how many seconds more each sleeper sleeps, the shortest first."""
        return sorted(at - self._seconds for at, done in self._sleepers if not done.done())

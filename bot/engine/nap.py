"""Waits for an instant that may be moved while somebody waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.ports import Clock

__all__ = ["Nap"]

# The machine's clock may be set, or the machine may sleep: look at the clock again now and then.
_LONGEST_SECONDS = 60.0


class Nap:
    """One sleeper's wait. Whoever moves the instant says ``look_again``."""

    __slots__ = ("_clock", "_sleeper")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sleeper: asyncio.Task[None] | None = None

    async def until(self, instant: Callable[[], float]) -> None:
        """Return once the clock has reached ``instant()``, in seconds since 1970."""
        while self._left(instant) > 0:
            self._sleeper = asyncio.create_task(self._sleep_towards(instant), name="nap")
            try:
                await asyncio.wait({self._sleeper})
            finally:
                self._sleeper.cancel()
                self._sleeper = None

    def look_again(self) -> None:
        """The instant has changed."""
        if self._sleeper is not None:
            self._sleeper.cancel()

    async def _sleep_towards(self, instant: Callable[[], float]) -> None:
        # Looked up here and not before: the clock may have moved until this task began.
        await self._clock.sleep(min(self._left(instant), _LONGEST_SECONDS))

    def _left(self, instant: Callable[[], float]) -> float:
        return instant() - self._clock.now().timestamp()

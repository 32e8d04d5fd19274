"""Counts calls against Slack's tiers, so many a minute for each method in a workspace.

Tiers are Slack's ("Rate limits": 1 to 4 allow 1, 20, 50 and 100 calls a minute and more).
"""

from __future__ import annotations

from bot.errors import PlatformBusy
from bot.ports import Clock

__all__ = ["Budget"]


class Budget:
    """One method's calls. ``spare`` is for calls that may be left out, ``slot`` for those that may not.

    No minute holds more than ``per_minute`` and ``burst`` together.
    """

    def __init__(self, *, method: str, per_minute: float, burst: int, clock: Clock) -> None:
        self._method = method
        self._seconds_each = 60.0 / per_minute
        self._burst = float(burst)
        self._clock = clock
        self._level = float(burst)
        self._at = clock.monotonic()
        self._closed_until = 0.0

    def spare(self, *, reserve: float = 0.0) -> bool:
        """Whether a call may be made now, ``reserve`` being left for others; counts it when it may."""
        self._refill()
        if self._at < self._closed_until or self._level < 1.0 + reserve:
            return False
        self._level -= 1.0
        return True

    def holds(self, calls: float) -> bool:
        """Whether so many calls may be made now; counts none of them."""
        self._refill()
        return self._at >= self._closed_until and self._level >= calls

    async def slot(self, *, longest_seconds: float) -> None:
        """Wait for a call's turn. Raises PlatformBusy when that is longer than ``longest_seconds`` away.

        It names no pause: the budget is the workspace's, and no fault of the chat that asks.
        """
        self._refill()
        wait = max(self._closed_until - self._at, (1.0 - self._level) * self._seconds_each)
        if wait > longest_seconds:
            raise PlatformBusy(f"{self._method}: the workspace's budget is spent", retry_after_seconds=0.0)
        self._level -= 1.0
        if wait > 0:
            await self._clock.sleep(wait)

    def close_for(self, seconds: float) -> None:
        """Slack has asked for a pause."""
        self._refill()
        self._closed_until = max(self._closed_until, self._at + seconds)
        self._level = min(self._level, 0.0)

    def _refill(self) -> None:
        now = self._clock.monotonic()
        self._level = min(self._burst, self._level + (now - self._at) / self._seconds_each)
        self._at = now

"""Ends a wait at a moment that may be moved at any time, for next to nothing.

``asyncio.timeout`` sets and drops a timer for every wait, which costs as much as parsing a token. Here one
timer serves all waits of a stream: it is looked at when it goes off, and set anew when that was too early.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Final

__all__ = ["Alarm"]

# uvloop counts whole milliseconds: a shorter wait would not wait at all.
_SHORTEST_WAIT_SECONDS: Final = 0.001


class Alarm:
    """``with alarm:`` around one wait after another; at ``rings_at`` the present one raises TimeoutError.

    ``rings_at`` is a time of the running loop. Moved away it counts at once, moved nearer from the next wait
    on. ``close`` after use.
    """

    def __init__(self, rings_at: float) -> None:
        self._loop = asyncio.get_running_loop()
        self.rings_at = rings_at
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._waiting: asyncio.Task[object] | None = None
        self._cancels_before = 0
        self._rang = False

    @property
    def is_due(self) -> bool:
        """Whether the moment has come."""
        return self._loop.time() >= self.rings_at

    def close(self) -> None:
        """Drop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def __enter__(self) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("an alarm needs a task to interrupt")
        if self._timer is None or self._timer_at > self.rings_at:
            self._set_timer()
        self._waiting = task
        self._cancels_before = task.cancelling()

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        task, self._waiting = self._waiting, None
        if self._rang and task is not None:
            self._rang = False
            # A task that somebody else cancels as well stays cancelled.
            if task.uncancel() <= self._cancels_before and kind is asyncio.CancelledError:
                raise TimeoutError from exc

    def _set_timer(self) -> None:
        self.close()
        self._timer_at = max(self.rings_at, self._loop.time() + _SHORTEST_WAIT_SECONDS)
        self._timer = self._loop.call_at(self._timer_at, self._go_off)

    def _go_off(self) -> None:
        self._timer = None
        if self._waiting is None:
            return
        if not self.is_due:
            self._set_timer()
            return
        self._rang = True
        self._waiting.cancel()

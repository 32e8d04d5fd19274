"""Wakes many streams on shared beats, so that a thousand paced streams cost one timer, not a thousand."""

from __future__ import annotations

import asyncio
import math


class Pacer:
    """A timer wheel with slots of ``beat_seconds``; a wait ends on the first beat at or after its moment."""

    def __init__(self, *, beat_seconds: float = 0.01) -> None:
        self._beat_seconds = beat_seconds
        self._slots: dict[int, list[asyncio.Future[None]]] = {}

    async def wait_until(self, moment: float) -> None:
        """Return on the beat at or after ``moment`` (the loop's ``time()``); at once if it has passed."""
        loop = asyncio.get_running_loop()
        if moment <= loop.time():
            return
        waiter = loop.create_future()
        beat = math.ceil(moment / self._beat_seconds)
        if beat not in self._slots:
            self._slots[beat] = []
            loop.call_at(beat * self._beat_seconds, self._release, beat)
        self._slots[beat].append(waiter)
        await waiter

    def _release(self, beat: int) -> None:
        for waiter in self._slots.pop(beat):
            if not waiter.done():
                waiter.set_result(None)

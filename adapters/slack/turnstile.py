"""Lets events of one channel through one at a time, the older message first when several wait."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

__all__ = ["Turnstile"]

_Waiter = tuple[float, int, asyncio.Future[None]]


@dataclass(slots=True)
class _Gate:
    waiters: list[_Waiter] = field(default_factory=list)


class Turnstile:
    """Several sockets and requests bring the events of a channel nearly at once, in no order of their own."""

    def __init__(self) -> None:
        self._gates: dict[str, _Gate] = {}
        self._order = itertools.count()

    @asynccontextmanager
    async def turn(self, channel: str, ts: str) -> AsyncIterator[None]:
        """Be the only one at work on this channel. May be cancelled while waiting."""
        await self._enter(channel, _number(ts))
        try:
            yield
        finally:
            self._leave(channel)

    async def _enter(self, channel: str, place: float) -> None:
        gate = self._gates.get(channel)
        if gate is None:
            self._gates[channel] = _Gate()
            return
        let_in: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(gate.waiters, (place, next(self._order), let_in))
        try:
            await let_in
        except asyncio.CancelledError:
            if let_in.done() and not let_in.cancelled():
                self._leave(channel)  # let in and called off in the same moment
            raise

    def _leave(self, channel: str) -> None:
        gate = self._gates[channel]
        while gate.waiters:
            _, _, let_in = heapq.heappop(gate.waiters)
            if not let_in.done():
                let_in.set_result(None)
                return
        del self._gates[channel]


def _number(ts: str) -> float:
    try:
        return float(ts)
    except ValueError:
        return 0.0

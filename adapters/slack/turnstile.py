"""Lets events of one channel through one at a time, the older message first when several wait."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

__all__ = ["Turnstile"]

_ROUNDS = 3  # of the event loop

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
        is_first = channel not in self._gates
        gate = self._gates.setdefault(channel, _Gate())
        let_in: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(gate.waiters, (place, next(self._order), let_in))
        is_open = not is_first
        try:
            if is_first:
                await _a_moment()
                is_open = True
                self._leave(channel)
            await let_in
        except asyncio.CancelledError:
            if not is_open:
                let_in.cancel()
            if not is_open or (let_in.done() and not let_in.cancelled()):
                self._leave(channel)  # called off before it was open, or in the moment it was let in
            raise

    def _leave(self, channel: str) -> None:
        """Let the next one in."""
        gate = self._gates[channel]
        while gate.waiters:
            _, _, let_in = heapq.heappop(gate.waiters)
            if not let_in.done():
                let_in.set_result(None)
                return
        del self._gates[channel]


async def _a_moment() -> None:
    """Long enough for all that the system has brought at once to get here.

    It tells of several sockets in no order of their own: what was sent later may be read first.
    """
    for _ in range(_ROUNDS):
        await asyncio.sleep(0)


def _number(ts: str) -> float:
    try:
        return float(ts)
    except ValueError:
        return 0.0

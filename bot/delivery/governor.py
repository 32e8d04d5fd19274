"""One outbound budget for each chat, over everything we send there.

Every call to the platform asks first. A chat bears one call per ``Pace.interval_seconds`` and a few at once
after a pause; how many is learned from the platform's own answers (``hold_off``). When several wait for the
same chat the most important goes first. Cosmetic calls never wait: they are made now or not at all.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from dataclasses import dataclass, field
from enum import IntEnum

from bot.ports import Clock, Pace

__all__ = ["Governor", "Priority"]

_STRAIN_STEP = 1.5
_MOST_STRAIN = 4.0
_STRAIN_LASTS_SECONDS = 600.0
_PEERS_BEFORE_CLEANING = 4096


class Priority(IntEnum):
    """What goes first when a chat's budget is short."""

    FINAL = 0
    NEW_PART = 1
    NOTICE = 2
    EDIT = 3


# Calls a chat keeps in hand for what matters more: a stream edit never takes the last one from a final.
_RESERVE = {Priority.FINAL: 0.0, Priority.NEW_PART: 0.0, Priority.NOTICE: 0.0, Priority.EDIT: 1.0}


@dataclass(slots=True)
class _Peer:
    level: float
    at: float
    edited_at: float = float("-inf")
    granted: Priority = Priority.FINAL
    resting: dict[Priority, float] = field(default_factory=dict)
    cosmetic: dict[str, float] = field(default_factory=dict)
    blocked_until: float = 0.0
    strain: float = 1.0
    strained_at: float = 0.0
    waiters: list[tuple[int, int, asyncio.Future[None]]] = field(default_factory=list)
    alarm: asyncio.TimerHandle | None = None


class Governor:
    """Grants calls, chat by chat. Belongs to one event loop; nothing to close."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._peers: dict[str, _Peer] = {}
        self._order = itertools.count()

    async def permit(self, peer: str, pace: Pace, priority: Priority) -> None:
        """Wait until the chat bears a call of this priority, and count it. May be cancelled."""
        state = self._peer(peer, pace)
        if not state.waiters and self._wait_seconds(state, pace, priority) <= 0:
            self._spend(state, priority)
            return
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (int(priority), next(self._order), granted)
        heapq.heappush(state.waiters, entry)
        self._pump(state, pace)
        try:
            await granted
        except asyncio.CancelledError:
            self._withdraw(state, pace, entry)
            raise

    def note(self, peer: str, pace: Pace) -> None:
        """A call was made without asking; it counts all the same."""
        self._peer(peer, pace).level -= 1.0

    def refund(self, peer: str, pace: Pace) -> None:
        """A granted call turned out to be unnecessary."""
        state = self._peer(peer, pace)
        state.level = min(float(pace.burst), state.level + 1.0)
        self._pump(state, pace)

    def spare(self, peer: str, pace: Pace, *, what: str, every_seconds: float) -> bool:
        """Whether a cosmetic call (typing, a preview) may be made now; notes it when it may."""
        state = self._peer(peer, pace)
        now = self._clock.monotonic()
        if now < state.blocked_until or state.waiters or now < state.cosmetic.get(what, now):
            return False
        state.cosmetic[what] = now + every_seconds
        return True

    def hold_off(self, peer: str, pace: Pace, seconds: float) -> None:
        """The platform asked for a pause: nothing goes to this chat before its end, and then more slowly.

        Without seconds it asked for none: the call found no room in a budget wider than the chat's. That is
        no fault of the chat's, so the call is given back, and only its like waits, for one interval.
        """
        state = self._peer(peer, pace)
        now = self._clock.monotonic()
        if seconds <= 0:
            state.resting[state.granted] = now + pace.interval_seconds
            self.refund(peer, pace)
            return
        state.blocked_until = max(state.blocked_until, now + seconds)
        state.level = min(state.level, 1.0)
        state.strain = min(state.strain * _STRAIN_STEP, _MOST_STRAIN)
        state.strained_at = now
        self._pump(state, pace)

    def _peer(self, peer: str, pace: Pace) -> _Peer:
        state = self._peers.get(peer)
        if state is None:
            if len(self._peers) >= _PEERS_BEFORE_CLEANING:
                self._clean()
            state = self._peers[peer] = _Peer(level=float(pace.burst), at=self._clock.monotonic())
        self._refill(state, pace)
        return state

    def _refill(self, state: _Peer, pace: Pace) -> None:
        now = self._clock.monotonic()
        if state.strain > 1.0 and now - state.strained_at > _STRAIN_LASTS_SECONDS:
            state.strain = 1.0
        # While a pause is on, nothing is earned.
        earned = max(0.0, now - max(state.at, state.blocked_until)) / (pace.interval_seconds * state.strain)
        state.level = min(float(pace.burst), state.level + earned)
        state.at = now

    def _wait_seconds(self, state: _Peer, pace: Pace, priority: Priority) -> float:
        self._refill(state, pace)
        now = state.at
        interval = pace.interval_seconds * state.strain
        wait = max(state.blocked_until, state.resting.get(priority, 0.0)) - now
        short = 1.0 + min(_RESERVE[priority], pace.burst - 1.0) - state.level
        if short > 1e-9:
            wait = max(wait, max(0.0, state.blocked_until - now) + short * interval)
        if priority is Priority.EDIT:
            wait = max(wait, state.edited_at + interval - now)
        return wait

    def _spend(self, state: _Peer, priority: Priority) -> None:
        state.level -= 1.0
        state.granted = priority
        if priority in (Priority.EDIT, Priority.NEW_PART):
            state.edited_at = state.at

    def _pump(self, state: _Peer, pace: Pace) -> None:
        if state.alarm is not None:
            state.alarm.cancel()
            state.alarm = None
        while state.waiters:
            priority, _, granted = state.waiters[0]
            if granted.done():
                heapq.heappop(state.waiters)
                continue
            wait = self._wait_seconds(state, pace, Priority(priority))
            if wait > 0:
                loop = asyncio.get_running_loop()
                state.alarm = loop.call_later(wait, self._pump, state, pace)
                return
            heapq.heappop(state.waiters)
            self._spend(state, Priority(priority))
            granted.set_result(None)

    def _withdraw(self, state: _Peer, pace: Pace, entry: tuple[int, int, asyncio.Future[None]]) -> None:
        if entry in state.waiters:
            state.waiters.remove(entry)
            heapq.heapify(state.waiters)
        else:
            state.level += 1.0  # granted in the same moment it was given up
        self._pump(state, pace)

    def _clean(self) -> None:
        now = self._clock.monotonic()
        idle = [
            name
            for name, state in self._peers.items()
            if not state.waiters and now > state.blocked_until and now - state.at > _STRAIN_LASTS_SECONDS
        ]
        for name in idle:
            del self._peers[name]

"""Takes the events of timers in when they are due; one task for all of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from uuid import uuid4

import structlog
from sqlalchemy import Connection

from bot.engine.nap import Nap
from bot.errors import StorageError
from bot.messages import Inbound
from bot.ports import Clock, Timer
from bot.storage.database import Database
from bot.storage.inbound import Arrival, Intake, take_in
from bot.storage.timers import delete_timer, next_due, save_timer, take_due

__all__ = ["Alarm", "Fired"]

_log = structlog.get_logger()

_PAUSE_AFTER_FAILURE_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """An event taken in for a timer, and what became of it."""

    arrival: Arrival
    intake: Intake


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    fired: tuple[Fired, ...]
    unreadable: tuple[str, ...]
    next_due: float


class Alarm:
    """The timers. ``taken`` hears of each event taken in for one, right after it is stored."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        max_open_turns: int,
        taken: Callable[[Arrival, Intake], None],
    ) -> None:
        self._database = database
        self._clock = clock
        self._max_open_turns = max_open_turns
        self._taken = taken
        self._nap = Nap(clock)
        self._next = -math.inf

    async def schedule(self, timer: Timer) -> None:
        """Store a timer; one with the same id is replaced. Raises StorageError."""
        await self._database.write(
            partial(save_timer, timer=timer), durable=True, committed=lambda _: self._expect(timer.at)
        )

    async def unschedule(self, timer_id: str) -> bool:
        """Drop a timer; whether there was one. Raises StorageError."""
        return await self._database.write(partial(delete_timer, timer_id=timer_id), durable=True)

    async def run(self) -> None:
        """Fire what is due until cancelled; what came due while nothing ran is fired first."""
        self._next = -math.inf
        while True:
            await self._nap.until(lambda: self._next)
            try:
                await self._database.write(self._fire_due, durable=True, committed=self._announce)
            except StorageError as exc:
                _log.error("timers_failed", error=str(exc), next_try_seconds=_PAUSE_AFTER_FAILURE_SECONDS)
                await self._clock.sleep(_PAUSE_AFTER_FAILURE_SECONDS)

    def _expect(self, at: datetime) -> None:
        if at.timestamp() < self._next:
            self._next = at.timestamp()
            self._nap.look_again()

    def _fire_due(self, conn: Connection) -> _Round:
        at = self._clock.now().timestamp()
        due = take_due(conn, at=at)
        fired = [self._fire(conn, timer, at) for timer in due.timers]
        following = next_due(conn)
        return _Round(
            fired=tuple(one for one in fired if one is not None),
            unreadable=due.unreadable,
            next_due=math.inf if following is None else following,
        )

    def _fire(self, conn: Connection, timer: Timer, at: float) -> Fired | None:
        event: Inbound = replace(timer.event, event_id=f"timer:{uuid4().hex}")
        arrival = Arrival(event=event, lane=timer.lane, join="", hold_seconds=0.0, at=at)
        intake = take_in(conn, arrival, max_open=self._max_open_turns)
        return None if intake is None else Fired(arrival=arrival, intake=intake)

    def _announce(self, done: _Round) -> None:
        self._next = done.next_due
        for one in done.fired:
            self._taken(one.arrival, one.intake)
        _log_unreadable(done.unreadable)


def _log_unreadable(timer_ids: Sequence[str]) -> None:
    for timer_id in timer_ids:
        _log.error("timer_unreadable", timer_id=timer_id)

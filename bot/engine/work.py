"""An open turn as the engine keeps it in memory, and as the handler sees one attempt at it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection

from bot.engine.nap import Nap
from bot.messages import ConversationKey, Inbound
from bot.ports import CancelReason, Clock, Lane
from bot.storage.database import Database
from bot.storage.turns import finish_turn, while_current

__all__ = ["EmbeddedTurn", "RunningTurn", "Work"]

T = TypeVar("T")


@dataclass(slots=True, kw_only=True, eq=False)
class Work:
    """An open turn: a copy of its row, changed only after the row was, and what runs for it.

    ``events`` is None until they are read from the database. ``task`` is the handler's.
    """

    id: int
    key: ConversationKey
    lane: Lane
    nap: Nap
    events: tuple[Inbound, ...] | None = None
    attempt: int = 0
    failures: int = 0
    stopping: CancelReason | None = None
    not_before: float = 0.0
    task: asyncio.Task[None] | None = None
    entered: bool = False
    began_at: float = 0.0

    def stop(self, reason: CancelReason) -> None:
        """Ask for an end: a handler at work is cancelled once, a waiting turn comes up at once."""
        if self.stopping is not None:
            return
        self.stopping = reason
        self.not_before = 0.0
        self.nap.look_again()
        if self.task is not None and self.entered:
            self.task.cancel(reason.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningTurn:
    """A turn somebody is working on."""

    id: int
    key: ConversationKey
    lane: Lane
    attempt: int
    seconds: float


class EmbeddedTurn:
    """One attempt at a turn: bot.ports.Turn for the embedded engine.

    ``key`` and ``events`` follow a chat that gets a new id while the turn runs.
    """

    __slots__ = ("_clock", "_database", "_work", "attempt", "finished", "last_attempt")

    def __init__(self, work: Work, *, database: Database, clock: Clock, max_attempts: int) -> None:
        self._work = work
        self._database = database
        self._clock = clock
        self.attempt = work.attempt
        self.last_attempt = work.failures + 1 >= max_attempts
        self.finished = False

    @property
    def id(self) -> int:
        """The turn's id."""
        return self._work.id

    @property
    def key(self) -> ConversationKey:
        """Where the turn's conversation lives now."""
        return self._work.key

    @property
    def events(self) -> tuple[Inbound, ...]:
        """What the turn is about, in the order it came."""
        return self._work.events or ()

    @property
    def stopping(self) -> CancelReason | None:
        """Why the turn is asked to stop, if it is."""
        return self._work.stopping

    async def effect(self, change: Callable[[Connection], T]) -> T:
        """Run ``change`` in a transaction, only if this attempt is current. Raises Fenced, StorageError."""
        return await self._database.write(
            partial(while_current, turn_id=self.id, attempt=self.attempt, change=change)
        )

    async def finish(self, change: Callable[[Connection], T]) -> T:
        """Like ``effect``, and the turn is done in the same transaction."""
        at = self._clock.now().timestamp()
        return await self._database.write(
            partial(finish_turn, turn_id=self.id, attempt=self.attempt, at=at, change=change),
            committed=self._note_finished,
        )

    def _note_finished(self, _result: Any) -> None:
        self.finished = True

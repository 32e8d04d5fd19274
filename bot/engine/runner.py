"""Makes one attempt at a turn and stores how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import structlog

from bot.engine.work import EmbeddedTurn, Work
from bot.errors import StorageError
from bot.ports import CancelReason, Clock, TurnHandler
from bot.storage.database import Database
from bot.storage.inbound import events_of
from bot.storage.turns import begin_attempt, give_up_turn, mark_done, put_off_turn

__all__ = ["Runner"]

T = TypeVar("T")

_log = structlog.get_logger()

_STORAGE_PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0)


class Runner:
    """Calls the handler. A failed attempt is put off by the next of ``retry_delays_seconds``; after the
    last of them the turn is dead."""

    __slots__ = ("_clock", "_database", "_delays", "_handler", "_max_attempts")

    def __init__(
        self,
        handler: TurnHandler,
        *,
        database: Database,
        clock: Clock,
        retry_delays_seconds: Sequence[float],
    ) -> None:
        self._handler = handler
        self._database = database
        self._clock = clock
        self._delays = tuple(retry_delays_seconds)
        self._max_attempts = len(self._delays) + 1

    async def run(self, work: Work) -> bool:
        """Make an attempt; whether the turn is over. Waits out failures of the database."""
        if not await self._begin(work):
            _log.warning("turn_lost", turn_id=work.id, conversation=str(work.key))
            return True
        turn = EmbeddedTurn(work, database=self._database, clock=self._clock, max_attempts=self._max_attempts)
        error = await self._call(turn, work)
        return await self._settle(turn, work, error)

    async def _begin(self, work: Work) -> bool:
        at = self._clock.now().timestamp()
        change = partial(begin_attempt, turn_id=work.id, after_attempt=work.attempt, at=at)
        begun = await self._insist(lambda: self._database.write(change))
        if begun:
            work.attempt += 1
        work.began_at = self._clock.monotonic()
        return begun

    async def _call(self, turn: EmbeddedTurn, work: Work) -> BaseException | None:
        """What the handler raised, if anything."""
        task = asyncio.create_task(self._enter(turn, work), name=f"turn {work.id}")
        work.task = task
        try:
            await asyncio.wait({task})
        finally:
            task.cancel()
            work.task = None
            work.entered = False
        return asyncio.CancelledError() if task.cancelled() else task.exception()

    async def _enter(self, turn: EmbeddedTurn, work: Work) -> None:
        structlog.contextvars.bind_contextvars(turn_id=work.id, conversation=str(work.key))
        if work.events is None:
            query = partial(events_of, turn_id=work.id, key=work.key)
            work.events = tuple(await self._insist(lambda: self._database.read(query)))
        # From here a cancellation reaches the handler, which may have something to clean up.
        work.entered = True
        await self._handler(turn)

    async def _settle(self, turn: EmbeddedTurn, work: Work, error: BaseException | None) -> bool:
        cancelled = isinstance(error, asyncio.CancelledError)
        if turn.finished:
            if error is not None and not cancelled:
                _log.warning("turn_raised_after_finish", turn_id=work.id, exc_info=error)
            return self._finished(work)
        if error is None:
            return await self._mark_done(work)
        if work.stopping is CancelReason.SHUTDOWN:
            return False
        if cancelled and work.stopping is not None:
            return await self._mark_done(work)
        return await self._fail(work, error)

    async def _mark_done(self, work: Work) -> bool:
        at = self._clock.now().timestamp()
        change = partial(mark_done, turn_id=work.id, attempt=work.attempt, at=at)
        if not await self._insist(lambda: self._database.write(change)):
            return self._fenced(work)
        return self._finished(work)

    async def _fail(self, work: Work, error: BaseException) -> bool:
        text = f"{type(error).__name__}: {error}"
        if work.failures < len(self._delays):
            return await self._put_off(work, error, text)
        at = self._clock.now().timestamp()
        change = partial(give_up_turn, turn_id=work.id, attempt=work.attempt, at=at, text=text)
        if not await self._insist(lambda: self._database.write(change)):
            return self._fenced(work)
        _log.error("turn_dead", **_names(work), error=type(error).__name__, exc_info=error)
        return True

    async def _put_off(self, work: Work, error: BaseException, text: str) -> bool:
        until = self._clock.now().timestamp() + self._delays[work.failures]
        change = partial(put_off_turn, turn_id=work.id, attempt=work.attempt, until=until, text=text)

        def note(put_off: bool) -> None:
            if put_off:
                work.failures += 1
                work.not_before = until

        if not await self._insist(lambda: self._database.write(change, committed=note)):
            return self._fenced(work)
        _log.warning("turn_failed", **_names(work), error=type(error).__name__, exc_info=error)
        return False

    async def _insist(self, access: Callable[[], Awaitable[T]]) -> T:
        """Do it again until the database serves: at first soon, then every half minute."""
        failures = 0
        while True:
            try:
                return await access()
            except StorageError as exc:
                pause = _STORAGE_PAUSES[min(failures, len(_STORAGE_PAUSES) - 1)]
                failures += 1
                _log.error("storage_failed", error=str(exc), next_try_seconds=pause)
                await self._clock.sleep(pause)

    def _finished(self, work: Work) -> bool:
        seconds = round(self._clock.monotonic() - work.began_at, 3)
        _log.info("turn_finished", **_names(work), seconds=seconds)
        return True

    @staticmethod
    def _fenced(work: Work) -> bool:
        _log.warning("turn_fenced", **_names(work))
        return True


def _names(work: Work) -> dict[str, Any]:
    return {"turn_id": work.id, "conversation": str(work.key), "attempt": work.attempt}

"""Durable turns in one process on one database: the Engine port without another service."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import structlog

from bot.engine.alarm import Alarm
from bot.engine.mailboxes import Mailboxes
from bot.engine.nap import Nap
from bot.engine.runner import Runner
from bot.engine.work import RunningTurn, Work
from bot.errors import StorageError
from bot.messages import ConversationKey, Inbound
from bot.ports import CancelReason, Clock, EngineStats, Lane, SystemClock, Timer, TurnHandler
from bot.storage.database import Database
from bot.storage.inbound import Arrival, Intake, take_in
from bot.storage.moves import move_chat
from bot.storage.turns import (
    OpenTurn,
    count_work,
    dead_turns,
    mark_stopping,
    prune_turns,
    put_back_running,
    recover_turns,
    revive_turn,
)

__all__ = ["DEFAULT_RETRY_DELAYS_SECONDS", "EmbeddedEngine"]

_log = structlog.get_logger()

DEFAULT_RETRY_DELAYS_SECONDS = (1.0, 5.0, 30.0, 120.0)


class EmbeddedEngine:
    """bot.ports.Engine for one process that owns its database (open_database sees to that).

    Events may come in before ``serve`` and after it; they are worked on while it runs. A conversation
    with ``max_open_turns`` open turns in its queue, or ten times as many beside it, gets no more of them:
    further events are stored, and their turns are dead from the start with the error "flood". Every method
    raises StorageError.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock | None = None,
        retry_delays_seconds: Sequence[float] = DEFAULT_RETRY_DELAYS_SECONDS,
        max_open_turns: int = 50,
        shutdown_grace_seconds: float = 5.0,
    ) -> None:
        self._database = database
        self._clock = clock or SystemClock()
        self._retry_delays_seconds = tuple(retry_delays_seconds)
        self._max_open_turns = max_open_turns
        self._shutdown_grace_seconds = shutdown_grace_seconds
        self._mailboxes: Mailboxes | None = None
        self._flooded: set[ConversationKey] = set()
        self._alarm = Alarm(
            database=database, clock=self._clock, max_open_turns=max_open_turns, taken=self._taken
        )

    # --- what comes in ---

    async def accept(
        self,
        event: Inbound,
        *,
        lane: Lane = Lane.QUEUE,
        join: str = "",
        hold_seconds: float = 0.0,
    ) -> int | None:
        """Store the event and the turn it makes; the turn's id, or None for a duplicate. Durable on return.

        A turn with ``hold_seconds`` waits that long for more: a following event of the same conversation
        with the same ``join`` becomes part of it, and its own ``hold_seconds`` decides anew.
        """
        arrival = Arrival(event=event, lane=lane, join=join, hold_seconds=hold_seconds, at=self._now())
        intake = await self._database.write(
            partial(take_in, arrival=arrival, max_open=self._max_open_turns),
            durable=True,
            committed=lambda intake: self._taken(arrival, intake),
        )
        return None if intake is None else intake.turn_id

    async def stop(
        self, key: ConversationKey, *, reason: CancelReason, turn_id: int | None = None
    ) -> list[int]:
        """Ask the running turn of the queue (else the oldest waiting one, or the one named) to stop.

        The mark is durable on return, the running handler is being cancelled. A turn asked twice keeps the
        first reason and is cancelled once.
        """
        return await self._database.write(
            partial(mark_stopping, conversation=str(key), reason=reason, turn_id=turn_id),
            durable=True,
            committed=lambda stopped: self._stopped(stopped, reason),
        )

    async def schedule(self, timer: Timer) -> None:
        """Store a timer; one with the same id is replaced. Its event gets an id of its own when it fires."""
        await self._alarm.schedule(timer)

    async def unschedule(self, timer_id: str) -> bool:
        """Drop a timer; whether there was one."""
        return await self._alarm.unschedule(timer_id)

    async def rekey(self, *, platform: str, account: str, old_chat: str, new_chat: str) -> None:
        """Move everything of a chat to its new id, in all its threads; open and running turns follow."""
        await self._database.write(
            partial(move_chat, platform=platform, account=account, old_chat=old_chat, new_chat=new_chat),
            durable=True,
            committed=lambda _: self._moved(platform, account, old_chat, new_chat),
        )

    # --- the work ---

    async def serve(self, handler: TurnHandler) -> None:
        """Run turns until cancelled; then cancel what runs for SHUTDOWN and wait for its clean-up.

        A handler that raises is called again after a delay, before the conversation's later turns, and
        after the last delay the turn is dead. One that returns, also after a cancellation, has done the
        turn. SHUTDOWN does not count as an attempt: the turn goes on at the next start.
        """
        if self._mailboxes is not None:
            raise RuntimeError("this engine is serving already")
        runner = Runner(
            handler,
            database=self._database,
            clock=self._clock,
            retry_delays_seconds=self._retry_delays_seconds,
        )
        mailboxes = Mailboxes(run=runner.run, clock=self._clock)
        try:
            await self._recover(mailboxes)
            await self._alarm.run()
        finally:
            self._mailboxes = None
            await mailboxes.aclose(grace_seconds=self._shutdown_grace_seconds)
            await self._put_back_running()

    async def retry(self, turn_id: int) -> bool:
        """Queue a dead turn again, with all its attempts before it; whether it was dead."""
        revived = await self._database.write(
            partial(revive_turn, turn_id=turn_id), durable=True, committed=self._revived
        )
        return revived is not None

    # --- what there is ---

    def running(self) -> list[RunningTurn]:
        """The turns whose handler is at work now."""
        if self._mailboxes is None:
            return []
        now = self._clock.monotonic()
        return [
            RunningTurn(
                id=work.id,
                key=work.key,
                lane=work.lane,
                attempt=work.attempt,
                seconds=max(0.0, now - work.began_at),
            )
            for work in self._mailboxes.running()
        ]

    async def stats(self) -> EngineStats:
        """Counts, cheap enough for a health check."""
        return await self._database.read(partial(count_work, at=self._now()))

    async def dead(self) -> list[int]:
        """Turns given up after their last attempt or refused as flood, oldest first."""
        return await self._database.read(dead_turns)

    async def prune(self, *, older_than_seconds: float) -> int:
        """Forget what was finished longer ago: turns and their events, not what was said; how many turns.

        An event forgotten here is no longer known as a duplicate.
        """
        return await self._database.write(partial(prune_turns, before=self._now() - older_than_seconds))

    # --- after a commit, in the event loop ---

    def _taken(self, arrival: Arrival, intake: Intake | None) -> None:
        if intake is None:
            return
        if intake.refused:
            self._note_flood(arrival.event.key, intake.turn_id)
        elif self._mailboxes is not None:
            self._deliver(self._mailboxes, arrival.event, arrival.lane, intake)

    def _deliver(self, mailboxes: Mailboxes, event: Inbound, lane: Lane, intake: Intake) -> None:
        if not intake.joined:
            self._flooded.discard(event.key)
            work = Work(id=intake.turn_id, key=event.key, lane=lane, nap=Nap(self._clock), events=(event,))
            work.not_before = intake.not_before
            mailboxes.add(work)
        elif work_there := mailboxes.find(intake.turn_id):
            if work_there.events is not None:
                work_there.events += (event,)
            work_there.not_before = intake.not_before
            work_there.nap.look_again()

    def _note_flood(self, key: ConversationKey, turn_id: int) -> None:
        # One line a flood: a line an event would only pass the flood on to the log.
        if key not in self._flooded:
            self._flooded.add(key)
            _log.warning("turn_dead", turn_id=turn_id, conversation=str(key), error="flood")

    def _stopped(self, turn_ids: list[int], reason: CancelReason) -> None:
        for turn_id in turn_ids:
            if self._mailboxes is not None and (work := self._mailboxes.find(turn_id)):
                work.stop(reason)

    def _moved(self, platform: str, account: str, old_chat: str, new_chat: str) -> None:
        if self._mailboxes is not None and old_chat != new_chat:
            self._mailboxes.move(platform=platform, account=account, old_chat=old_chat, new_chat=new_chat)

    def _revived(self, turn: OpenTurn | None) -> None:
        if self._mailboxes is not None and turn is not None:
            self._mailboxes.add(self._work(turn))

    # --- start and end ---

    async def _recover(self, mailboxes: Mailboxes) -> None:
        max_attempts = len(self._retry_delays_seconds) + 1

        def begin(found: tuple[list[OpenTurn], list[int]]) -> None:
            if mailboxes.closing:
                return
            for turn in found[0]:
                mailboxes.add(self._work(turn))
            # From this commit on every event taken in is delivered to the mailboxes, and none before it.
            self._mailboxes = mailboxes

        turns, dead = await self._database.write(
            partial(recover_turns, max_attempts=max_attempts, at=self._now()), committed=begin
        )
        _log.info("turns_recovered", open=len(turns), dead=len(dead))
        for turn_id in dead:
            _log.error("turn_dead", turn_id=turn_id, error="the process ended while it ran")

    async def _put_back_running(self) -> None:
        try:
            await self._database.write(put_back_running)
        except StorageError as exc:
            # The next start finds these turns running and takes them over, at the price of an attempt.
            _log.error("storage_failed", error=str(exc))

    def _work(self, turn: OpenTurn) -> Work:
        return Work(
            id=turn.id,
            key=turn.key,
            lane=turn.lane,
            nap=Nap(self._clock),
            attempt=turn.attempt,
            failures=turn.failures,
            stopping=turn.stopping,
            not_before=turn.not_before,
        )

    def _now(self) -> float:
        return self._clock.now().timestamp()

"""Moves turns from state to state; each change names the attempt that may make it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import Connection, bindparam, case, delete, func, or_, select, update

from bot.errors import Fenced
from bot.messages import ConversationKey
from bot.ports import CancelReason, EngineStats, Lane
from bot.storage.tables import documents, exchanges, inbound, notices, pictures, readings, timers, turns

__all__ = [
    "OPEN_STATES",
    "OpenTurn",
    "State",
    "begin_attempt",
    "count_work",
    "dead_turns",
    "finish_turn",
    "give_up_turn",
    "mark_done",
    "mark_stopping",
    "open_turns_before",
    "prune_turns",
    "put_back_running",
    "put_off_turn",
    "recover_turns",
    "revive_turn",
    "while_current",
]

T = TypeVar("T")


class State(StrEnum):
    """HELD waits for more of the same, QUEUED for its place or the end of a back-off."""

    HELD = "held"
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"


OPEN_STATES = (State.HELD, State.QUEUED, State.RUNNING)
_WAITING = (State.HELD, State.QUEUED)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTurn:
    """A stored turn that still has to be worked on; times are seconds since 1970."""

    id: int
    key: ConversationKey
    lane: Lane
    attempt: int
    failures: int
    stopping: CancelReason | None
    not_before: float


_THIS_ATTEMPT = (
    turns.c.id == bindparam("turn_id"),
    turns.c.attempt == bindparam("of_attempt"),
    turns.c.state == State.RUNNING,
)
_IS_CURRENT = select(turns.c.id).where(*_THIS_ATTEMPT)
_BEGIN = (
    update(turns)
    .where(
        turns.c.id == bindparam("turn_id"),
        turns.c.attempt == bindparam("of_attempt"),
        turns.c.state.in_(_WAITING),
    )
    .values(state=State.RUNNING, attempt=turns.c.attempt + 1, started_at=bindparam("at"))
)
_DONE = update(turns).where(*_THIS_ATTEMPT).values(state=State.DONE, finished_at=bindparam("at"), error="")
_PUT_OFF = (
    update(turns)
    .where(*_THIS_ATTEMPT)
    .values(
        state=State.QUEUED,
        failures=turns.c.failures + 1,
        not_before=bindparam("until"),
        error=bindparam("text"),
    )
)
_GIVE_UP = (
    update(turns)
    .where(*_THIS_ATTEMPT)
    .values(
        state=State.DEAD,
        failures=turns.c.failures + 1,
        finished_at=bindparam("at"),
        error=bindparam("text"),
    )
)
_OPEN_COLUMNS = (
    turns.c.id,
    turns.c.conversation,
    turns.c.lane,
    turns.c.attempt,
    turns.c.failures,
    turns.c.stopping,
    turns.c.not_before,
)


def begin_attempt(conn: Connection, turn_id: int, *, after_attempt: int, at: float) -> bool:
    """Start attempt ``after_attempt + 1``; False when the turn is not waiting for it."""
    values = {"turn_id": turn_id, "of_attempt": after_attempt, "at": at}
    return conn.execute(_BEGIN, values).rowcount == 1


def while_current(conn: Connection, turn_id: int, *, attempt: int, change: Callable[[Connection], T]) -> T:
    """Make ``change`` on behalf of a running attempt. Raises Fenced when it is not the current one."""
    if conn.execute(_IS_CURRENT, {"turn_id": turn_id, "of_attempt": attempt}).first() is None:
        raise _fenced(turn_id, attempt)
    return change(conn)


def finish_turn(
    conn: Connection, turn_id: int, *, attempt: int, at: float, change: Callable[[Connection], T]
) -> T:
    """Make the turn done together with ``change``. Raises Fenced when the attempt is not the current one."""
    if not mark_done(conn, turn_id, attempt=attempt, at=at):
        raise _fenced(turn_id, attempt)
    return change(conn)


def mark_done(conn: Connection, turn_id: int, *, attempt: int, at: float) -> bool:
    """Make the turn done; False when the attempt is not the current one."""
    return _settle(conn, _DONE, {"turn_id": turn_id, "of_attempt": attempt, "at": at})


def put_off_turn(conn: Connection, turn_id: int, *, attempt: int, until: float, text: str) -> bool:
    """Count a failure and queue the turn for later; False when the attempt is not the current one."""
    return _settle(conn, _PUT_OFF, {"turn_id": turn_id, "of_attempt": attempt, "until": until, "text": text})


def give_up_turn(conn: Connection, turn_id: int, *, attempt: int, at: float, text: str) -> bool:
    """Make the turn dead; False when the attempt is not the current one."""
    return _settle(conn, _GIVE_UP, {"turn_id": turn_id, "of_attempt": attempt, "at": at, "text": text})


def mark_stopping(
    conn: Connection, conversation: str, *, reason: CancelReason, turn_id: int | None
) -> list[int]:
    """Mark the named turn, else the running, else the oldest waiting one of the queue; its id.

    A turn that is marked already keeps its first reason. What waits for a hold or a back-off waits no more.
    """
    wanted = turns.c.lane == Lane.QUEUE if turn_id is None else turns.c.id == turn_id
    found = conn.execute(
        select(turns.c.id)
        .where(turns.c.state.in_(OPEN_STATES), turns.c.conversation == conversation, wanted)
        .order_by((turns.c.state == State.RUNNING).desc(), turns.c.id)
        .limit(1)
    ).scalar()
    if found is None:
        return []
    conn.execute(
        update(turns)
        .where(turns.c.id == found)
        .values(
            stopping=case((turns.c.stopping == "", reason.value), else_=turns.c.stopping),
            state=case((turns.c.state == State.HELD, State.QUEUED.value), else_=turns.c.state),
            not_before=0.0,
        )
    )
    return [found]


def open_turns_before(conn: Connection, conversation: str, turn_id: int) -> list[int]:
    """The turns of a conversation's queue that are not over and older than this one."""
    older = turns.c.conversation == conversation, turns.c.id < turn_id, turns.c.lane == Lane.QUEUE
    query = select(turns.c.id).where(*older, turns.c.state.in_(OPEN_STATES)).order_by(turns.c.id)
    return list(conn.scalars(query))


def recover_turns(conn: Connection, *, max_attempts: int, at: float) -> tuple[list[OpenTurn], list[int]]:
    """Take over what a process that is gone left: the open turns in order, and those given up now.

    A turn found running counts as one failed attempt.
    """
    running = turns.c.state == State.RUNNING
    conn.execute(update(turns).where(running).values(failures=turns.c.failures + 1))
    spent = list(conn.scalars(select(turns.c.id).where(running, turns.c.failures >= max_attempts)))
    text = "the process ended while it ran"
    conn.execute(
        update(turns)
        .where(running, turns.c.failures >= max_attempts)
        .values(state=State.DEAD, finished_at=at, error=text)
    )
    conn.execute(update(turns).where(running).values(state=State.QUEUED, not_before=0.0, error=text))
    rows = conn.execute(select(*_OPEN_COLUMNS).where(turns.c.state.in_(_WAITING)).order_by(turns.c.id))
    return [_open_turn(row) for row in rows], spent


def put_back_running(conn: Connection) -> int:
    """Queue every running turn again, without counting an attempt against it; how many."""
    return conn.execute(
        update(turns).where(turns.c.state == State.RUNNING).values(state=State.QUEUED, not_before=0.0)
    ).rowcount


def dead_turns(conn: Connection) -> list[int]:
    """The turns given up, oldest first."""
    return list(conn.scalars(select(turns.c.id).where(turns.c.state == State.DEAD).order_by(turns.c.id)))


def revive_turn(conn: Connection, turn_id: int) -> OpenTurn | None:
    """Queue a dead turn with all its attempts before it; None when it was not dead."""
    changed = conn.execute(
        update(turns)
        .where(turns.c.id == turn_id, turns.c.state == State.DEAD)
        .values(state=State.QUEUED, failures=0, not_before=0.0, finished_at=None, error="")
    )
    if not changed.rowcount:
        return None
    return _open_turn(conn.execute(select(*_OPEN_COLUMNS).where(turns.c.id == turn_id)).one())


def count_work(conn: Connection, *, at: float) -> EngineStats:
    """How much work is stored."""
    rows = conn.execute(
        select(turns.c.state, func.count(), func.min(turns.c.created_at))
        .where(turns.c.state.in_((*OPEN_STATES, State.DEAD)))
        .group_by(turns.c.state)
    )
    found = {state: (count, oldest) for state, count, oldest in rows}
    counts = {state: count for state, (count, _) in found.items()}
    _, oldest = found.get(State.QUEUED, (0, at))
    return EngineStats(
        queued=counts.get(State.QUEUED, 0),
        running=counts.get(State.RUNNING, 0),
        held=counts.get(State.HELD, 0),
        dead=counts.get(State.DEAD, 0),
        timers=conn.execute(select(func.count()).select_from(timers)).scalar_one(),
        oldest_queued_seconds=max(0.0, at - oldest),
    )


def prune_turns(conn: Connection, *, before: float) -> int:
    """Forget turns finished before then, with their events and notices; how many.

    What was read of attachments goes too where no question came of it. Turns given up after their attempts
    stay for the operator; those refused as flood go.
    """
    old = select(turns.c.id).where(
        turns.c.finished_at < before,
        or_(turns.c.state == State.DONE, (turns.c.state == State.DEAD) & (turns.c.error == "flood")),
    )
    asked = select(exchanges.c.turn_id)
    for table in (readings, pictures, documents):
        conn.execute(delete(table).where(table.c.turn_id.in_(old), table.c.turn_id.not_in(asked)))
    conn.execute(delete(inbound).where(inbound.c.turn_id.in_(old)))
    conn.execute(delete(notices).where(notices.c.turn_id.in_(old)))
    return conn.execute(delete(turns).where(turns.c.id.in_(old))).rowcount


def _settle(conn: Connection, statement: Any, values: Mapping[str, object]) -> bool:
    return bool(conn.execute(statement, values).rowcount == 1)


def _fenced(turn_id: int, attempt: int) -> Fenced:
    return Fenced(f"attempt {attempt} at turn {turn_id} is not the current one")


def _open_turn(row: Any) -> OpenTurn:
    return OpenTurn(
        id=row.id,
        key=ConversationKey.parse(row.conversation),
        lane=Lane(row.lane),
        attempt=row.attempt,
        failures=row.failures,
        stopping=CancelReason(row.stopping) if row.stopping else None,
        not_before=row.not_before,
    )

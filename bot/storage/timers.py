"""Keeps events that are to be taken in later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select

from bot.errors import BotError
from bot.messages import dump_inbound, load_inbound
from bot.ports import Lane, Timer
from bot.storage.tables import timers

__all__ = ["DueTimers", "delete_timer", "next_due", "save_timer", "take_due"]

_MOST_AT_ONCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class DueTimers:
    """Timers that have come due, and the ids of those whose event is not readable any more."""

    timers: tuple[Timer, ...]
    unreadable: tuple[str, ...]


def save_timer(conn: Connection, timer: Timer) -> None:
    """Store the timer in place of any other with its id."""
    delete_timer(conn, timer.id)
    conn.execute(
        insert(timers),
        {
            "id": timer.id,
            "conversation": str(timer.event.key),
            "due_at": timer.at.timestamp(),
            "lane": timer.lane,
            "payload": dump_inbound(timer.event).decode(),
        },
    )


def delete_timer(conn: Connection, timer_id: str) -> bool:
    """Forget the timer; whether there was one."""
    return bool(conn.execute(delete(timers).where(timers.c.id == timer_id)).rowcount)


def next_due(conn: Connection) -> float | None:
    """When the earliest timer is due, in seconds since 1970; None without timers."""
    return conn.execute(select(func.min(timers.c.due_at))).scalar()


def take_due(conn: Connection, *, at: float) -> DueTimers:
    """Remove and return the timers due by then, earliest first, at most a hundred at once."""
    rows = conn.execute(
        select(timers)
        .where(timers.c.due_at <= at)
        .order_by(timers.c.due_at, timers.c.id)
        .limit(_MOST_AT_ONCE)
    ).all()
    conn.execute(delete(timers).where(timers.c.id.in_([row.id for row in rows])))
    read = [(row.id, _read(row)) for row in rows]
    return DueTimers(
        timers=tuple(timer for _, timer in read if timer is not None),
        unreadable=tuple(timer_id for timer_id, timer in read if timer is None),
    )


def _read(row: Row[Any]) -> Timer | None:
    try:
        event = load_inbound(row.payload)
    except BotError:
        return None
    return Timer(id=row.id, at=datetime.fromtimestamp(row.due_at, UTC), event=event, lane=Lane(row.lane))

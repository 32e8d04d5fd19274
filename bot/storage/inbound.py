"""Takes events in, each once, as turns: new ones, or parts of a turn that is still held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, bindparam, func, insert, select, update

from bot.messages import ConversationKey, Edited, Inbound, Incoming, dump_inbound, load_inbound
from bot.ports import Lane
from bot.storage.tables import inbound, turns
from bot.storage.turns import OPEN_STATES, State

__all__ = ["Arrival", "Intake", "events_of", "in_conversation", "take_in", "taken_with"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """An event on its way in, and how it wants to be worked on. Times are seconds since 1970."""

    event: Inbound
    lane: Lane
    join: str
    hold_seconds: float
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What became of an arrival: a new turn, a part of a held one (``joined``), or one ``refused``."""

    turn_id: int
    not_before: float
    joined: bool = False
    refused: bool = False


# What waits there holds up nothing behind it: a group's recordings of some minutes, each for its own reply.
_BESIDE = 10

_KNOWN = select(inbound.c.id).where(
    inbound.c.platform == bindparam("platform"),
    inbound.c.account == bindparam("account"),
    inbound.c.event_id == bindparam("event_id"),
)
_HELD = (
    select(turns.c.id)
    .where(
        turns.c.state == State.HELD,
        turns.c.conversation == bindparam("conversation"),
        turns.c.lane == bindparam("lane"),
        turns.c.join_key == bindparam("join"),
        turns.c.stopping == "",
        turns.c.not_before > bindparam("at"),
    )
    .order_by(turns.c.id.desc())
    .limit(1)
)
_COUNT_OPEN = (
    select(func.count())
    .select_from(turns)
    .where(
        turns.c.state.in_(OPEN_STATES),
        turns.c.conversation == bindparam("conversation"),
        turns.c.lane == bindparam("lane"),
    )
)
_ADD_TURN = insert(turns)
_ADD_EVENT = insert(inbound)
_HOLD_ANEW = (
    update(turns)
    .where(turns.c.id == bindparam("turn_id"))
    .values(state=bindparam("new_state"), not_before=bindparam("until"))
)
_EVENTS = select(inbound.c.payload).where(inbound.c.turn_id == bindparam("turn_id")).order_by(inbound.c.id)


def take_in(conn: Connection, arrival: Arrival, *, max_open: int) -> Intake | None:
    """Store the event and what it becomes; None when it is known already.

    A conversation with ``max_open`` open turns in its queue, or ten times as many beside it, gets no more:
    the turn is stored as dead.
    """
    if _is_known(conn, arrival.event):
        return None
    intake = _join(conn, arrival) or _add_turn(conn, arrival, max_open)
    _add_event(conn, arrival, intake.turn_id)
    return intake


def events_of(conn: Connection, turn_id: int, key: ConversationKey) -> list[Inbound]:
    """The events of a turn in the order they came. Raises BotError when one is not readable any more."""
    rows = conn.execute(_EVENTS, {"turn_id": turn_id})
    return [in_conversation(load_inbound(row.payload), key) for row in rows]


def taken_with(conn: Connection, key: ConversationKey, message_id: str) -> list[Incoming]:
    """The messages of the turn that first took this one in, in their order: an album, the pieces of a paste.

    Those deleted since are left out; all of them when they were taken in too long ago.
    """
    mine = inbound.c.conversation == str(key), inbound.c.message_id == message_id
    first = select(inbound.c.turn_id).where(*mine).order_by(inbound.c.id).limit(1)
    turn_id = conn.execute(first).scalar()
    events = events_of(conn, turn_id, key) if turn_id is not None else []
    return [event for event in events if isinstance(event, Incoming)]


def in_conversation(event: Inbound, key: ConversationKey) -> Inbound:
    """The event as if it had come from ``key``: a chat that got a new id takes its open turns along."""
    if event.key == key:
        return event
    if isinstance(event, Edited):
        return replace(event, key=key, message=replace(event.message, key=key))
    return replace(event, key=key)


def _is_known(conn: Connection, event: Inbound) -> bool:
    return conn.execute(_KNOWN, _identity(event)).first() is not None


def _identity(event: Inbound) -> Mapping[str, str]:
    return {"platform": event.key.platform, "account": event.key.account, "event_id": event.event_id}


def _join(conn: Connection, arrival: Arrival) -> Intake | None:
    if not arrival.join:
        return None
    wanted = {**_place(arrival), "join": arrival.join, "at": arrival.at}
    held = conn.execute(_HELD, wanted).scalar()
    if held is None:
        return None
    until = _not_before(arrival)
    conn.execute(_HOLD_ANEW, {"turn_id": held, "new_state": _waiting_state(arrival), "until": until})
    return Intake(turn_id=held, not_before=until, joined=True)


def _add_turn(conn: Connection, arrival: Arrival, max_open: int) -> Intake:
    most = max_open * (_BESIDE if arrival.lane is Lane.CONTROL else 1)
    refused = conn.execute(_COUNT_OPEN, _place(arrival)).scalar_one() >= most
    row = {
        **_place(arrival),
        "state": State.DEAD if refused else _waiting_state(arrival),
        "join_key": arrival.join,
        "not_before": _not_before(arrival),
        "created_at": arrival.at,
        "finished_at": arrival.at if refused else None,
        "error": "flood" if refused else "",
    }
    turn_id = _new_id(conn.execute(_ADD_TURN, row).inserted_primary_key)
    return Intake(turn_id=turn_id, not_before=_not_before(arrival), refused=refused)


def _new_id(primary_key: Sequence[int] | None) -> int:
    if primary_key is None:
        raise LookupError("the database did not tell the id of a new row")
    return primary_key[0]


def _add_event(conn: Connection, arrival: Arrival, turn_id: int) -> None:
    event = arrival.event
    conn.execute(
        _ADD_EVENT,
        {
            **_identity(event),
            "conversation": str(event.key),
            "message_id": _message_id(event),
            "turn_id": turn_id,
            "payload": dump_inbound(event).decode(),
            "received_at": arrival.at,
        },
    )


def _message_id(event: Inbound) -> str:
    if isinstance(event, Edited):
        return event.message.message_id
    found: str = getattr(event, "message_id", "")
    return found


def _place(arrival: Arrival) -> Mapping[str, str]:
    return {"conversation": str(arrival.event.key), "lane": arrival.lane}


def _not_before(arrival: Arrival) -> float:
    return arrival.at + arrival.hold_seconds if arrival.hold_seconds > 0 else 0.0


def _waiting_state(arrival: Arrival) -> State:
    return State.HELD if arrival.hold_seconds > 0 else State.QUEUED

"""The delivery ledger: which platform message shows which part of which turn's reply."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from bot.storage.tables import deliveries, inbound, spoken

__all__ = [
    "Delivery",
    "adopt",
    "deliveries_of",
    "forget_parts",
    "intend",
    "known_messages",
    "newest_message",
    "record_sent",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A part of a reply. An empty ``message_id`` means that it was about to be sent when we last wrote."""

    part: int
    message_id: str


_NEAR_TURNS = 500

_OF = (
    select(deliveries.c.part, deliveries.c.message_id)
    .where(deliveries.c.turn_id == bindparam("t"))
    .order_by(deliveries.c.part)
)
_RECORD = (
    update(deliveries)
    .where(deliveries.c.turn_id == bindparam("t"), deliveries.c.part == bindparam("p"))
    .values(message_id=bindparam("m"))
)

_INTEND = insert(deliveries)
_NEWEST = (
    select(deliveries.c.message_id)
    .where(deliveries.c.conversation == bindparam("c"), deliveries.c.message_id != "")
    .order_by(deliveries.c.turn_id.desc(), deliveries.c.part.desc())
    .limit(1)
)


def deliveries_of(conn: Connection, turn_id: int) -> tuple[Delivery, ...]:
    """The parts of a turn's reply, in order."""
    return tuple(
        Delivery(part=row.part, message_id=row.message_id) for row in conn.execute(_OF, {"t": turn_id})
    )


def intend(conn: Connection, *, turn_id: int, part: int, conversation: str) -> None:
    """Write down that a part is about to be sent as a new message."""
    row = {"turn_id": turn_id, "part": part, "conversation": conversation, "message_id": ""}
    if conn.execute(_RECORD, {"t": turn_id, "p": part, "m": ""}).rowcount == 0:
        conn.execute(_INTEND, [row])


def record_sent(conn: Connection, *, turn_id: int, part: int, message_id: str) -> None:
    """Write down the message that shows a part."""
    conn.execute(_RECORD, {"t": turn_id, "p": part, "m": message_id})


def forget_parts(conn: Connection, *, turn_id: int, first: int) -> None:
    """Drop the parts from ``first`` on: their messages are gone."""
    conn.execute(delete(deliveries).where(deliveries.c.turn_id == turn_id, deliveries.c.part >= first))


def adopt(conn: Connection, *, turn_id: int, from_turn: int) -> None:
    """Let a turn's reply take over the messages of another turn's reply."""
    rows = conn.execute(select(deliveries).where(deliveries.c.turn_id == from_turn)).all()
    copies = [{**row._mapping, "turn_id": turn_id} for row in rows if row.message_id]  # noqa: SLF001 - public API
    conn.execute(delete(deliveries).where(deliveries.c.turn_id == from_turn))
    if copies:
        conn.execute(insert(deliveries), copies)


_KNOWN_SENT = select(deliveries.c.conversation, deliveries.c.message_id).where(
    deliveries.c.turn_id.between(bindparam("low"), bindparam("high")), deliveries.c.message_id != ""
)
_KNOWN_SPOKEN = select(spoken.c.conversation, spoken.c.message_id).where(
    spoken.c.turn_id.between(bindparam("low"), bindparam("high")), spoken.c.message_id != ""
)
_KNOWN_RECEIVED = select(inbound.c.conversation, inbound.c.message_id).where(
    inbound.c.turn_id.between(bindparam("low"), bindparam("high")), inbound.c.message_id != ""
)


def known_messages(conn: Connection, *, near_turn: int) -> set[tuple[str, str]]:
    """The messages of the turns around one, whoever wrote them: (conversation, message id)."""
    near = {"low": near_turn - _NEAR_TURNS, "high": near_turn + _NEAR_TURNS}
    return {
        (row.conversation, row.message_id)
        for query in (_KNOWN_SENT, _KNOWN_SPOKEN, _KNOWN_RECEIVED)
        for row in conn.execute(query, near)
    }


def newest_message(conn: Connection, conversation: str) -> str:
    """The message we sent last in a conversation, as far as is known; empty when there is none."""
    return conn.execute(_NEWEST, {"c": conversation}).scalar() or ""

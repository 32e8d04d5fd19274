"""Which answer has its voice note, and what of that was begun: at most one is sent for each."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select, update

from bot.ports import Lane
from bot.storage.ledger import deliveries_of
from bot.storage.tables import exchanges, inbound, spoken, turns
from bot.storage.turns import OPEN_STATES

__all__ = ["SPEAK", "begin_speaking", "open_speaking", "record_spoken", "take_back_speaking"]

SPEAK = "speak:"
"""The beginning of the event ids and button data of turns that speak; no platform's event ids begin so."""


def begin_speaking(conn: Connection, turn_id: int, conversation: str) -> bool:
    """Write down that the voice note of a turn is about to be sent; False when it must not be.

    It must not when that was written down before, so that it may have been sent, or when the turn's answer
    is deleted or another one stands in its place. A turn without an answer (a sample of a voice) may speak.
    """
    if conn.execute(select(spoken.c.turn_id).where(spoken.c.turn_id == turn_id)).first() is not None:
        return False
    redacted = conn.execute(select(exchanges.c.redacted).where(exchanges.c.turn_id == turn_id)).scalar()
    if redacted or (redacted is not None and not deliveries_of(conn, turn_id)):
        return False
    conn.execute(insert(spoken).values(turn_id=turn_id, conversation=conversation))
    return True


def take_back_speaking(conn: Connection, turn_id: int) -> None:
    """What was about to be sent has not been."""
    conn.execute(delete(spoken).where(spoken.c.turn_id == turn_id, spoken.c.message_id == ""))


def record_spoken(conn: Connection, turn_id: int, message_id: str) -> None:
    """Write down the message that is the voice note."""
    conn.execute(update(spoken).where(spoken.c.turn_id == turn_id).values(message_id=message_id))


def open_speaking(conn: Connection, conversation: str, *, answer: int | None = None) -> list[int]:
    """The turns of a conversation that speak, or are still to speak, an answer: any, or one turn's."""
    event = inbound.c.event_id
    named = event.startswith(SPEAK, autoescape=True) if answer is None else event == f"{SPEAK}{answer}"
    query = (
        select(turns.c.id)
        .join(inbound, inbound.c.turn_id == turns.c.id)
        .where(
            turns.c.conversation == conversation,
            turns.c.state.in_(OPEN_STATES),
            turns.c.lane == Lane.CONTROL,
            named,
        )
    )
    return list(conn.execute(query).scalars())

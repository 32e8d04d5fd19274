"""Reads and writes the tree of exchanges, the head of each conversation, and summaries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import orjson
from sqlalchemy import Connection, Row, bindparam, case, delete, func, insert, or_, select, text, update

from bot.errors import BotError
from bot.events import Outcome, Usage
from bot.exchange import Exchange, dump_steps, load_steps
from bot.messages import ConversationKey, Unreadable, dump_inbound
from bot.storage import readings
from bot.storage.ranges import within_chat
from bot.storage.tables import (
    conversations,
    deliveries,
    exchanges,
    feedback,
    inbound,
    notices,
    spoken,
    summaries,
    turns,
)
from bot.storage.transcripts import forget_recordings_in

__all__ = [
    "add_exchange",
    "add_summary",
    "exchange_of",
    "exchange_of_message",
    "exchange_shown_by",
    "exchange_shown_in",
    "head_of",
    "notice_of",
    "open_turn_of_message",
    "path_to",
    "redact_message",
    "save_notice",
    "save_progress",
    "save_reply",
    "save_steps",
    "save_vote",
    "set_head",
    "summary_of",
    "was_deleted",
]

_LONGEST_PATH = 2000
_COLUMNS = ", ".join(f"e.{column.name}" for column in exchanges.columns)

# The path ends at a summarised exchange: what lies before it is in the summary.
_PATH = text(
    f"""
    WITH RECURSIVE path(id, depth) AS (
        SELECT :head, 0
        UNION ALL
        SELECT e.parent_id, depth + 1 FROM path JOIN exchanges e ON e.turn_id = path.id
        WHERE e.parent_id IS NOT NULL AND depth < {_LONGEST_PATH}
          AND NOT EXISTS (SELECT 1 FROM summaries s WHERE s.turn_id = path.id)
    )
    SELECT {_COLUMNS} FROM path JOIN exchanges e ON e.turn_id = path.id ORDER BY depth DESC
    """  # noqa: S608 - the only pieces put in are our own column names and a constant
)

_HEAD = select(conversations.c.head).where(conversations.c.key == bindparam("k"))
_EXCHANGE = select(exchanges).where(exchanges.c.turn_id == bindparam("t"))


_MOVE_HEAD = (
    update(conversations).where(conversations.c.key == bindparam("k")).values(head=bindparam("new_head"))
)
_ADD_CONVERSATION = insert(conversations)
_ADD_EXCHANGE = insert(exchanges)
_SUMMARY = select(summaries.c.text).where(summaries.c.turn_id == bindparam("t"))
_NOTICE = select(notices.c.text).where(notices.c.turn_id == bindparam("t"))


def head_of(conn: Connection, conversation: str) -> int | None:
    """The exchange the next message continues from; None for a conversation at its beginning."""
    return conn.execute(_HEAD, {"k": conversation}).scalar()


def set_head(conn: Connection, conversation: str, head: int | None) -> None:
    """Continue from ``head`` (None: begin anew). Creates the conversation's row when there is none."""
    if conn.execute(_MOVE_HEAD, {"k": conversation, "new_head": head}).rowcount == 0:
        conn.execute(_ADD_CONVERSATION, {"key": conversation, "head": head})


def took_part(conn: Connection, conversation: str) -> bool:
    """Whether anything was ever answered in a conversation."""
    return first_question(conn, conversation) is not None


def first_question(conn: Connection, conversation: str) -> str | None:
    """The id of the message that was the first to be answered in a conversation."""
    query = select(exchanges.c.message_id).where(exchanges.c.conversation == conversation)
    row = conn.execute(query.order_by(exchanges.c.turn_id).limit(1)).first()
    return None if row is None else str(row.message_id)


def exchange_of(conn: Connection, turn_id: int) -> Exchange | None:
    """The exchange of a turn."""
    row = conn.execute(_EXCHANGE, {"t": turn_id}).first()
    return _exchange(row) if row else None


def path_to(conn: Connection, head: int | None) -> list[Exchange]:
    """From the root, or from the newest summarised exchange, down to ``head``."""
    if head is None:
        return []
    return [_exchange(row) for row in conn.execute(_PATH, {"head": head})]


def exchange_of_message(conn: Connection, conversation: str, message_id: str) -> Exchange | None:
    """The newest exchange that began with a person's message."""
    query = (
        select(exchanges)
        .where(exchanges.c.conversation == conversation, exchanges.c.message_id == message_id)
        .order_by(exchanges.c.turn_id.desc())
        .limit(1)
    )
    row = conn.execute(query).first()
    return _exchange(row) if row else None


def open_turn_of_message(conn: Connection, conversation: str, message_id: str) -> int | None:
    """The turn that a person's message made, while it is not finished."""
    query = (
        select(turns.c.id)
        .join(inbound, inbound.c.turn_id == turns.c.id)
        .where(
            inbound.c.conversation == conversation,
            inbound.c.message_id == message_id,
            # Beside the queue recordings are heard; edits run there too, which are not the message's turn.
            or_(turns.c.lane == "queue", inbound.c.payload.startswith('{"type":"incoming"')),
            turns.c.state.in_(("held", "queued", "running")),
        )
        .order_by(turns.c.id.desc())
        .limit(1)
    )
    return conn.execute(query).scalar()


def exchange_shown_by(conn: Connection, conversation: str, message_id: str) -> int | None:
    """The newest turn whose reply one of our messages shows, or speaks."""
    query = (
        select(deliveries.c.turn_id)
        .join(exchanges, exchanges.c.turn_id == deliveries.c.turn_id)
        .where(deliveries.c.conversation == conversation, deliveries.c.message_id == message_id)
        .order_by(deliveries.c.turn_id.desc())
        .limit(1)
    )
    shown: int | None = conn.execute(query).scalar()
    return shown if shown is not None else _exchange_spoken_by(conn, conversation, message_id)


def exchange_shown_in(conn: Connection, peer: str, message_id: str) -> int | None:
    """The newest turn whose reply a message of ours shows, in whichever thread of a chat."""
    query = (
        select(deliveries.c.turn_id)
        .join(exchanges, exchanges.c.turn_id == deliveries.c.turn_id)
        .where(within_chat(deliveries.c.conversation, peer), deliveries.c.message_id == message_id)
        .order_by(deliveries.c.turn_id.desc())
        .limit(1)
    )
    return conn.execute(query).scalar()


def _exchange_spoken_by(conn: Connection, conversation: str, message_id: str) -> int | None:
    query = (
        select(spoken.c.turn_id)
        .join(exchanges, exchanges.c.turn_id == spoken.c.turn_id)
        .where(spoken.c.conversation == conversation, spoken.c.message_id == message_id)
    )
    return conn.execute(query).scalar()


def add_exchange(conn: Connection, exchange: Exchange) -> None:
    """Store a new exchange and continue the conversation from it."""
    conn.execute(_ADD_EXCHANGE, [_row(exchange)])
    set_head(conn, exchange.conversation, exchange.turn_id)


_SAVE_PROGRESS = (
    update(exchanges)
    .where(exchanges.c.turn_id == bindparam("t"), exchanges.c.redacted.is_(False))
    .values(reply=bindparam("reply_"), thinking=bindparam("thinking_"))
)


def save_progress(conn: Connection, turn_id: int, *, reply: str, thinking: str) -> None:
    """Store what is about to be shown of a reply that is still being written."""
    conn.execute(_SAVE_PROGRESS, {"t": turn_id, "reply_": reply, "thinking_": thinking})


def save_steps(conn: Connection, exchange: Exchange) -> None:
    """Store the tool rounds done so far, with the reply up to here."""
    conn.execute(
        update(exchanges)
        .where(exchanges.c.turn_id == exchange.turn_id, exchanges.c.redacted.is_(False))
        .values(steps=dump_steps(exchange.steps), reply=exchange.reply, thinking=exchange.thinking)
    )


_SAVE_REPLY = (
    update(exchanges)
    .where(exchanges.c.turn_id == bindparam("t"))
    .values(
        steps=case((exchanges.c.redacted, "[]"), else_=bindparam("steps_")),
        reply=case((exchanges.c.redacted, ""), else_=bindparam("reply_")),
        thinking=case((exchanges.c.redacted, ""), else_=bindparam("thinking_")),
        outcome=bindparam("outcome_"),
        model=bindparam("model_"),
        usage=bindparam("usage_"),
        written=True,
    )
)


def save_reply(conn: Connection, exchange: Exchange) -> None:
    """Store a reply that will not change any more; only its delivery may still be open.

    What belongs to a deleted message stays wiped, here as in the other two.
    """
    conn.execute(
        _SAVE_REPLY,
        {
            "t": exchange.turn_id,
            "steps_": dump_steps(exchange.steps),
            "reply_": exchange.reply,
            "thinking_": exchange.thinking,
            "outcome_": exchange.outcome or "",
            "model_": exchange.model,
            "usage_": orjson.dumps(asdict(exchange.usage)).decode(),
        },
    )


def redact_message(conn: Connection, conversation: str, message_ids: Sequence[str]) -> int:
    """Wipe what was said in deleted messages and what was answered to them; how many exchanges were wiped."""
    said_then = (exchanges.c.conversation == conversation, exchanges.c.message_id.in_(message_ids))
    first = conn.execute(select(func.min(exchanges.c.turn_id)).where(*said_then)).scalar()
    if first is not None:
        # A summary may hold it too; the history it stood for is still there to be folded again.
        conn.execute(
            delete(summaries).where(summaries.c.conversation == conversation, summaries.c.turn_id >= first)
        )
    wiped = conn.execute(
        update(exchanges)
        .where(*said_then)
        .values(request="", steps="[]", reply="", thinking="", author_name="", redacted=True)
    ).rowcount
    readings.delete_readings(conn, _turns_about(conn, conversation, message_ids))
    forget_recordings_in(conn, conversation, message_ids)
    _wipe_inbound(conn, conversation, message_ids)
    return wiped


def _turns_about(conn: Connection, conversation: str, message_ids: Sequence[str]) -> list[int]:
    """Those that answered the messages, and those that took them in, answered or not."""
    answered, taken = exchanges.c, inbound.c
    return [
        *conn.execute(
            select(answered.turn_id).where(
                answered.conversation == conversation, answered.message_id.in_(message_ids)
            )
        ).scalars(),
        *conn.execute(
            select(taken.turn_id).where(
                taken.conversation == conversation,
                taken.message_id.in_(message_ids),
                taken.turn_id.is_not(None),
            )
        ).scalars(),
    ]


def _wipe_inbound(conn: Connection, conversation: str, message_ids: Sequence[str]) -> None:
    """Leave an event without content in the place of each: a turn that still waits for it ends at once."""
    said = inbound.c.conversation == conversation, inbound.c.message_id.in_(message_ids)
    for row in conn.execute(select(inbound.c.id, inbound.c.event_id).where(*said)).all():
        key = ConversationKey.parse(conversation)
        left = Unreadable(event_id=row.event_id, key=key, reason="deleted by its author")
        conn.execute(
            update(inbound).where(inbound.c.id == row.id).values(payload=dump_inbound(left).decode())
        )


def was_deleted(conn: Connection, turn_id: int) -> bool:
    """Whether a message that a turn is about was deleted, perhaps while the turn waited."""
    wiped = inbound.c.payload.startswith('{"type":"unreadable"')
    query = select(inbound.c.id).where(inbound.c.turn_id == turn_id, wiped).limit(1)
    return conn.execute(query).first() is not None


def add_summary(conn: Connection, *, turn_id: int, conversation: str, summary: str, now: float) -> None:
    """Fold everything up to and including an exchange into one text."""
    conn.execute(delete(summaries).where(summaries.c.turn_id == turn_id))
    values = {"turn_id": turn_id, "conversation": conversation, "text": summary, "created_at": now}
    conn.execute(insert(summaries).values(values))


def summary_of(conn: Connection, turn_id: int) -> str:
    """The text that stands for an exchange and all before it; empty when there is none."""
    return conn.execute(_SUMMARY, {"t": turn_id}).scalar() or ""


def save_vote(conn: Connection, turn_id: int, *, author_id: str, vote: str, now: float) -> None:
    """What somebody thinks of an answer, in the place of what they thought before."""
    conn.execute(delete(feedback).where(feedback.c.turn_id == turn_id, feedback.c.author_id == author_id))
    values = {"turn_id": turn_id, "author_id": author_id, "vote": vote, "created_at": now}
    conn.execute(insert(feedback).values(values))


def notice_of(conn: Connection, turn_id: int) -> str | None:
    """What a turn's command has decided to answer."""
    return conn.execute(_NOTICE, {"t": turn_id}).scalar()


def save_notice(conn: Connection, turn_id: int, notice: str) -> None:
    """Store a command's answer; in the same transaction as what the command changes."""
    conn.execute(insert(notices).values(turn_id=turn_id, text=notice))


def _row(exchange: Exchange) -> dict[str, Any]:
    return {
        "turn_id": exchange.turn_id,
        "conversation": exchange.conversation,
        "parent_id": exchange.parent_id,
        "author_id": exchange.author_id,
        "author_name": exchange.author_name,
        "message_id": exchange.message_id,
        "request": exchange.request,
        "steps": dump_steps(exchange.steps),
        "reply": exchange.reply,
        "thinking": exchange.thinking,
        "outcome": exchange.outcome or "",
        "written": exchange.written,
        "redacted": exchange.redacted,
        "model": exchange.model,
        "usage": orjson.dumps(asdict(exchange.usage)).decode(),
        "created_at": exchange.created_at,
    }


def _exchange(row: Row[Any]) -> Exchange:
    try:
        usage = Usage(**orjson.loads(row.usage))
    except (ValueError, TypeError) as exc:
        raise BotError(f"stored usage of turn {row.turn_id} is not readable: {exc}") from exc
    return Exchange(
        turn_id=row.turn_id,
        conversation=row.conversation,
        parent_id=row.parent_id,
        request=row.request,
        author_id=row.author_id,
        author_name=row.author_name,
        message_id=row.message_id,
        steps=load_steps(row.steps),
        reply=row.reply,
        thinking=row.thinking,
        outcome=Outcome(row.outcome) if row.outcome else None,
        written=bool(row.written),
        redacted=bool(row.redacted),
        model=row.model,
        usage=usage,
        created_at=row.created_at,
    )

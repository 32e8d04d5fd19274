"""Keeps what was lately said in groups to others than the bot: a day of it at most, and 200 messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, func, insert, or_, select, update

from bot.messages import ConversationKey
from bot.storage.people import Standing
from bot.storage.ranges import within_chat
from bot.storage.tables import exchanges, overheard, people

__all__ = [
    "KEPT_MESSAGES",
    "KEPT_SECONDS",
    "Heard",
    "correct_heard",
    "forget_heard",
    "forget_old",
    "has_heard",
    "heard_since",
    "keep_heard",
    "last_words_at",
    "wipe_heard",
]

KEPT_SECONDS = 86_400.0
KEPT_MESSAGES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A message that was not for the bot; ``sent_at`` in seconds since 1970."""

    message_id: str
    author_id: str
    author_name: str
    text: str
    sent_at: float


def keep_heard(conn: Connection, key: ConversationKey, heard: Heard) -> None:
    """Keep a message, once, and drop what is too old or too much in its conversation."""
    conversation = str(_place(key, heard.message_id))
    where = (overheard.c.conversation == conversation) & (overheard.c.message_id == heard.message_id)
    if conn.execute(select(overheard.c.message_id).where(where)).first() is None:
        values = {name: getattr(heard, name) for name in Heard.__dataclass_fields__}
        conn.execute(insert(overheard).values(conversation=conversation, **values))
    mine = overheard.c.conversation == conversation
    beyond = (
        select(overheard.c.sent_at)
        .where(mine)
        .order_by(overheard.c.sent_at.desc())
        .offset(KEPT_MESSAGES - 1)
        .limit(1)
        .scalar_subquery()
    )
    old = or_(overheard.c.sent_at < heard.sent_at - KEPT_SECONDS, overheard.c.sent_at < beyond)
    conn.execute(delete(overheard).where(mine, old))


def correct_heard(conn: Connection, key: ConversationKey, message_id: str, text: str) -> None:
    """The author changed a message; one that is not kept stays unknown."""
    conn.execute(update(overheard).where(_named(key, (message_id,))).values(text=text))


def forget_heard(conn: Connection, key: ConversationKey, message_ids: Sequence[str]) -> None:
    """Drop messages that were deleted, or turned out to be for the bot."""
    conn.execute(delete(overheard).where(_named(key, message_ids)))


def wipe_heard(conn: Connection, peer: str) -> None:
    """Drop everything that was heard in a chat."""
    conn.execute(delete(overheard).where(within_chat(overheard.c.conversation, peer)))


def forget_old(conn: Connection, *, now: float) -> int:
    """Drop everything older than a day, in every chat; how many messages."""
    return conn.execute(delete(overheard).where(overheard.c.sent_at < now - KEPT_SECONDS)).rowcount


def has_heard(conn: Connection, peer: str) -> bool:
    """Whether anything is kept of a chat."""
    mine = within_chat(overheard.c.conversation, peer)
    return conn.execute(select(overheard.c.message_id).where(mine).limit(1)).first() is not None


def heard_since(
    conn: Connection, key: ConversationKey, *, asked_in: str = "", since: float, limit: int = KEPT_MESSAGES
) -> list[Heard]:
    """The newest messages around a question after ``since``, oldest first; none of people shut out since.

    ``asked_in`` is the message that asks. Where it begins a thread of its own it is about the whole chat, as
    is every later one in such a thread; elsewhere it is about its conversation only.
    """
    columns = [overheard.c[name] for name in Heard.__dataclass_fields__]
    query = (
        select(*columns)
        .where(_around(conn, key, asked_in), overheard.c.sent_at > since, ~_shut_out(key))
        .order_by(overheard.c.sent_at.desc(), overheard.c.message_id.desc())
        .limit(limit)
    )
    rows = conn.execute(query).mappings().all()
    return [Heard(**row) for row in reversed(rows)]


def last_words_at(conn: Connection, key: ConversationKey, author_id: str, *, asked_in: str) -> float:
    """When somebody last wrote around here before asking, to the bot or to others; 0 for never."""
    heard = select(func.max(overheard.c.sent_at)).where(
        _around(conn, key, asked_in), overheard.c.author_id == author_id
    )
    place = exchanges.c.conversation == str(key)
    if _is_about_chat(conn, key, asked_in):
        place = within_chat(exchanges.c.conversation, key.peer)
    asked = select(func.max(exchanges.c.created_at)).where(
        exchanges.c.author_id == author_id, place, exchanges.c.message_id != asked_in
    )
    return max(conn.execute(heard).scalar() or 0.0, conn.execute(asked).scalar() or 0.0)


def _place(key: ConversationKey, message_id: str) -> ConversationKey:
    """Where a message stands: one that only begins its own thread stands in the chat itself."""
    return ConversationKey.parse(key.peer) if key.thread == message_id else key


def _around(conn: Connection, key: ConversationKey, asked_in: str) -> ColumnElement[bool]:
    if _is_about_chat(conn, key, asked_in):
        return within_chat(overheard.c.conversation, key.peer)
    begins_thread = and_(overheard.c.conversation == key.peer, overheard.c.message_id == key.thread)
    return or_(overheard.c.conversation == str(key), begins_thread)


def _is_about_chat(conn: Connection, key: ConversationKey, asked_in: str) -> bool:
    """Whether the conversation is a thread that a question to the bot began."""
    if not key.thread or key.thread == asked_in:
        return bool(key.thread)
    begun = exchanges.c.conversation == str(key), exchanges.c.message_id == key.thread
    return conn.execute(select(exchanges.c.turn_id).where(*begun).limit(1)).first() is not None


def _named(key: ConversationKey, message_ids: Sequence[str]) -> ColumnElement[bool]:
    # A platform may tell of a deletion without the thread; ids are unique within a chat.
    return and_(within_chat(overheard.c.conversation, key.peer), overheard.c.message_id.in_(message_ids))


def _shut_out(key: ConversationKey) -> ColumnElement[bool]:
    return exists().where(
        people.c.platform == key.platform,
        people.c.account == key.account,
        people.c.id == overheard.c.author_id,
        people.c.standing == Standing.BLOCKED.value,
    )

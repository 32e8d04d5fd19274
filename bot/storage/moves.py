"""Moves everything stored for a chat to the id it goes on under."""

from __future__ import annotations

from dataclasses import replace

import orjson
from sqlalchemy import ColumnElement, Connection, RowMapping, Table, delete, func, insert, select, update

from bot.errors import BotError
from bot.messages import ConversationKey, dump_inbound, load_inbound
from bot.storage.inbound import in_conversation
from bot.storage.ranges import within_chat
from bot.storage.tables import (
    chats,
    conversations,
    deliveries,
    documents,
    drawings,
    exchanges,
    inbound,
    overheard,
    pairings,
    personas,
    recordings,
    showings,
    spoken,
    summaries,
    timers,
    turns,
)

__all__ = ["move_chat"]

_BY_CONVERSATION = (inbound, turns, exchanges, summaries, overheard, pairings, documents, drawings, showings)


def move_chat(conn: Connection, *, platform: str, account: str, old_chat: str, new_chat: str) -> None:
    """Give everything of ``old_chat``, in all its threads, to ``new_chat``.

    Where the new chat has a place in its history or a setting already, that one is kept. Message ids are
    forgotten: the new chat numbers its messages anew, and an old id would name somebody else's message.
    """
    if old_chat == new_chat:
        return
    old = ConversationKey(platform=platform, account=account, chat=old_chat)
    new = replace(old, chat=new_chat)
    for known_by_id in (deliveries, spoken, recordings):
        conn.execute(delete(known_by_id).where(within_chat(known_by_id.c.conversation, old.peer)))
    for table in (inbound, exchanges, showings):
        conn.execute(update(table).where(within_chat(table.c.conversation, old.peer)).values(message_id=""))
    _renumber_overheard(conn, old)
    moved = within_chat(drawings.c.conversation, old.peer)
    conn.execute(update(drawings).where(moved).values(line_id="", reply_to="", showing=False))
    for table in _BY_CONVERSATION:
        _rename(conn, table, table.c.conversation, old.peer, new.peer)
    _move_timers(conn, old, new)
    _move_heads(conn, old.peer, new.peer)
    _move_personas(conn, old.peer, new.peer)
    _move_settings(conn, old.peer, new.peer)


def _renumber_overheard(conn: Connection, old: ConversationKey) -> None:
    """What was heard is of use in the new chat; its ids are made such as no message has there."""
    before = f"{old.chat}:"
    renumbered = before + overheard.c.message_id
    conn.execute(
        update(overheard).where(within_chat(overheard.c.conversation, old.peer)).values(message_id=renumbered)
    )


def _rename(conn: Connection, table: Table, column: ColumnElement[str], old: str, new: str) -> None:
    conn.execute(update(table).where(within_chat(column, old)).values({column: _renamed(column, old, new)}))


def _renamed(column: ColumnElement[str], old: str, new: str) -> ColumnElement[str]:
    return new + func.substr(column, len(old) + 1)


def _move_timers(conn: Connection, old: ConversationKey, new: ConversationKey) -> None:
    rows = conn.execute(select(timers).where(within_chat(timers.c.conversation, old.peer))).all()
    for row in rows:
        key = replace(ConversationKey.parse(row.conversation), chat=new.chat)
        conn.execute(
            update(timers)
            .where(timers.c.id == row.id)
            .values(conversation=str(key), payload=_payload_in(row.payload, key))
        )


def _payload_in(payload: str, key: ConversationKey) -> str:
    try:
        return dump_inbound(in_conversation(load_inbound(payload), key)).decode()
    except BotError:
        return payload


def _move_heads(conn: Connection, old: str, new: str) -> None:
    rows = conn.execute(select(conversations).where(within_chat(conversations.c.key, old))).all()
    for row in rows:
        key = new + row.key[len(old) :]
        conn.execute(delete(conversations).where(conversations.c.key == row.key))
        kept = _row(conn, conversations, conversations.c.key == key)
        if kept is None:
            conn.execute(insert(conversations), {"key": key, "head": row.head})
        elif kept["head"] is None:
            conn.execute(update(conversations).where(conversations.c.key == key).values(head=row.head))


def _move_personas(conn: Connection, old: str, new: str) -> None:
    kept = select(personas.c.name).where(personas.c.peer == new).scalar_subquery()
    moved = personas.c.peer == old, personas.c.name.not_in(kept)
    conn.execute(update(personas).where(*moved).values(peer=new))
    conn.execute(delete(personas).where(personas.c.peer == old))


def _move_settings(conn: Connection, old: str, new: str) -> None:
    moved = _row(conn, chats, chats.c.peer == old)
    if moved is None:
        return
    conn.execute(delete(chats).where(chats.c.peer == old))
    kept = _row(conn, chats, chats.c.peer == new)
    if kept is None:
        # The old chat may have been closed because it moved; the new one is open until it refuses a message.
        conn.execute(insert(chats), {"peer": new, "settings": moved["settings"], **_standing(moved)})
        return
    settings = {**orjson.loads(moved["settings"]), **orjson.loads(kept["settings"])}
    values = {"settings": orjson.dumps(settings).decode(), **_standing(moved, kept)}
    conn.execute(update(chats).where(chats.c.peer == new).values(values))


def _standing(moved: RowMapping, kept: RowMapping | None = None) -> dict[str, object]:
    """Whether the chat is admitted and has been welcomed: in its old form or in its new one."""
    rows = [row for row in (kept, moved) if row is not None]
    return {
        "standing": next((row["standing"] for row in rows if row["standing"]), ""),
        "welcomed_at": next((row["welcomed_at"] for row in rows if row["welcomed_at"] is not None), None),
    }


def _row(conn: Connection, table: Table, where: ColumnElement[bool]) -> RowMapping | None:
    return conn.execute(select(table).where(where)).mappings().first()

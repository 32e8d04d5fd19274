"""Moves everything stored for a chat to the id it goes on under."""

from __future__ import annotations

from dataclasses import replace

import orjson
from sqlalchemy import ColumnElement, Connection, RowMapping, Table, delete, func, insert, select, update

from bot.errors import BotError
from bot.messages import ConversationKey, dump_inbound, load_inbound
from bot.storage.inbound import in_conversation
from bot.storage.tables import (
    chats,
    conversations,
    deliveries,
    exchanges,
    inbound,
    summaries,
    timers,
    turns,
)

__all__ = ["move_chat"]

_BY_CONVERSATION = (inbound, turns, exchanges, summaries)


def move_chat(conn: Connection, *, platform: str, account: str, old_chat: str, new_chat: str) -> None:
    """Give everything of ``old_chat``, in all its threads, to ``new_chat``.

    Where the new chat has a place in its history or a setting already, that one is kept. Message ids are
    forgotten: the new chat numbers its messages anew, and an old id would name somebody else's message.
    """
    if old_chat == new_chat:
        return
    old = ConversationKey(platform=platform, account=account, chat=old_chat)
    new = replace(old, chat=new_chat)
    conn.execute(delete(deliveries).where(_begins_with(deliveries.c.conversation, old.peer)))
    for table in (inbound, exchanges):
        conn.execute(update(table).where(_begins_with(table.c.conversation, old.peer)).values(message_id=""))
    for table in _BY_CONVERSATION:
        _rename(conn, table, table.c.conversation, old.peer, new.peer)
    _move_timers(conn, old, new)
    _move_heads(conn, old.peer, new.peer)
    _move_settings(conn, old.peer, new.peer)


def _rename(conn: Connection, table: Table, column: ColumnElement[str], old: str, new: str) -> None:
    conn.execute(update(table).where(_begins_with(column, old)).values({column: _renamed(column, old, new)}))


def _begins_with(column: ColumnElement[str], peer: str) -> ColumnElement[bool]:
    # A peer ends with "/", the thread follows; "0" is the character after "/". A range can use the index.
    return (column >= peer) & (column < peer[:-1] + "0")


def _renamed(column: ColumnElement[str], old: str, new: str) -> ColumnElement[str]:
    return new + func.substr(column, len(old) + 1)


def _move_timers(conn: Connection, old: ConversationKey, new: ConversationKey) -> None:
    rows = conn.execute(select(timers).where(_begins_with(timers.c.conversation, old.peer))).all()
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
    rows = conn.execute(select(conversations).where(_begins_with(conversations.c.key, old))).all()
    for row in rows:
        key = new + row.key[len(old) :]
        conn.execute(delete(conversations).where(conversations.c.key == row.key))
        kept = _row(conn, conversations, conversations.c.key == key)
        if kept is None:
            conn.execute(insert(conversations), {"key": key, "head": row.head})
        elif kept["head"] is None:
            conn.execute(update(conversations).where(conversations.c.key == key).values(head=row.head))


def _move_settings(conn: Connection, old: str, new: str) -> None:
    moved = _row(conn, chats, chats.c.peer == old)
    if moved is None:
        return
    conn.execute(delete(chats).where(chats.c.peer == old))
    kept = _row(conn, chats, chats.c.peer == new)
    if kept is None:
        # The old chat may have been closed because it moved; the new one is open until it refuses a message.
        conn.execute(insert(chats), {"peer": new, "settings": moved["settings"]})
        return
    settings = {**orjson.loads(moved["settings"]), **orjson.loads(kept["settings"])}
    conn.execute(update(chats).where(chats.c.peer == new).values(settings=orjson.dumps(settings).decode()))


def _row(conn: Connection, table: Table, where: ColumnElement[bool]) -> RowMapping | None:
    return conn.execute(select(table).where(where)).mappings().first()

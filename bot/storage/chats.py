"""What is set for a chat, and whether it can still be written to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, insert, select, update

from bot.storage.tables import chats

__all__ = [
    "Chat",
    "admit_chat",
    "chat_of",
    "close_chat",
    "mark_welcomed",
    "reopen_chat",
    "set_chat_setting",
    "unset_chat_setting",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """A chat's own settings (absent: the service's defaults), and how it stands to us.

    ``closed``: it can't be written to. ``admitted``: whoever writes there is served. ``welcomed``: the bot
    has introduced itself.
    """

    settings: dict[str, Any] = field(default_factory=dict)
    closed: bool = False
    admitted: bool = False
    welcomed: bool = False


_CHAT = select(chats.c.settings, chats.c.closed_at, chats.c.standing, chats.c.welcomed_at).where(
    chats.c.peer == bindparam("p")
)


def chat_of(conn: Connection, peer: str) -> Chat:
    """The chat; one nobody has set anything for has no row."""
    row = conn.execute(_CHAT, {"p": peer}).first()
    if row is None:
        return Chat()
    return Chat(
        settings=orjson.loads(row.settings),
        closed=row.closed_at is not None,
        admitted=row.standing == "admitted",
        welcomed=row.welcomed_at is not None,
    )


def set_chat_setting(conn: Connection, peer: str, name: str, value: Any) -> None:
    """Set one of a chat's own settings; None returns to the default."""
    settings = dict(chat_of(conn, peer).settings)
    if value is None:
        settings.pop(name, None)
    else:
        settings[name] = value
    _upsert(conn, peer, settings=orjson.dumps(settings).decode())


def unset_chat_setting(conn: Connection, peer: str, name: str, value: Any) -> None:
    """Return to the default where a setting still has this value; another one was chosen meanwhile."""
    if chat_of(conn, peer).settings.get(name) == value:
        set_chat_setting(conn, peer, name, None)


def admit_chat(conn: Connection, peer: str, *, admitted: bool) -> None:
    """Serve everybody who writes in a chat, or only those who are admitted themselves."""
    _upsert(conn, peer, standing="admitted" if admitted else "")


def mark_welcomed(conn: Connection, peer: str, *, now: float) -> bool:
    """Note that the bot introduces itself to a chat; False when it did so before."""
    if chat_of(conn, peer).welcomed:
        return False
    _upsert(conn, peer, welcomed_at=now)
    return True


def close_chat(conn: Connection, peer: str, *, reason: str, now: float) -> None:
    """Nothing can be delivered to this chat any more."""
    _upsert(conn, peer, closed_at=now, closed_reason=reason[:255])


def reopen_chat(conn: Connection, peer: str) -> None:
    """The chat can be written to again; nothing happens when it was open."""
    conn.execute(update(chats).where(chats.c.peer == peer).values(closed_at=None, closed_reason=""))


def _upsert(conn: Connection, peer: str, **values: Any) -> None:
    if conn.execute(update(chats).where(chats.c.peer == peer).values(**values)).rowcount == 0:
        conn.execute(insert(chats).values(peer=peer, **values))

"""The page's list of chats."""

from __future__ import annotations

import sqlite3
from typing import Final

from adapters.web.pagelog.database import PageDatabase
from adapters.web.pagelog.values import Chat

__all__ = ["Chats", "chat_of", "title_of"]

_LONGEST_TITLE: Final = 60


class Chats:
    """Part of a PageLog. Every method raises sqlite3.Error, and has then changed nothing."""

    def __init__(self, database: PageDatabase) -> None:
        self._database = database

    async def all(self) -> list[Chat]:
        """All chats, the one last written in first."""

        def read(conn: sqlite3.Connection) -> list[Chat]:
            found = conn.execute("select id, title, touched_at from chats order by touched_at desc, id")
            return [Chat(id=row[0], title=row[1], touched_at=row[2]) for row in found]

        return await self._database.run(read)

    async def get(self, chat: str) -> Chat | None:
        """One chat; None when there is none."""
        return await self._database.run(lambda conn: chat_of(conn, chat))

    async def add(self, chat: str, *, now: float) -> Chat:
        """A new chat without a title."""

        def change(conn: sqlite3.Connection) -> Chat:
            conn.execute("insert or ignore into chats values (?, '', 0, ?)", (chat, now))
            return chat_of(conn, chat) or Chat(id=chat, title="", touched_at=now)

        return await self._database.run(change)

    async def name(self, chat: str, title: str) -> Chat | None:
        """Give a chat the title its owner wants; None when there is no such chat."""

        def change(conn: sqlite3.Connection) -> Chat | None:
            conn.execute("update chats set title = ?, named = 1 where id = ?", (title_of(title), chat))
            return chat_of(conn, chat)

        return await self._database.run(change)

    async def remove(self, chat: str) -> None:
        """Forget a chat, its messages and their files."""
        await self._database.run(lambda conn: conn.execute("delete from chats where id = ?", (chat,)))

    async def empty(self, *, keep: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Forget every chat but one, and all that was said in that but our last word; no log holds it then.

        Files go too, also those that no message has yet. The ids of the chats that are gone, and of the
        messages gone from the one that is kept.
        """

        def change(conn: sqlite3.Connection) -> tuple[tuple[str, ...], tuple[str, ...]]:
            chats = tuple(row[0] for row in conn.execute("select id from chats where id <> ?", (keep,)))
            said = "chat = ? and id is not (select max(id) from messages where chat = ? and who = 'bot')"
            found = conn.execute(f"select id from messages where {said}", (keep, keep)).fetchall()  # noqa: S608 (ours)
            conn.execute("delete from chats where id <> ?", (keep,))
            conn.executemany("delete from messages where id = ?", found)
            conn.execute("delete from files")
            conn.execute("update chats set title = '', named = 0 where id = ?", (keep,))
            return chats, tuple(str(row[0]) for row in found)

        gone = await self._database.run(change)
        await self._database.cut_log()
        return gone


def chat_of(conn: sqlite3.Connection, chat: str) -> Chat | None:
    """One chat; None when there is none."""
    row = conn.execute("select id, title, touched_at from chats where id = ?", (chat,)).fetchone()
    return Chat(id=row[0], title=row[1], touched_at=row[2]) if row is not None else None


def title_of(text: str) -> str:
    """The beginning of a text, short enough for a title."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_TITLE else f"{line[: _LONGEST_TITLE - 1]}…"

"""The page's messages: what was said and what is shown of it, in every form it has had last."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

import orjson

from adapters.web.pagelog.chats import chat_of, title_of
from adapters.web.pagelog.database import PageDatabase
from adapters.web.pagelog.files import attach, files_of
from adapters.web.pagelog.values import Attached, FileKind, Message, Shown, StoredFile
from bot.ports import Button

__all__ = ["Messages"]

_COLUMNS: Final = "id, chat, who, text, html, buttons, reply_to, at, version, live, nonce, grew"


class Messages:
    """Part of a PageLog. Every method raises sqlite3.Error, and has then changed nothing."""

    def __init__(self, database: PageDatabase) -> None:
        self._database = database

    async def newest(self, chat: str, *, before: int | None = None, limit: int = 200) -> list[Message]:
        """The newest messages of a chat that stand before one, oldest first."""

        def read(conn: sqlite3.Connection) -> list[Message]:
            found = conn.execute(
                f"select {_COLUMNS} from messages where chat = ? and taken and id < ? "  # noqa: S608 (ours)
                "order by id desc limit ?",
                (chat, before if before is not None else 2**62, limit),
            )
            return _messages(conn, found.fetchall()[::-1])

        return await self._database.run(read)

    async def get(self, chat: str, message_id: str) -> Message | None:
        """One message; None when the chat has none of that id."""
        return await self._database.run(lambda conn: _message_of(conn, chat, message_id))

    async def ids(self, chat: str) -> tuple[str, ...]:
        """Every message of a chat."""

        def read(conn: sqlite3.Connection) -> tuple[str, ...]:
            found = conn.execute("select id from messages where chat = ? order by id", (chat,))
            return tuple(str(row[0]) for row in found)

        return await self._database.run(read)

    # --- a person's -----------------------------------------------------------------------------------

    async def write(
        self, chat: str, text: str, *, files: Sequence[Attached] = (), nonce: str, now: float
    ) -> Message | None:
        """A person's message, not shown before ``take``; the one there is if ``nonce`` came before.

        None when there is no such chat. Raises FileGone.
        """

        def change(conn: sqlite3.Connection) -> Message | None:
            if chat_of(conn, chat) is None:
                return None
            added = conn.execute(
                "insert or ignore into messages (chat, nonce, who, text, html, buttons, reply_to, at, taken) "
                "values (?, ?, 'person', ?, '', '[]', '', ?, 0)",
                (chat, nonce, text, now),
            )
            found = conn.execute("select id from messages where nonce = ?", (nonce,)).fetchone()
            if added.rowcount:
                attach(conn, chat, found[0], files)
            return _message_of(conn, chat, str(found[0]))

        return await self._database.run(change)

    async def take(self, message: Message) -> None:
        """The core has taken a person's message in: show it, and let it name a chat without a title."""

        def change(conn: sqlite3.Connection) -> None:
            conn.execute("update messages set taken = 1 where id = ?", (message.id,))
            conn.execute("update chats set touched_at = ? where id = ?", (message.at, message.chat))
            conn.execute(
                "update chats set title = ? where id = ? and not named and title = ''",
                (_title(message), message.chat),
            )

        await self._database.run(change)

    async def rewrite(self, chat: str, message_id: str, text: str) -> Message | None:
        """Give a person's message other words; None when it is not there."""

        def change(conn: sqlite3.Connection) -> Message | None:
            conn.execute(
                "update messages set text = ?, version = version + 1 "
                "where chat = ? and id = ? and who = 'person' and taken",
                (text, chat, message_id),
            )
            found = _message_of(conn, chat, message_id)
            return found if found is not None and found.who == "person" else None

        return await self._database.run(change)

    # --- ours -----------------------------------------------------------------------------------------

    async def show(self, chat: str, shown: Shown, *, reply_to: str, now: float) -> Message | None:
        """A new message of ours; None when there is no such chat."""

        def change(conn: sqlite3.Connection) -> Message | None:
            if chat_of(conn, chat) is None:
                return None
            added = conn.execute(
                "insert into messages (chat, who, text, html, buttons, live, grew, reply_to, at) "
                "values (?, 'bot', ?, ?, ?, ?, ?, ?, ?)",
                (chat, *_form(shown), shown.live, reply_to, now),
            )
            return _message_of(conn, chat, str(added.lastrowid))

        return await self._database.run(change)

    async def reshow(self, chat: str, message_id: str, shown: Shown) -> Message | None:
        """Let a message of ours show something else; None when it is not there."""

        def change(conn: sqlite3.Connection) -> Message | None:
            changed = conn.execute(
                "update messages set text = ?, html = ?, buttons = ?, live = ?, grew = max(grew, ?), "
                "version = version + 1 where chat = ? and id = ? and who = 'bot'",
                (*_form(shown), shown.live, chat, message_id),
            )
            return _message_of(conn, chat, message_id) if changed.rowcount else None

        return await self._database.run(change)

    async def unfinished(self, chat: str, text: str, *, after: int) -> list[str]:
        """The messages of ours after another that never stopped growing, or that show ``text``."""

        def read(conn: sqlite3.Connection) -> list[str]:
            found = conn.execute(
                "select id from messages where chat = ? and who = 'bot' and id > ? and (live or text = ?) "
                "order by id",
                (chat, after, text),
            )
            return [str(row[0]) for row in found]

        return await self._database.run(read)

    async def remove(self, chat: str, message_ids: Sequence[str]) -> None:
        """Forget messages; those already gone are fine."""
        await self._database.run(
            lambda conn: conn.executemany(
                "delete from messages where chat = ? and id = ?", [(chat, one) for one in message_ids]
            )
        )


def _message_of(conn: sqlite3.Connection, chat: str, message_id: str) -> Message | None:
    rows = conn.execute(
        f"select {_COLUMNS} from messages where chat = ? and id = ?",  # noqa: S608 (ours)
        (chat, message_id),
    ).fetchall()
    return _messages(conn, rows)[0] if rows else None


def _messages(conn: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> list[Message]:
    files = files_of(conn, [row[0] for row in rows])
    return [_message(row, files.get(row[0], ())) for row in rows]


def _message(row: tuple[Any, ...], files: tuple[StoredFile, ...]) -> Message:
    number, chat, who, text, html, buttons, reply_to, at, version, live, nonce, grew = row
    rows = tuple(
        tuple(Button(label=label, data=data) for label, data in buttons) for buttons in orjson.loads(buttons)
    )
    return Message(
        id=str(number),
        chat=chat,
        who=who,
        shown=Shown(text=text, html=html, buttons=rows, live=bool(live)),
        reply_to=reply_to,
        at=at,
        version=version,
        nonce=nonce or "",
        grew=bool(grew),
        files=files,
    )


def _form(shown: Shown) -> tuple[str, str, str, bool]:
    """What a message shows, as its columns."""
    rows = [[(button.label, button.data) for button in row] for row in shown.buttons]
    return shown.text, shown.html, orjson.dumps(rows).decode(), shown.live


def _title(message: Message) -> str:
    """What the message is about; a command is about nothing, and a recording does not tell."""
    if message.shown.text.startswith("/"):
        return ""
    named = (file.name for file in message.files if file.kind is not FileKind.VOICE)
    return title_of(message.shown.text) or title_of(next(named, ""))

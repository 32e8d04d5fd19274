"""What the page shows, kept in a small SQLite file: chats and messages survive a reload and a restart.

The core keeps what was said; this file keeps what is seen. Losing it loses no conversation's memory, only
the view of it. A message gets its id here before the core learns it, so one whose sending was interrupted is
found again.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import orjson

from bot.ports import Button, OutgoingFile

__all__ = ["BUSY_SECONDS", "Chat", "Message", "PageLog", "Shown"]

T = TypeVar("T")

BUSY_SECONDS: Final = 1.0
"""How long a locked file is waited for."""

_SCHEMAS: Final = (
    """
create table chats (
    id text primary key, title text not null, named integer not null default 0, touched_at real not null
);
create table messages (
    id integer primary key autoincrement, chat text not null references chats (id) on delete cascade,
    nonce text unique, who text not null, text text not null, html text not null, buttons text not null,
    reply_to text not null, at real not null, version integer not null default 1,
    taken integer not null default 1, live integer not null default 0
);
create index messages_of_chat on messages (chat, id);
create table secrets (name text primary key, value text not null);
""",
    """
create table files (
    id text primary key, chat text not null references chats (id) on delete cascade, name text not null,
    mime text not null, data blob not null
);
create index files_of_chat on files (chat);
""",
)
"""What each version of the file adds to the one before."""
_COLUMNS: Final = "id, chat, who, text, html, buttons, reply_to, at, version, live, nonce"
_LONGEST_TITLE: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """A chat as the list shows it."""

    id: str
    title: str
    touched_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a message of ours shows. ``live`` says that it still grows."""

    text: str
    html: str
    buttons: tuple[tuple[Button, ...], ...] = ()
    live: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message as the page shows it. ``version`` counts its forms; ``html`` is empty for a person's.

    ``nonce`` is the name a page gave it before it had an id; empty for ours.
    """

    id: str
    chat: str
    who: Literal["person", "bot"]
    shown: Shown
    reply_to: str
    at: float
    version: int
    nonce: str = ""


class PageLog:
    """Safe to use from any task. ``open`` keeps the file open until ``close``; without, each call opens it.

    Every method raises sqlite3.Error when the file cannot be read or written, and has then changed nothing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    async def open(self) -> None:
        """Keep the file open."""
        await asyncio.to_thread(self._open)

    async def close(self) -> None:
        """Close the file; may be called twice."""
        await asyncio.to_thread(self._close)

    # --- secrets --------------------------------------------------------------------------------------

    async def secret(self, name: str) -> str:
        """A random text that stays the same from start to start."""

        def change(conn: sqlite3.Connection) -> str:
            conn.execute("insert or ignore into secrets values (?, ?)", (name, secrets.token_urlsafe(32)))
            return str(conn.execute("select value from secrets where name = ?", (name,)).fetchone()[0])

        return await self._run(change)

    # --- chats ----------------------------------------------------------------------------------------

    async def chats(self) -> list[Chat]:
        """All chats, the one last written in first."""

        def read(conn: sqlite3.Connection) -> list[Chat]:
            found = conn.execute("select id, title, touched_at from chats order by touched_at desc, id")
            return [Chat(id=row[0], title=row[1], touched_at=row[2]) for row in found]

        return await self._run(read)

    async def chat(self, chat: str) -> Chat | None:
        """One chat; None when there is none."""
        return await self._run(lambda conn: _chat(conn, chat))

    async def add_chat(self, chat: str, *, now: float) -> Chat:
        """A new chat without a title."""

        def change(conn: sqlite3.Connection) -> Chat:
            conn.execute("insert or ignore into chats values (?, '', 0, ?)", (chat, now))
            return _chat(conn, chat) or Chat(id=chat, title="", touched_at=now)

        return await self._run(change)

    async def name_chat(self, chat: str, title: str) -> Chat | None:
        """Give a chat the title its owner wants; None when there is no such chat."""

        def change(conn: sqlite3.Connection) -> Chat | None:
            conn.execute("update chats set title = ?, named = 1 where id = ?", (_title(title), chat))
            return _chat(conn, chat)

        return await self._run(change)

    async def remove_chat(self, chat: str) -> None:
        """Forget a chat and its messages."""
        await self._run(lambda conn: conn.execute("delete from chats where id = ?", (chat,)))

    async def empty(self, *, keep: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Forget every chat but one, and all that was said in that but our last word; no file holds it then.

        The ids of the chats that are gone, and of the messages gone from the one that is kept.
        """

        def change(conn: sqlite3.Connection) -> tuple[tuple[str, ...], tuple[str, ...]]:
            chats = tuple(row[0] for row in conn.execute("select id from chats where id <> ?", (keep,)))
            said = "chat = ? and id is not (select max(id) from messages where chat = ? and who = 'bot')"
            found = conn.execute(f"select id from messages where {said}", (keep, keep)).fetchall()  # noqa: S608 (ours)
            conn.execute("delete from chats where id <> ?", (keep,))
            conn.executemany("delete from messages where id = ?", found)
            conn.execute("delete from files where chat = ?", (keep,))
            conn.execute("update chats set title = '', named = 0 where id = ?", (keep,))
            return chats, tuple(str(row[0]) for row in found)

        gone = await self._run(change)
        await asyncio.to_thread(self._cut_log)
        return gone

    # --- files ----------------------------------------------------------------------------------------

    async def add_file(self, chat: str, file: OutgoingFile) -> str | None:
        """Keep a file of ours for the chat's page; its id, None when there is no such chat."""
        file_id = secrets.token_hex(16)

        def change(conn: sqlite3.Connection) -> str | None:
            if _chat(conn, chat) is None:
                return None
            conn.execute(
                "insert into files values (?, ?, ?, ?, ?)", (file_id, chat, file.name, file.mime, file.data)
            )
            return file_id

        return await self._run(change)

    async def file(self, file_id: str) -> OutgoingFile | None:
        """A file that was kept; None when there is none of that id."""

        def read(conn: sqlite3.Connection) -> OutgoingFile | None:
            row = conn.execute("select name, mime, data from files where id = ?", (file_id,)).fetchone()
            return OutgoingFile(name=row[0], mime=row[1], data=row[2]) if row is not None else None

        return await self._run(read)

    # --- messages -------------------------------------------------------------------------------------

    async def messages(self, chat: str, *, before: int | None = None, limit: int = 200) -> list[Message]:
        """The newest messages of a chat that stand before one, oldest first."""

        def read(conn: sqlite3.Connection) -> list[Message]:
            found = conn.execute(
                f"select {_COLUMNS} from messages where chat = ? and taken and id < ? "  # noqa: S608 (ours)
                "order by id desc limit ?",
                (chat, before if before is not None else 2**62, limit),
            )
            return [_message(row) for row in found][::-1]

        return await self._run(read)

    async def message(self, chat: str, message_id: str) -> Message | None:
        """One message; None when the chat has none of that id."""
        return await self._run(lambda conn: _message_of(conn, chat, message_id))

    async def ids_of_chat(self, chat: str) -> tuple[str, ...]:
        """Every message of a chat."""

        def read(conn: sqlite3.Connection) -> tuple[str, ...]:
            found = conn.execute("select id from messages where chat = ? order by id", (chat,))
            return tuple(str(row[0]) for row in found)

        return await self._run(read)

    async def write(self, chat: str, text: str, *, nonce: str, now: float) -> Message | None:
        """A person's message, not shown before ``take``; the one there is if ``nonce`` came before.

        None when there is no such chat.
        """

        def change(conn: sqlite3.Connection) -> Message | None:
            if _chat(conn, chat) is None:
                return None
            conn.execute(
                "insert or ignore into messages (chat, nonce, who, text, html, buttons, reply_to, at, taken) "
                "values (?, ?, 'person', ?, '', '[]', '', ?, 0)",
                (chat, nonce, text, now),
            )
            found = conn.execute("select id from messages where nonce = ?", (nonce,)).fetchone()
            return _message_of(conn, chat, str(found[0]))

        return await self._run(change)

    async def take(self, message: Message) -> None:
        """The core has taken a person's message in: show it, and let it name a chat without a title."""

        def change(conn: sqlite3.Connection) -> None:
            conn.execute("update messages set taken = 1 where id = ?", (message.id,))
            conn.execute("update chats set touched_at = ? where id = ?", (message.at, message.chat))
            conn.execute(
                "update chats set title = ? where id = ? and not named and title = ''",
                ("" if message.shown.text.startswith("/") else _title(message.shown.text), message.chat),
            )

        await self._run(change)

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

        return await self._run(change)

    async def show(self, chat: str, shown: Shown, *, reply_to: str, now: float) -> Message | None:
        """A new message of ours; None when there is no such chat."""

        def change(conn: sqlite3.Connection) -> Message | None:
            if _chat(conn, chat) is None:
                return None
            added = conn.execute(
                "insert into messages (chat, who, text, html, buttons, live, reply_to, at) "
                "values (?, 'bot', ?, ?, ?, ?, ?, ?)",
                (chat, *_form(shown), reply_to, now),
            )
            return _message_of(conn, chat, str(added.lastrowid))

        return await self._run(change)

    async def reshow(self, chat: str, message_id: str, shown: Shown) -> Message | None:
        """Let a message of ours show something else; None when it is not there."""

        def change(conn: sqlite3.Connection) -> Message | None:
            changed = conn.execute(
                "update messages set text = ?, html = ?, buttons = ?, live = ?, version = version + 1 "
                "where chat = ? and id = ? and who = 'bot'",
                (*_form(shown), chat, message_id),
            )
            return _message_of(conn, chat, message_id) if changed.rowcount else None

        return await self._run(change)

    async def unfinished(self, chat: str, text: str, *, after: int) -> list[str]:
        """The messages of ours after another that never stopped growing, or that show ``text``."""

        def read(conn: sqlite3.Connection) -> list[str]:
            found = conn.execute(
                "select id from messages where chat = ? and who = 'bot' and id > ? and (live or text = ?) "
                "order by id",
                (chat, after, text),
            )
            return [str(row[0]) for row in found]

        return await self._run(read)

    async def remove(self, chat: str, message_ids: Sequence[str]) -> None:
        """Forget messages; those already gone are fine."""
        await self._run(
            lambda conn: conn.executemany(
                "delete from messages where chat = ? and id = ?", [(chat, one) for one in message_ids]
            )
        )

    # --- the file -------------------------------------------------------------------------------------

    async def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        # Shielded: a change under way is done whole, and its result known, before anybody leaves.
        return await asyncio.shield(asyncio.ensure_future(asyncio.to_thread(self._transact, work)))

    def _transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with self._lock, self._borrowed() as connection:
            connection.execute("begin immediate")
            try:
                result = work(connection)
            except BaseException:
                connection.rollback()
                raise
            connection.commit()
            return result

    def _cut_log(self) -> None:
        """The write-ahead log holds what was deleted until it is cut off."""
        with self._lock, self._borrowed() as connection:
            connection.execute("pragma wal_checkpoint(truncate)")

    @contextlib.contextmanager
    def _borrowed(self) -> Iterator[sqlite3.Connection]:
        if self._connection is not None:
            yield self._connection
            return
        with contextlib.closing(_connect(self._path)) as connection:
            yield connection

    def _open(self) -> None:
        with self._lock:
            if self._connection is None:
                self._connection = _connect(self._path)

    def _close(self) -> None:
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()


def _connect(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)  # it holds what was said, and the key of the browsers that may read it
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = normal")
        connection.execute("pragma foreign_keys = on")
        connection.execute("pragma secure_delete = on")
        version = connection.execute("pragma user_version").fetchone()[0]
        for number, schema in enumerate(_SCHEMAS[version:], start=version + 1):
            connection.executescript(f"begin;{schema};pragma user_version = {number};commit;")
    except BaseException:
        connection.close()
        raise
    return connection


def _chat(conn: sqlite3.Connection, chat: str) -> Chat | None:
    row = conn.execute("select id, title, touched_at from chats where id = ?", (chat,)).fetchone()
    return Chat(id=row[0], title=row[1], touched_at=row[2]) if row is not None else None


def _message_of(conn: sqlite3.Connection, chat: str, message_id: str) -> Message | None:
    row = conn.execute(
        f"select {_COLUMNS} from messages where chat = ? and id = ?",  # noqa: S608 (ours)
        (chat, message_id),
    ).fetchone()
    return _message(row) if row is not None else None


def _message(row: tuple[Any, ...]) -> Message:
    number, chat, who, text, html, buttons, reply_to, at, version, live, nonce = row
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
    )


def _form(shown: Shown) -> tuple[str, str, str, bool]:
    """What a message shows, as its columns."""
    rows = [[(button.label, button.data) for button in row] for row in shown.buttons]
    return shown.text, shown.html, orjson.dumps(rows).decode(), shown.live


def _title(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_TITLE else f"{line[: _LONGEST_TITLE - 1]}…"

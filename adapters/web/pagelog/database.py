"""The page's SQLite file: opened in the newest form whatever its age, every piece of work one transaction."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeVar

from adapters.web.pagelog.shelf import Shelf

__all__ = ["BUSY_SECONDS", "PageDatabase"]

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
    # The bytes move out to the shelf. Whatever deletes a file's row, the same transaction notes that its
    # bytes have to go. An old answer can only be told from a reply to a command by what it came after.
    """
create table stored (
    id text primary key, chat text references chats (id) on delete cascade,
    message integer references messages (id) on delete cascade, position integer not null default 0,
    kind text not null, name text not null, mime text not null, size_bytes integer not null,
    digest text not null, seconds real, at real not null
);
insert into stored
select id, chat, null, 0,
    case when mime in ('image/png', 'image/jpeg', 'image/webp', 'image/gif') then 'picture'
         when mime like 'audio/%' then 'sound' when mime like 'video/%' then 'film' else 'file' end,
    name, mime, put_on_shelf(id, data), '', null, 0
from files;
drop table files;
alter table stored rename to files;
create index files_of_chat on files (chat);
create index files_of_message on files (message);
create table dropped (id text primary key);
create trigger file_dropped after delete on files begin insert or ignore into dropped values (old.id); end;
alter table messages add column grew integer not null default 0;
update messages set grew = 1 where who = 'bot' and '/' <> coalesce((
    select substr(text, 1, 1) from messages as asked
    where asked.chat = messages.chat and asked.who = 'person' and asked.id < messages.id
    order by asked.id desc limit 1
), '/');
""",
)
"""What each version of the file adds to the one before."""


class PageDatabase:
    """Safe to use from any task. ``open`` keeps the file open until ``close``; without, each call opens it.

    Every method raises sqlite3.Error when the file cannot be read or written, and has then changed nothing.
    """

    def __init__(self, path: Path, shelf: Shelf) -> None:
        self._path = path
        self._shelf = shelf
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    async def open(self) -> None:
        """Keep the file open."""
        await asyncio.to_thread(self._open)

    async def close(self) -> None:
        """Close the file; may be called twice."""
        await asyncio.to_thread(self._close)

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do this in one transaction."""
        # Shielded: a change under way is done whole, and its result known, before anybody leaves.
        return await asyncio.shield(asyncio.ensure_future(asyncio.to_thread(self._transact, work)))

    async def cut_log(self) -> None:
        """The write-ahead log holds what was deleted until it is cut off."""
        await asyncio.to_thread(self._cut_log)

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
        with self._lock, self._borrowed() as connection:
            connection.execute("pragma wal_checkpoint(truncate)")

    @contextlib.contextmanager
    def _borrowed(self) -> Iterator[sqlite3.Connection]:
        if self._connection is not None:
            yield self._connection
            return
        with contextlib.closing(self._connect()) as connection:
            yield connection

    def _open(self) -> None:
        with self._lock:
            if self._connection is None:
                self._connection = self._connect()

    def _close(self) -> None:
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    def _connect(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.touch(mode=0o600)  # it holds what was said, and the key of the browsers that may read it
        connection = sqlite3.connect(
            self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = normal")
            connection.execute("pragma foreign_keys = on")
            connection.execute("pragma secure_delete = on")
            self._bring_up_to_date(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _bring_up_to_date(self, connection: sqlite3.Connection) -> None:
        connection.create_function("put_on_shelf", 2, self._shelf.put_now)
        version = connection.execute("pragma user_version").fetchone()[0]
        for number, schema in enumerate(_SCHEMAS[version:], start=version + 1):
            connection.executescript(f"begin;{schema};pragma user_version = {number};commit;")

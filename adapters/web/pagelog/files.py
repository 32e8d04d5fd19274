"""The page's files: taken in before the message they come with, kept as long as its chat."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Final

from adapters.web.pagelog.chats import chat_of
from adapters.web.pagelog.database import PageDatabase
from adapters.web.pagelog.shelf import Arriving, Shelf
from adapters.web.pagelog.values import Attached, FileKind, StoredFile
from bot.ports import OutgoingFile

__all__ = ["FileGone", "Files", "attach", "files_of"]

_COLUMNS: Final = "id, name, mime, kind, size_bytes, digest, seconds"
_UNUSED_SECONDS: Final = 86_400.0
"""How long a file waits for its message."""


class FileGone(Exception):
    """A message names a file that is not there, or that came with another message."""


class Files:
    """Part of a PageLog. Every method raises sqlite3.Error or StorageError, and has then changed nothing."""

    def __init__(self, database: PageDatabase, shelf: Shelf) -> None:
        self._database = database
        self._shelf = shelf

    def arrive(self, file_id: str) -> AbstractAsyncContextManager[Arriving]:
        """Write the bytes of a file; they are there once the block is left without an error."""
        return self._shelf.arrive(file_id)

    def read(self, file: StoredFile) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """A file's bytes, piece by piece."""
        return self._shelf.read(file.id)

    def path(self, file: StoredFile) -> Path:
        """Where a file's bytes are."""
        return self._shelf.path(file.id)

    async def take(self, file_id: str, *, mime: str, arrived: Arriving, now: float) -> None:
        """Note a file that has arrived whole, for a message that will come. It may come again until then."""

        def change(conn: sqlite3.Connection) -> None:
            conn.execute(
                "insert into files values (?, null, null, 0, ?, '', ?, ?, ?, null, ?) on conflict (id) do "
                "update set mime = excluded.mime, size_bytes = excluded.size_bytes, digest = excluded.digest "
                "where chat is null",
                (file_id, FileKind.FILE, mime, arrived.size_bytes, arrived.digest, now),
            )

        await self._database.run(change)

    async def add(self, chat: str, file: OutgoingFile, *, kind: FileKind, now: float) -> str | None:
        """Keep a file of ours for a chat; its id, None when there is no such chat."""
        file_id = secrets.token_hex(16)
        await self._shelf.put(file_id, file.data)

        def change(conn: sqlite3.Connection) -> str | None:
            if chat_of(conn, chat) is None:
                conn.execute("insert into dropped values (?)", (file_id,))
                return None
            conn.execute(
                "insert into files values (?, ?, null, 0, ?, ?, ?, ?, '', null, ?)",
                (file_id, chat, kind, file.name, file.mime, len(file.data), now),
            )
            return file_id

        return await self._database.run(change)

    async def get(self, file_id: str) -> StoredFile | None:
        """A file that is kept; None when there is none of that id."""

        def read(conn: sqlite3.Connection) -> StoredFile | None:
            row = conn.execute(f"select {_COLUMNS} from files where id = ?", (file_id,)).fetchone()  # noqa: S608 (ours)
            return _file(row) if row is not None else None

        return await self._database.run(read)

    async def is_free(self, file_id: str) -> bool:
        """Whether a file may arrive under this id: no message has it."""

        def read(conn: sqlite3.Connection) -> bool:
            return (
                conn.execute("select 1 from files where id = ? and chat is not null", (file_id,)).fetchone()
                is None
            )

        return await self._database.run(read)

    async def sweep(self, *, now: float) -> None:
        """Delete the bytes of the files that are gone, and what waited in vain to be sent for a day."""

        def change(conn: sqlite3.Connection) -> list[str]:
            conn.execute("delete from files where chat is null and at < ?", (now - _UNUSED_SECONDS,))
            conn.execute("delete from messages where not taken and at < ?", (now - _UNUSED_SECONDS,))
            found = conn.execute("select id from dropped where id not in (select id from files)")
            return [row[0] for row in found]

        dropped = await self._database.run(change)
        if not dropped:
            return
        await self._shelf.drop(dropped)
        await self._database.run(
            lambda conn: conn.executemany("delete from dropped where id = ?", [(one,) for one in dropped])
        )

    async def clear_away(self) -> None:
        """Delete bytes that belong to no file: an earlier process ended before it noted whose they are."""
        known = await self._database.run(
            lambda conn: {row[0] for row in conn.execute("select id from files")}
        )
        await self._shelf.keep_only(known)


def attach(conn: sqlite3.Connection, chat: str, message: int, files: Sequence[Attached]) -> None:
    """Give a message its files. Raises FileGone."""
    for position, file in enumerate(files):
        changed = conn.execute(
            "update files set chat = ?, message = ?, position = ?, name = ?, mime = ?, kind = ?, seconds = ? "
            "where id = ? and chat is null",
            (chat, message, position, file.name, file.mime, file.kind, file.seconds, file.id),
        )
        if not changed.rowcount:
            raise FileGone(file.id)


def files_of(conn: sqlite3.Connection, messages: Sequence[int]) -> Mapping[int, tuple[StoredFile, ...]]:
    """The files of each message that has some, in their order."""
    found: dict[int, tuple[StoredFile, ...]] = {}
    marks = ", ".join("?" * len(messages))
    rows = conn.execute(
        f"select {_COLUMNS}, message from files where message in ({marks}) order by message, position",  # noqa: S608 (ours)
        tuple(messages),
    )
    for *row, message in rows:
        found[message] = (*found.get(message, ()), _file(row))
    return found


def _file(row: Sequence[Any]) -> StoredFile:
    file_id, name, mime, kind, size_bytes, digest, seconds = row
    return StoredFile(
        id=file_id,
        name=name,
        mime=mime,
        kind=FileKind(kind),
        size_bytes=size_bytes,
        digest=digest,
        seconds=seconds,
    )

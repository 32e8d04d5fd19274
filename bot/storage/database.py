"""Writes reach the disk in groups, one transaction after another; reads run beside them."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection

from bot.errors import StorageError
from bot.storage.failures import DRIVER_ERRORS, file_error, storage_error
from bot.storage.locking import FileLock
from bot.storage.sqlite import SqliteSession
from bot.storage.tables import metadata
from bot.storage.urls import DatabaseFile, parse_database_url

__all__ = ["Database", "open_database"]

T = TypeVar("T")

_LARGEST_GROUP = 256
# Without secure_delete what was deleted stays readable in the file: https://www.sqlite.org/pragma.html
_WRITER_PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "secure_delete=ON")
_READER_PRAGMAS = ("query_only=ON",)


class Database(Protocol):
    """Where everything is kept. Callables get a SQLAlchemy Core connection inside a transaction.

    They are plain functions, run in another thread, and neither commit nor roll back; what they return must
    not depend on the connection. A change may be run twice, its first run undone, when another one that was
    to be committed with it fails. Both methods raise StorageError, and whatever the callable itself raises.
    """

    async def write(
        self,
        change: Callable[[Connection], T],
        *,
        durable: bool = False,
        committed: Callable[[T], None] | None = None,
    ) -> T:
        """Carry out ``change``: wholly, or not at all when it raises. It is committed on return.

        A commit survives the death of the process, with ``durable`` also the loss of power. A cancelled
        waiter does not cancel the change. ``committed`` is called with the result in the event loop right
        after the commit, in the order of the changes, also when the waiter is gone.
        """

    async def read(self, query: Callable[[Connection], T]) -> T:
        """What ``query`` finds in one consistent state of the database."""

    async def scrub(self) -> bool:
        """Leave nothing of what was deleted in the database's files.

        False when another process read in them for so long that some is left. Raises StorageError.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class _Write:
    change: Callable[[Connection], Any]
    durable: bool
    committed: Callable[[Any], None] | None
    done: asyncio.Future[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failed:
    error: Exception


class _SqliteDatabase:
    """Database on one SQLite file: one connection writes, another reads."""

    __slots__ = ("_closed", "_full_sync", "_name", "_reader", "_waiting", "_writer", "_writing")

    def __init__(self, *, name: str, writer: SqliteSession, reader: SqliteSession) -> None:
        self._name = name
        self._writer = writer
        self._reader = reader
        self._waiting: list[_Write] = []
        self._writing: asyncio.Task[None] | None = None
        self._full_sync = False
        self._closed = False

    async def write(
        self,
        change: Callable[[Connection], T],
        *,
        durable: bool = False,
        committed: Callable[[T], None] | None = None,
    ) -> T:
        self._check_open()
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Write(change=change, durable=durable, committed=committed, done=done))
        if self._writing is None:
            # An own, empty context: what one caller bound must not show in another's log lines.
            self._writing = asyncio.create_task(
                self._write_waiting(), name="database writer", context=contextvars.Context()
            )
        return await done

    async def read(self, query: Callable[[Connection], T]) -> T:
        self._check_open()
        try:
            return await self._reader.run(partial(self._query, query))
        except DRIVER_ERRORS as exc:
            raise storage_error(exc, name=self._name) from exc

    async def scrub(self) -> bool:
        self._check_open()
        try:
            return await self._writer.run(self._cut_log)
        except DRIVER_ERRORS as exc:
            raise storage_error(exc, name=self._name) from exc

    async def aclose(self) -> None:
        """Finish what was asked for, then close the connections."""
        self._closed = True
        if self._writing is not None:
            await self._writing
        if self._reader is not self._writer:
            await self._reader.aclose()
        await self._writer.aclose()

    def _check_open(self) -> None:
        if self._closed:
            raise StorageError(f"the database {self._name} is closed")

    # --- in the event loop ---

    async def _write_waiting(self) -> None:
        try:
            while self._waiting:
                group = self._waiting[:_LARGEST_GROUP]
                del self._waiting[:_LARGEST_GROUP]
                await self._write_group(group)
        finally:
            self._writing = None

    async def _write_group(self, group: list[_Write]) -> None:
        try:
            outcomes = await self._writer.run(partial(self._commit_group, group))
        except asyncio.CancelledError:
            for write in group:
                write.done.cancel()
            raise
        except Exception as exc:  # noqa: BLE001  the group's own failure, told to everybody in it
            outcomes = [_Failed(error=exc)] * len(group)
        for write, outcome in zip(group, outcomes, strict=True):
            self._resolve(write, outcome)

    def _resolve(self, write: _Write, outcome: Any) -> None:
        error = outcome.error if isinstance(outcome, _Failed) else _announce(write, outcome)
        if write.done.done():
            return
        if error is None:
            write.done.set_result(outcome)
        else:
            write.done.set_exception(self._translated(error))

    def _translated(self, error: Exception) -> Exception:
        if not isinstance(error, DRIVER_ERRORS):
            return error
        translated = storage_error(error, name=self._name)
        translated.__cause__ = error
        return translated

    # --- in the connections' threads ---

    def _commit_group(self, group: list[_Write]) -> list[Any]:
        self._set_sync(full=any(write.durable for write in group))
        try:
            return self._in_one_go(group)
        except Exception as exc:  # noqa: BLE001  whose it is shows when each change is guarded by itself
            if len(group) == 1:
                return [_Failed(error=exc)]
        return self._each_guarded(group)

    def _in_one_go(self, group: list[_Write]) -> list[Any]:
        """The ordinary case: nothing fails, so no change needs a savepoint (two statements) of its own."""
        with self._transaction():
            return [write.change(self._writer.core) for write in group]

    def _each_guarded(self, group: list[_Write]) -> list[Any]:
        with self._transaction():
            return [self._apply(write.change) for write in group]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._writer.raw.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._end(self._writer, commit=True)
        except BaseException:
            self._end(self._writer, commit=False)
            raise

    def _apply(self, change: Callable[[Connection], Any]) -> Any:
        raw = self._writer.raw
        raw.execute("SAVEPOINT one_change")
        try:
            outcome = change(self._writer.core)
        except Exception as exc:
            if not raw.in_transaction:
                raise  # SQLite has rolled back everything: https://www.sqlite.org/lang_transaction.html
            raw.execute("ROLLBACK TO one_change")
            outcome = _Failed(error=exc)
        raw.execute("RELEASE one_change")
        return outcome

    def _set_sync(self, *, full: bool) -> None:
        if full is not self._full_sync:
            self._writer.raw.execute(f"PRAGMA synchronous={'FULL' if full else 'NORMAL'}")
            self._full_sync = full

    def _cut_log(self) -> bool:
        """The write-ahead log holds every older form of a page until it is cut off."""
        (busy, _, _) = self._writer.raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy

    def _query(self, query: Callable[[Connection], T]) -> T:
        self._reader.raw.execute("BEGIN")
        try:
            return query(self._reader.core)
        finally:
            self._end(self._reader, commit=False)

    @staticmethod
    def _end(session: SqliteSession, *, commit: bool) -> None:
        # Both: SQLAlchemy knows of a transaction only when a statement went through it.
        for connection in (session.core, session.raw):
            if commit:
                connection.commit()
            else:
                connection.rollback()


def _announce(write: _Write, outcome: Any) -> Exception | None:
    try:
        if write.committed is not None:
            write.committed(outcome)
    except Exception as exc:  # noqa: BLE001  it belongs to whoever waits for this write
        return exc
    return None


@asynccontextmanager
async def open_database(url: str, *, exclusive: bool = True) -> AsyncIterator[Database]:
    """The database ``url`` names, closed at the end of the block; its folder is made when missing.

    The tables come from ``migrate``; only a database in memory is made with them. ``exclusive`` keeps out
    every other process that asks for it too; a command that works beside a running service says False.
    Raises ConfigurationError for an unusable URL or a database in use, StorageError for the rest.
    """
    file = parse_database_url(url)
    lock = _prepare_file(file, exclusive=exclusive)
    try:
        database = await _open(file)
        try:
            yield database
        finally:
            await database.aclose()
    finally:
        if lock is not None:
            lock.release()


def _prepare_file(file: DatabaseFile, *, exclusive: bool) -> FileLock | None:
    if file.path is None:
        return None
    try:
        file.path.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(file.path) if exclusive else None
    except OSError as exc:
        raise file_error(exc, name=file.name) from exc


async def _open(file: DatabaseFile) -> _SqliteDatabase:
    try:
        writer = await SqliteSession.open(file.path, pragmas=_WRITER_PRAGMAS)
        reader = await _open_reader(file.path, writer)
    except DRIVER_ERRORS as exc:
        raise storage_error(exc, name=file.name) from exc
    return _SqliteDatabase(name=file.name, writer=writer, reader=reader)


async def _open_reader(path: Path | None, writer: SqliteSession) -> SqliteSession:
    try:
        if path is not None:
            return await SqliteSession.open(path, pragmas=_READER_PRAGMAS)
        # Another connection would see another database in memory.
        await writer.run(lambda: metadata.create_all(writer.core))
        await writer.run(writer.core.commit)
    except BaseException:
        await writer.aclose()
        raise
    return writer

"""Writes are grouped, whole, ordered and safe; reads are consistent."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from bot.errors import StorageError
from bot.storage import Database, open_database
from bot.storage.database import _SqliteDatabase


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """A database file with one small table."""
    async with open_database(f"sqlite+aiosqlite:///{tmp_path}/some/folder/test.db") as opened:
        await opened.write(lambda conn: conn.exec_driver_sql("CREATE TABLE t (v TEXT UNIQUE)").close())
        yield opened


def _insert(value: str) -> Callable[[Connection], str]:
    def change(conn: Connection) -> str:
        conn.exec_driver_sql("INSERT INTO t VALUES (?)", (value,))
        return value

    return change


def _values(conn: Connection) -> list[str]:
    return [row[0] for row in conn.exec_driver_sql("SELECT v FROM t ORDER BY rowid")]


def _pragma(text: str) -> Callable[[Connection], Any]:
    def change(conn: Connection) -> Any:
        result = conn.exec_driver_sql(f"PRAGMA {text}")
        return result.scalar() if result.returns_rows else None

    return change


def _holders(folder: Path, words: bytes) -> list[str]:
    return [file.name for file in folder.iterdir() if words in file.read_bytes()]


async def _on_writer(database: Database, statement: str) -> None:
    """Execute the statement on the writer's connection, outside its transactions."""
    assert isinstance(database, _SqliteDatabase)
    writer = database._writer
    await writer.run(lambda: writer.raw.execute(statement).close())


async def _trace(database: Database) -> list[str]:
    """What the writer's connection executes from now on."""
    assert isinstance(database, _SqliteDatabase)
    statements: list[str] = []
    writer = database._writer
    await writer.run(lambda: writer.raw.set_trace_callback(statements.append))
    return statements


async def test_writes_asked_for_together_share_a_transaction(database: Database) -> None:
    """A hundred writes at once cost one commit, and each gets its own result."""
    statements = await _trace(database)
    names = [str(number) for number in range(100)]
    assert await asyncio.gather(*(database.write(_insert(name)) for name in names)) == names
    assert statements.count("COMMIT") == 1
    assert await database.read(_values) == names


async def test_a_change_that_raises_fails_alone(database: Database) -> None:
    """Its own exception reaches its caller, nothing of it stays, its neighbours are stored."""

    def broken(conn: Connection) -> None:
        _insert("half")(conn)
        raise KeyError("broken")

    statements = await _trace(database)
    results = await asyncio.gather(
        database.write(_insert("a")),
        database.write(broken),
        database.write(_insert("b")),
        return_exceptions=True,
    )
    assert results[0] == "a"
    assert isinstance(results[1], KeyError)
    assert results[2] == "b"
    assert statements.count("COMMIT") == 1
    assert await database.read(_values) == ["a", "b"]


async def test_a_broken_constraint_fails_alone_without_telling_its_values(
    database: Database,
) -> None:
    """The statement's parameters may be what a person wrote."""
    await database.write(_insert("secret"))
    results = await asyncio.gather(
        database.write(_insert("a")), database.write(_insert("secret")), return_exceptions=True
    )
    assert results[0] == "a"
    assert isinstance(results[1], StorageError)
    assert "UNIQUE constraint failed: t.v" in str(results[1])
    assert "secret" not in str(results[1])
    assert "secret" not in str(results[1].__cause__)


async def test_a_nested_savepoint_of_a_change_works(database: Database) -> None:
    """A change may try something, give it up and go on."""

    def careful(conn: Connection) -> None:
        nested = conn.begin_nested()
        _insert("tried")(conn)
        nested.rollback()
        _insert("kept")(conn)

    await database.write(careful)
    assert await database.read(_values) == ["kept"]


async def test_only_a_group_with_a_durable_write_waits_for_the_disk(database: Database) -> None:
    """synchronous=FULL holds for that group, NORMAL before and after."""
    modes = [
        await database.write(_pragma("synchronous")),
        *await asyncio.gather(
            database.write(_pragma("synchronous")), database.write(_pragma("synchronous"), durable=True)
        ),
        await database.write(_pragma("synchronous")),
    ]
    assert modes == [1, 2, 2, 1]
    assert await database.write(_pragma("journal_mode")) == "wal"
    assert await database.write(_pragma("foreign_keys")) == 1


async def test_a_cancelled_waiter_does_not_cancel_its_write(database: Database) -> None:
    """The change is stored and its commit announced, in order with the others."""
    announced: list[str] = []
    waiting = [
        asyncio.create_task(database.write(_insert(name), committed=announced.append))
        for name in ("a", "b", "c")
    ]
    await asyncio.sleep(0)
    waiting[1].cancel()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(results[1], asyncio.CancelledError)
    assert await database.read(_values) == ["a", "b", "c"]
    assert announced == ["a", "b", "c"]


async def test_a_failed_write_is_not_announced(database: Database) -> None:
    """``committed`` means committed."""
    announced: list[str] = []
    await database.write(_insert("a"), committed=announced.append)
    with pytest.raises(StorageError):
        await database.write(_insert("a"), committed=announced.append)
    assert announced == ["a"]


async def test_a_read_sees_one_state_and_cannot_write(database: Database) -> None:
    """Two statements of a read agree although a write lands between them."""
    await database.write(_insert("a"))
    loop = asyncio.get_running_loop()

    def query(conn: Connection) -> tuple[list[str], list[str]]:
        before = _values(conn)
        asyncio.run_coroutine_threadsafe(database.write(_insert("b")), loop).result(timeout=20)
        return before, _values(conn)

    assert await database.read(query) == (["a"], ["a"])
    assert await database.read(_values) == ["a", "b"]
    with pytest.raises(StorageError, match="read-only"):
        await database.read(_insert("c"))


async def test_after_a_full_disk_the_next_write_succeeds(database: Database) -> None:
    """The operator is told, nothing half is stored, and service goes on once there is space."""
    pages = await database.write(_pragma("page_count"))
    await database.write(_pragma(f"max_page_count = {pages}"))
    with pytest.raises(StorageError, match="the disk is full; free some space"):
        await database.write(_insert("x" * 100_000))
    results = await asyncio.gather(
        *(database.write(_insert(str(n) * 50_000)) for n in range(3)), return_exceptions=True
    )
    assert all(isinstance(result, StorageError) for result in results)
    await database.write(_pragma("max_page_count = 100000"))
    await database.write(_insert("y" * 100_000))
    assert await database.read(_values) == ["y" * 100_000]


async def test_after_a_read_only_time_the_next_write_succeeds(database: Database) -> None:
    """A file that cannot be written for a while does not end the writer."""
    await _on_writer(database, "PRAGMA query_only = ON")
    with pytest.raises(StorageError, match="is read-only; let this user write"):
        await database.write(_insert("a"))
    await _on_writer(database, "PRAGMA query_only = OFF")
    await database.write(_insert("b"))
    assert await database.read(_values) == ["b"]


async def test_a_lock_of_another_program_is_an_error_for_every_waiter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backup program that holds the file makes writes fail with a sentence; afterwards they succeed."""
    monkeypatch.setattr("bot.storage.sqlite._BUSY_SECONDS", 0.01)
    path = tmp_path / "test.db"
    async with open_database(f"sqlite:///{path}") as database:
        await database.write(lambda conn: conn.exec_driver_sql("CREATE TABLE t (v TEXT)").close())
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        results = await asyncio.gather(
            *(database.write(_insert(name)) for name in "ab"), return_exceptions=True
        )
        assert ["locked by another process" in str(result) for result in results] == [True, True]
        other.execute("ROLLBACK")
        other.close()
        assert await database.write(_insert("c")) == "c"


async def test_closing_finishes_what_was_asked_for(tmp_path: Path) -> None:
    """Writes under way are stored; later ones are refused."""
    url = f"sqlite:///{tmp_path}/test.db"
    async with open_database(url) as database:
        await database.write(lambda conn: conn.exec_driver_sql("CREATE TABLE t (v TEXT)").close())
        late = asyncio.create_task(database.write(_insert("a")))
        await asyncio.sleep(0)
    assert await late == "a"
    with pytest.raises(StorageError, match="is closed"):
        await database.write(_insert("b"))
    with pytest.raises(StorageError, match="is closed"):
        await database.read(_values)
    async with open_database(url) as database:
        assert await database.read(_values) == ["a"]


async def test_a_database_in_memory_has_its_tables() -> None:
    """For tests: nothing to migrate, reads see what was written."""
    async with open_database("sqlite+aiosqlite://") as database:
        await database.write(
            lambda conn: conn.exec_driver_sql("INSERT INTO conversations (key) VALUES ('k')").close()
        )
        query = "SELECT key FROM conversations"
        assert await database.read(lambda conn: conn.exec_driver_sql(query).scalar()) == "k"


async def test_what_was_deleted_can_be_scrubbed_from_the_files(database: Database, tmp_path: Path) -> None:
    """Neither the file nor the log beside it holds the word; the rest is still there."""
    folder = tmp_path / "some" / "folder"
    await database.write(_insert("to be deleted"))
    await database.write(_insert("to be kept"))
    await database.write(lambda conn: conn.exec_driver_sql("DELETE FROM t WHERE v LIKE '%deleted'").close())
    assert _holders(folder, b"to be deleted") != []
    assert await database.scrub()
    assert _holders(folder, b"to be deleted") == []
    assert await database.read(_values) == ["to be kept"]

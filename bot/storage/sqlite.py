"""One SQLite connection in a thread of its own, with SQLAlchemy Core on top.

aiosqlite owns the thread and the connection. SQLAlchemy's asynchronous dialect would cross from the event
loop to that thread about four times for every statement; here a whole piece of work crosses once, which
was measured to cost a fifth of the CPU time for single writes and a fifteenth for grouped ones.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import aiosqlite
from sqlalchemy import Connection, StaticPool, create_engine

__all__ = ["SqliteSession"]

T = TypeVar("T")

_BUSY_SECONDS = 5.0


class SqliteSession:
    """A connection and its thread. Whoever opens it closes it."""

    __slots__ = ("_async", "core", "raw")

    core: Connection
    raw: sqlite3.Connection

    def __init__(self, path: Path | None, pragmas: Sequence[str]) -> None:
        connect = partial(self._connect, ":memory:" if path is None else str(path), pragmas)
        self._async = aiosqlite.Connection(connect, 64)
        # A process that ends without closing must not hang; SQLAlchemy's dialect does the same.
        self._async._thread.daemon = True  # noqa: SLF001

    @classmethod
    async def open(cls, path: Path | None, *, pragmas: Sequence[str] = ()) -> SqliteSession:
        """Connect. Raises sqlite3.Error and SQLAlchemy's DBAPIError."""
        session = cls(path, pragmas)
        try:
            await session._async
        except BaseException:
            # aiosqlite has told its thread to end; it must have done so before the event loop is closed.
            await asyncio.to_thread(session._async._thread.join)  # noqa: SLF001
            raise
        return session

    def _connect(self, target: str, pragmas: Sequence[str]) -> sqlite3.Connection:
        raw = sqlite3.connect(target, timeout=_BUSY_SECONDS, isolation_level=None)
        try:
            for pragma in pragmas:
                raw.execute(f"PRAGMA {pragma}")
            engine = create_engine(
                "sqlite://", creator=lambda: raw, poolclass=StaticPool, hide_parameters=True
            )
            self.core = engine.connect()
        except BaseException:
            raw.close()
            raise
        self.raw = raw
        return raw

    async def run(self, work: Callable[[], T]) -> T:
        """Run ``work`` in the connection's thread, the only one that may touch ``core`` and ``raw``.

        ``work`` is carried out even when the waiter is cancelled.
        """
        # aiosqlite has no public way to run a function in its thread; SQLAlchemy too relies on its inside.
        result: T = await self._async._execute(work)  # type: ignore[no-untyped-call]  # noqa: SLF001
        return result

    async def aclose(self) -> None:
        """Close the connection and end its thread."""
        await self.run(self.core.close)
        await self._async.close()

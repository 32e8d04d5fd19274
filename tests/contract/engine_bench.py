"""What the engine's contract tests stand on: an engine that can be restarted, and a handler that records."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection

from bot.engine import EmbeddedEngine
from bot.messages import Author, ChatKind, ConversationKey, Incoming, TextPart
from bot.ports import CancelReason, Engine, EngineStats, Turn, TurnHandler
from bot.storage import Database, open_database
from bot.storage.migrate import migrate
from tests.fakes.clock import ManualClock

__all__ = [
    "WAIT_SECONDS",
    "EmbeddedBench",
    "EngineBench",
    "Recorder",
    "eventually",
    "idle",
    "key",
    "message",
    "note",
]

WAIT_SECONDS = 60.0
# Time to clean up at a shutdown: for a handler that does, and before one that never will is left behind.
_GRACE_SECONDS = 30.0
_NO_GRACE_SECONDS = 0.05


def key(chat: str) -> ConversationKey:
    """A conversation."""
    return ConversationKey(platform="test", account="bot", chat=chat)


def message(event_id: str, chat: str = "chat") -> Incoming:
    """A message whose text is its event id."""
    return Incoming(
        event_id=event_id,
        key=key(chat),
        chat_kind=ChatKind.PRIVATE,
        author=Author(id="1", name="Ann"),
        message_id=event_id,
        parts=(TextPart(text=event_id),),
        sent_at=datetime(2026, 11, 22, tzinfo=UTC),
        addressed=True,
    )


async def eventually(holds: Callable[[], bool] | Callable[[], Awaitable[bool]]) -> None:
    """Wait until it holds; fail when it does not within a bounded time."""
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            result = holds()
            if result if isinstance(result, bool) else await result:
                return
            await asyncio.sleep(0.002)


async def idle(bench: EngineBench) -> None:
    """Wait until no turn is running. A handler that has returned is done only when that is stored."""

    async def nothing_runs() -> bool:
        return (await bench.stats()).running == 0

    await eventually(nothing_runs)


def note(text: str) -> Callable[[Connection], None]:
    """A change the tests can see: a line in a table of their own."""

    def change(conn: Connection) -> None:
        conn.exec_driver_sql("CREATE TABLE IF NOT EXISTS notes (text TEXT)")
        conn.exec_driver_sql("INSERT INTO notes VALUES (?)", (text,))

    return change


def read_notes(conn: Connection) -> list[str]:
    """The lines written by ``note``, in order."""
    found = conn.exec_driver_sql("SELECT name FROM sqlite_master WHERE name = 'notes'").first()
    if found is None:
        return []
    return [row[0] for row in conn.exec_driver_sql("SELECT text FROM notes ORDER BY rowid")]


class EngineBench(Protocol):
    """An engine on storage that outlives it."""

    clock: ManualClock

    @property
    def engine(self) -> Engine:
        """The engine as it is now."""

    @property
    def delays(self) -> Sequence[float]:
        """The pauses before the second and later attempts."""

    def serve(self, handler: TurnHandler) -> None:
        """Begin to serve."""

    async def shut_down(self) -> None:
        """End serving as at the end of the process."""

    async def abandon(self) -> None:
        """Shut down without the time that handlers have to clean up."""

    async def restart(self) -> None:
        """Shut down, close everything and open it again, as a new process does."""

    async def notes(self) -> list[str]:
        """What ``note`` wrote."""

    async def stats(self) -> EngineStats:
        """The engine's counts."""


class EmbeddedBench:
    """EngineBench for the embedded engine on a database file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = ManualClock()
        self.delays = (1.0, 5.0, 30.0, 120.0)
        self._stack = AsyncExitStack()
        self._serving: asyncio.Task[None] | None = None
        self.database: Database
        self.engine: EmbeddedEngine

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path) -> AsyncIterator[EmbeddedBench]:
        """A bench, closed at the end of the block."""
        bench = cls(path)
        await bench.start()
        try:
            yield bench
        finally:
            await bench.shut_down()
            await bench._stack.aclose()

    @property
    def url(self) -> str:
        return f"sqlite+aiosqlite:///{self.path}"

    async def start(self) -> None:
        migrate(self.url)
        self.database = await self._stack.enter_async_context(open_database(self.url))
        self.engine = EmbeddedEngine(
            database=self.database,
            clock=self.clock,
            retry_delays_seconds=self.delays,
            shutdown_grace_seconds=_GRACE_SECONDS,
        )

    def serve(self, handler: TurnHandler) -> None:
        self._serving = asyncio.create_task(self.engine.serve(handler), name="serve")

    async def shut_down(self) -> None:
        if self._serving is None:
            return
        serving, self._serving = self._serving, None
        serving.cancel()
        await asyncio.wait({serving})
        if not serving.cancelled():
            serving.result()

    async def abandon(self) -> None:
        self.engine._shutdown_grace_seconds = _NO_GRACE_SECONDS
        await self.shut_down()

    async def restart(self) -> None:
        await self.shut_down()
        await self._stack.aclose()
        await self.start()

    async def notes(self) -> list[str]:
        return await self.database.read(read_notes)

    async def stats(self) -> EngineStats:
        return await self.engine.stats()


@dataclass(slots=True, kw_only=True)
class Recorder:
    """A handler that records what it is given; ``blocks`` names events at which it waits for ``go``."""

    blocks: set[str] = field(default_factory=set)
    fails: set[str] = field(default_factory=set)
    go: asyncio.Event = field(default_factory=asyncio.Event)
    began: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    cancelled: list[tuple[str, CancelReason | None]] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    attempts: list[int] = field(default_factory=list)
    stopping: list[CancelReason | None] = field(default_factory=list)

    async def __call__(self, turn: Turn) -> None:
        name = "+".join(event.event_id for event in turn.events)
        self.began.append(name)
        self.turns.append(turn)
        self.attempts.append(turn.attempt)
        self.stopping.append(turn.stopping)
        try:
            if name in self.blocks:
                await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled.append((name, turn.stopping))
            raise
        if name in self.fails:
            raise ValueError("this event makes the handler fail")
        self.ended.append(name)

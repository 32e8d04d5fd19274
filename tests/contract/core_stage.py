"""The whole core behind one real adapter, with the person who uses the platform in front of it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from bot.conversation import House, menu
from bot.ports import SystemClock
from bot.storage.migrate import migrate
from bot.tools import Tool, Toolbox, tool
from bot.tools.builtin import BUILTIN_TOOLS
from tests.contract.adapters import ROOMS, Room
from tests.unit.conversation.stage import MODEL, THINKER, WAIT_SECONDS, Stage

__all__ = ["OTHER", "CoreStage", "open_core"]

OTHER = "Qwen/Qwen2.5-32B-Instruct"


class FastClock(SystemClock):
    """A clock that runs fifty times as fast, so that nobody waits for the pace a real platform asks for."""

    def monotonic(self) -> float:
        return super().monotonic() * 50

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 50)


@dataclass(kw_only=True)
class CoreStage(Stage):
    """A core that serves a room; ``mailed`` is what its one tool with effects was used for."""

    room: Room
    mailed: list[str] = field(default_factory=list)

    async def begin(self) -> None:
        """Start the service, and the room's adapter with it."""
        self.toolbox = Toolbox([_mail(self.mailed), *BUILTIN_TOOLS])
        await self._open()
        self.room.core = self.intake.submit
        self._tasks = [
            asyncio.create_task(self.engine.serve(self.turns.handle), name="engine"),
            asyncio.create_task(self.door.watch(), name="door"),
        ]
        await self.room.start()

    def _house(self) -> House:
        adapters = {self.room.adapter.name: self.room.adapter}
        return replace(super()._house(), adapters=adapters, clock=FastClock())

    async def quiet(self) -> None:
        """Wait until no turn is open."""
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                stats = await self.engine.stats()
                if not (stats.queued or stats.running or stats.held):
                    return
                await asyncio.sleep(0.005)

    # --- what the person does -----------------------------------------------------------------------------

    async def after(self, deed: Awaitable[object]) -> None:
        """Let the person do something; on return it has arrived, and everything that follows is over."""
        arrived = len(self.room.events)
        self.room.rest()
        await deed
        await self.room.until(lambda: len(self.room.events) > arrived)
        await self.quiet()

    async def say(self, text: str) -> None:
        """The person writes this, and everything that follows is over on return."""
        await self.after(self.room.say(text))

    async def press(self, label: str) -> None:
        """The person presses this under the newest message, once it is there."""
        await self.shows(label)
        await self.after(self.room.press(label))

    async def shows(self, *texts: str) -> None:
        """Wait until the newest message shows all of this."""
        await self.room.until(lambda: all(text in self.room.newest() for text in texts))

    async def tells(self, text: str) -> None:
        """Wait until the last line told after a press is this, where such lines are told."""
        if self.room.tells:
            await self.room.until(lambda: self.room.told()[-1:] == [text])


def _mail(mailed: list[str]) -> Tool:
    @tool(side_effects=True)
    async def send_mail(to: str) -> str:
        """Send a mail."""
        mailed.append(to)
        return "sent"

    return send_mail


@asynccontextmanager
async def open_core(platform: str, folder: Path) -> AsyncIterator[CoreStage]:
    """A running core on a new database, in a room of this platform."""
    template = folder.parent / "empty.db"
    if not template.exists():
        migrate(f"sqlite+aiosqlite:///{template}")
    shutil.copy(template, folder / "parley.db")
    async with ROOMS[platform](menu=menu()) as room:
        stage = CoreStage(
            path=folder / "parley.db",
            room=room,
            models=(MODEL, THINKER, OTHER),
        )
        async with stage, room.listening():
            yield stage

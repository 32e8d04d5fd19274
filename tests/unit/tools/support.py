"""What the tests of the tools share: a clock moved by hand and a context to run tools in."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from bot.errors import ToolError
from bot.events import ToolCall
from bot.messages import Author, ConversationKey
from bot.tools import Tool, ToolContext

Result = TypeVar("Result")

START = datetime(2026, 3, 4, 12, 30, 15, tzinfo=UTC)


class HandClock:
    """A clock that stands still until ``advance``."""

    def __init__(self) -> None:
        self._passed = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return START + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        return self._passed

    async def sleep(self, seconds: float) -> None:
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._passed + seconds, waiting))
        await waiting

    async def advance(self, seconds: float) -> None:
        """Move on, wake who is due, and let everybody run for a while."""
        self._passed += seconds
        for due, waiting in self._sleepers:
            if due <= self._passed and not waiting.done():
                waiting.set_result(None)
        await settle()


async def settle() -> None:
    """Let every ready task run until it waits."""
    for _ in range(50):
        await asyncio.sleep(0)


def a_context(clock: HandClock | None = None, *, time_zone: str = "") -> ToolContext:
    """A private chat with Ada."""
    return ToolContext(
        clock=clock or HandClock(),
        key=ConversationKey(platform="telegram", account="bot", chat="7"),
        author=Author(id="7", name="Ada"),
        time_zone=time_zone,
    )


def a_call(name: str, call_id: str = "call-a", /, **arguments: object) -> ToolCall:
    """A call as the model would write it."""
    return ToolCall(id=call_id, name=name, arguments=json.dumps(arguments))


def outcome(act: Callable[[], Result]) -> tuple[Result | None, str]:
    """What ``act`` gives and no sentence, or the sentence of the ToolError it ends in; other errors go on."""
    try:
        return act(), ""
    except ToolError as exc:
        return None, str(exc)


async def use(tool: Tool, context: ToolContext | None = None, /, **arguments: object) -> str:
    """Run one tool as the loop does."""
    return await tool.run(context or a_context(), json.dumps(arguments))

"""What the provider tests share: a clock moved by hand, requests, and ways to collect a stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from bot.events import Completed, ModelEvent, TextDelta, ThinkingDelta, ToolCallsReady
from bot.ports import ChatRequest, ToolSpec, UserMessage
from bot.providers import Limits, SiliconFlowChat, open_siliconflow
from bot.sandbox import Sandbox, Script

PLAIN = "Qwen/Qwen2.5-7B-Instruct"
OTHER = "deepseek-ai/DeepSeek-V3"
HYBRID = "Qwen/Qwen3-8B"
REASONER = "deepseek-ai/DeepSeek-R1"
KEY = "sk-test-0123456789abcdef"
START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class FakeClock:
    """Sleeping moves it at once; ``slept`` keeps every wait."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds - 1000.0)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds
        await asyncio.sleep(0)


class OpenedChat:
    """A chat model on a scripted stand-in, with the clock it uses."""

    def __init__(self, chat: SiliconFlowChat, sandbox: Sandbox, clock: FakeClock) -> None:
        self.chat = chat
        self.sandbox = sandbox
        self.clock = clock

    @property
    def script(self) -> Script:
        return self.sandbox.script

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """The requests so far, as sent."""
        return [orjson.loads(record.raw_body) for record in self.sandbox.requests]

    @property
    def models(self) -> list[str]:
        """The models asked so far, in order."""
        return [body["model"] for body in self.bodies]

    async def ask(self, *models: str, **changes: Any) -> list[ModelEvent]:
        """All events of one answer."""
        return await collect(self.chat, ask_for(*models, **changes))


@asynccontextmanager
async def opened_chat(
    script: Script | None = None,
    *,
    limits: Limits | None = None,
    random: Callable[[], float] = lambda: 0.5,
) -> AsyncIterator[OpenedChat]:
    """A chat model on a stand-in that plays ``script``."""
    clock = FakeClock()
    async with (
        Sandbox(script=script) as sandbox,
        open_siliconflow(
            api_key=KEY, base_url=sandbox.url, clock=clock, limits=limits, random=random
        ) as chat,
    ):
        yield OpenedChat(chat, sandbox, clock)


def ask_for(*models: str, text: str = "What is up?", **changes: Any) -> ChatRequest:
    """A request for an answer to ``text``."""
    changes.setdefault("messages", (UserMessage(text=text),))
    return ChatRequest(models=models or (PLAIN,), **changes)


async def collect(chat: SiliconFlowChat, request: ChatRequest) -> list[ModelEvent]:
    """All events of one answer."""
    async with chat.stream(request) as events:
        return [event async for event in events]


def text_of(events: Iterable[ModelEvent]) -> str:
    """The answer a person has read."""
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def thinking_of(events: Iterable[ModelEvent]) -> str:
    """The thinking a person has seen."""
    return "".join(event.text for event in events if isinstance(event, ThinkingDelta))


def completed(events: list[ModelEvent]) -> Completed:
    """The last event, which has to be Completed."""
    last = events[-1]
    assert isinstance(last, Completed)
    return last


def calls_of(events: list[ModelEvent]) -> ToolCallsReady:
    """The tool calls right before Completed."""
    ready = events[-2]
    assert isinstance(ready, ToolCallsReady)
    return ready


def weather_tool() -> ToolSpec:
    """A tool to offer."""
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    return ToolSpec(name="weather", description="Tells the weather", parameters=schema)

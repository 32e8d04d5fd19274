"""What the Telegram tests share: a store that takes events in, a hasty clock, raw updates."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from adapters.telegram.addressing import Identity
from adapters.telegram.backoff import Backoff
from adapters.telegram.updates import read_update
from bot.errors import StorageError
from bot.messages import ConversationKey, Inbound, Incoming, TextPart

ME = Identity(id=600_000_001, username="parley_bot")
MOMENT = 1_790_000_000
ANN: dict[str, Any] = {
    "id": 7,
    "is_bot": False,
    "first_name": "Ann",
    "last_name": "Lee",
    "username": "ann",
    "language_code": "en",
}
BOT: dict[str, Any] = {"id": ME.id, "is_bot": True, "first_name": "Parley", "username": ME.username}
PATIENCE_SECONDS = 60.0
PRIVATE: dict[str, Any] = {"id": 7, "type": "private", "first_name": "Ann"}
GROUP: dict[str, Any] = {"id": -1001, "type": "supergroup", "title": "Team"}


class HastyClock:
    """Real time, except that sleeping is over at once; ``naps`` tells how long it should have been."""

    def __init__(self) -> None:
        self.naps: list[float] = []

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        await asyncio.sleep(0.002)


class Store:
    """Takes events in as the engine does: once for each id, or not at all while it is ``down``."""

    def __init__(self) -> None:
        self.events: dict[str, Inbound] = {}
        self.submitted: list[str] = []
        self.is_down: Callable[[Inbound], bool] = lambda event: False
        self.breaks_on: Callable[[Inbound], bool] = lambda event: False

    async def submit(self, event: Inbound) -> None:
        await asyncio.sleep(0)
        self.submitted.append(event.event_id)
        if self.is_down(event):
            raise StorageError("the disk is full")
        if self.breaks_on(event):
            raise RuntimeError("a defect of the core")
        self.events.setdefault(event.event_id, event)

    @property
    def texts(self) -> list[str]:
        """What the stored messages say, in the order they were stored."""
        return [event.text for event in self.events.values() if isinstance(event, Incoming)]


def key(chat: int = 7, thread: str = "") -> ConversationKey:
    """A conversation of the bot."""
    return ConversationKey(platform="telegram", account=str(ME.id), chat=str(chat), thread=thread)


def backoff() -> Backoff:
    """Waits that are the same in every run."""
    return Backoff(rng=random.Random(7))


def message(**fields: Any) -> dict[str, Any]:
    """A raw message in Ann's private chat; None takes a field away."""
    whole = {"message_id": 11, "date": MOMENT, "chat": PRIVATE, "from": ANN, **fields}
    return {name: value for name, value in whole.items() if value is not None}


def update(kind: str = "message", number: int = 5, **payload: Any) -> dict[str, Any]:
    """A raw update; for messages the rest of the fields is filled in."""
    body = message(**payload) if kind in ("message", "edited_message") else payload
    return {"update_id": number, kind: body}


def read(**fields: Any) -> Incoming:
    """The event of a message with these fields."""
    event = read_update(update(**fields), ME)
    assert isinstance(event, Incoming), event
    return event


def entity(kind: str, offset: int, length: int, **fields: Any) -> dict[str, Any]:
    """A raw MessageEntity."""
    return {"type": kind, "offset": offset, "length": length, **fields}


def text_of(event: Incoming) -> str:
    """The only text part, which there has to be."""
    (part,) = [part for part in event.parts if isinstance(part, TextPart)]
    return part.text


@asynccontextmanager
async def running(work: Any, name: str = "under-test") -> AsyncIterator[asyncio.Task[None]]:
    """A coroutine that runs beside the test and is cancelled, and waited for, at its end."""
    task: asyncio.Task[None] = asyncio.create_task(work, name=name)
    try:
        yield task
    finally:
        task.cancel()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.gather(task, return_exceptions=True)
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error


async def until(condition: Callable[[], Any], *, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until ``condition`` holds. Raises AssertionError when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain"
        await asyncio.sleep(0.005)

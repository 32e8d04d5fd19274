"""What the Slack tests share: a store that takes events in, a clock that hurries, an adapter that runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

from adapters.slack.adapter import SlackAdapter
from adapters.slack.identity import Identity
from adapters.slack.people import Person
from adapters.slack.translate import Scene, translate_event
from bot.conversation import menu
from bot.errors import StorageError
from bot.messages import ConversationKey, Inbound, Incoming, TextPart
from bot.ports import Button, Fidelity, Rendered
from bot.rendering import parse
from tests.fakes.slack import FakeSlack

E = TypeVar("E")

ME = Identity(team_id="T1", user_id="UBOT", bot_id="BBOT", name="Parley")
ANN = Person(id="UANN", name="Ann Lee", username="ann", language="en-US", vouched=True)
BOB = Person(id="UBOB", name="Bob", vouched=True)
GIA = Person(id="UGIA", name="Gia", is_guest=True)
SCENE = Scene(me=ME, people={person.id: person for person in (ANN, BOB, GIA)})
TS = "1790000000.000100"
STOP = ((Button(label="Stop", data="stop:1"),),)


class HastyClock:
    """Real time, except that sleeping is over at once and ``skip`` moves on."""

    def __init__(self) -> None:
        self.naps: list[float] = []
        self.ahead = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead

    def skip(self, seconds: float) -> None:
        self.ahead += seconds

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        await asyncio.sleep(0.005)


class Store:
    """Takes events in as the engine does: once for each id, or not at all while it is down."""

    def __init__(self) -> None:
        self.events: dict[str, Inbound] = {}
        self.submitted: list[str] = []
        self.refusals = 0
        self.breaks = 0

    async def submit(self, event: Inbound) -> None:
        await asyncio.sleep(0)
        self.submitted.append(event.event_id)
        if self.refusals:
            self.refusals -= 1
            raise StorageError("the disk is full")
        if self.breaks:
            self.breaks -= 1
            raise RuntimeError("a defect of the core")
        self.events.setdefault(event.event_id, event)

    def of(self, kind: type[E]) -> list[E]:
        """The stored events of a kind, in order."""
        return [event for event in self.events.values() if isinstance(event, kind)]

    @property
    def addressed(self) -> list[Incoming]:
        """The stored messages that are meant for the bot."""
        return [event for event in self.of(Incoming) if event.addressed]


def adapter_for(slack: FakeSlack, clock: Any = None, **changes: Any) -> SlackAdapter:
    """An adapter by Socket Mode."""
    options: dict[str, Any] = {"app_token": slack.app_token, "menu": menu(), **changes}
    return SlackAdapter(
        bot_token=slack.bot_token, api_base_url=slack.url, clock=clock or HastyClock(), **options
    )


@asynccontextmanager
async def running(adapter: SlackAdapter, store: Store) -> AsyncIterator[None]:
    """The adapter at work until the end of the block; what ended it before is raised."""
    ready = asyncio.Event()
    task = asyncio.create_task(adapter.run(store.submit, ready.set), name="under-test")
    try:
        await until(lambda: ready.is_set() or task.done())
        yield
    finally:
        task.cancel()
        async with asyncio.timeout(30):
            (outcome,) = await asyncio.gather(task, return_exceptions=True)
        if isinstance(outcome, Exception):
            raise outcome


async def until(condition: Callable[[], Any], *, seconds: float = 30.0) -> None:
    """Wait until ``condition`` holds. Raises AssertionError when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain"
        await asyncio.sleep(0.005)


def rendered(adapter: SlackAdapter, markdown: str, *, fidelity: Fidelity = Fidelity.FORMATTED) -> Rendered:
    """The only message of a text."""
    (content,) = adapter.render(parse(markdown), fidelity=fidelity)
    return content


def key(chat: str = "C1", thread: str = TS) -> ConversationKey:
    """A conversation of the bot of these tests."""
    return ME.key(chat, thread)


def message(**fields: Any) -> dict[str, Any]:
    """A raw message event in a channel; None takes a field away."""
    whole = {
        "type": "message",
        "user": "UANN",
        "team": "T1",
        "channel": "C1",
        "channel_type": "channel",
        "ts": TS,
        "event_ts": TS,
        "text": "hello",
        **fields,
    }
    return {name: value for name, value in whole.items() if value is not None}


def read(**fields: Any) -> Incoming:
    """The event of a message with these fields."""
    event = translate_event(message(**fields), SCENE)
    assert isinstance(event, Incoming), event
    return event


def text_of(**fields: Any) -> str:
    """What a message with these fields says to the core."""
    (part,) = [part for part in read(**fields).parts if isinstance(part, TextPart)]
    return part.text


def rich(*elements: dict[str, Any]) -> list[dict[str, Any]]:
    """The blocks of a message written in Slack's editor."""
    return [{"type": "rich_text", "block_id": "b", "elements": list(elements)}]


def section(*elements: dict[str, Any]) -> dict[str, Any]:
    """A line of rich text."""
    return {"type": "rich_text_section", "elements": list(elements)}


def words(text: str, **style: bool) -> dict[str, Any]:
    """A text element, styled if wanted."""
    return {"type": "text", "text": text, **({"style": style} if style else {})}

"""A Slack, an adapter at work on it, and Ann's thread with the bot."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from adapters.slack.adapter import SlackAdapter
from bot.messages import ConversationKey
from bot.ports import Button, Fidelity, Rendered
from bot.rendering import StreamingParser
from tests.fakes.slack import DirectMessages, FakeSlack, Message, Person, Room
from tests.unit.slack.support import HastyClock, Store, adapter_for, rendered, running, until


@dataclass(slots=True, kw_only=True)
class Stage:
    """What a test of outbound calls works with. ``key`` is Ann's thread in the channel."""

    slack: FakeSlack
    adapter: SlackAdapter
    clock: HastyClock
    store: Store
    ann: Person
    dm: DirectMessages
    room: Room
    key: ConversationKey

    def content(self, markdown: str) -> Rendered:
        """The only message of a text."""
        return rendered(self.adapter, markdown)

    def unfinished(self, markdown: str) -> Rendered:
        """The only message of a text that still grows."""
        document = StreamingParser().parse(markdown)
        (content,) = self.adapter.render(document, fidelity=Fidelity.FORMATTED)
        return content

    async def open(self, markdown: str) -> str:
        """Begin a growing message."""
        return await self.adapter.send(self.key, self.unfinished(markdown), live=True)

    async def grow(self, ts: str, markdown: str) -> None:
        """Let it show more, some seconds later."""
        self.clock.skip(5)
        await self.adapter.edit(self.key, ts, self.unfinished(markdown), live=True)

    async def end(self, ts: str, markdown: str, buttons: tuple[tuple[Button, ...], ...] = ()) -> None:
        """Give it its final form."""
        await self.adapter.edit(self.key, ts, self.content(markdown), buttons=buttons)

    def message(self, ts: str) -> Message:
        """What Slack shows of it."""
        return next(one for one in self.room.messages if one.ts == ts)

    def methods(self, *names: str) -> list[str]:
        """The calls made of these methods, in order."""
        return [call.method for call in self.slack.calls if call.method in names]


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    """A Slack without rate limits, and more patient with a slow machine than Slack is."""
    async with FakeSlack(tiers="off", ack_seconds=20.0) as slack:
        yield slack


@pytest.fixture
async def stage(slack: FakeSlack) -> AsyncIterator[Stage]:
    """Ann has asked something in a channel, and the adapter runs."""
    clock, store = HastyClock(), Store()
    adapter = adapter_for(slack, clock)
    ann = slack.person("Ann")
    room = slack.channel("general", [ann])
    async with running(adapter, store):
        await room.say(ann, f"{slack.mention} hello")
        await until(lambda: store.addressed)
        yield Stage(
            slack=slack,
            adapter=adapter,
            clock=clock,
            store=store,
            ann=ann,
            dm=slack.dm(ann),
            room=room,
            key=store.addressed[0].key,
        )
    assert slack.violations == []

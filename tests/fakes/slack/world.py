"""The workspace itself: who and what is in it, and the changes people and the app make to messages."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.fakes.changes import Changes
from tests.fakes.faults import Faults

from . import events
from .accounts import APP_ID, Person, Wire
from .delivery import Courier, Delivery
from .errors import ApiError, refused
from .files import FileStore
from .state import Channel, ChannelKind, Message, Shown, View
from .streams import STREAM_SECONDS
from .tiers import Tiers

__all__ = ["Installation", "World"]

STATUS_SECONDS = 120.0  # docs: assistant.threads.setStatus, a two minute timeout applies
TRIGGER_SECONDS = 3.0


@dataclass(slots=True, kw_only=True)
class Installation:
    """What the app's configuration in Slack says, and what the workspace grants it."""

    agent: bool
    native_streams: bool
    listed: bool
    subscriptions: frozenset[str]
    revoked: bool = False


@dataclass(slots=True, kw_only=True)
class ResponseUrl:
    """Where the app may answer an interaction: five times in half an hour."""

    person: Person
    channel: Channel
    message: Message | None
    thread_ts: str | None
    expires_at: float
    uses_left: int = 5


@dataclass(slots=True, kw_only=True, eq=False)
class World:
    """Everything the platform knows. Closing it ends what runs on its own."""

    bot: Person
    app: Installation
    tiers: Tiers
    clock: Callable[[], float]
    time_scale: float = 1.0
    base_url: str = ""
    courier: Courier = field(init=False)
    faults: Faults[ApiError] = field(default_factory=Faults)
    files: FileStore = field(default_factory=FileStore)
    changes: Changes = field(default_factory=Changes)
    violations: list[str] = field(default_factory=list)
    people: dict[str, Person] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    homes: dict[str, View] = field(default_factory=dict)
    modals: dict[str, View] = field(default_factory=dict)
    triggers: dict[str, tuple[Person, float]] = field(default_factory=dict)
    response_urls: dict[str, ResponseUrl] = field(default_factory=dict)
    _numbers: Any = field(default_factory=lambda: count(1))
    _last_us: int = 0

    def __post_init__(self) -> None:
        self.courier = Courier(scale=lambda: self.time_scale, on_change=self.changes.ring)
        self.people[self.bot.id] = self.bot

    # Names

    def new_id(self, letter: str) -> str:
        """An id as Slack gives them: a letter and ten more characters."""
        return f"{letter}0P{next(self._numbers):08d}"

    def new_ts(self) -> str:
        """A message timestamp, later than every one before."""
        self._last_us = max(self._last_us + 1, time.time_ns() // 1000)
        return f"{self._last_us // 1_000_000}.{self._last_us % 1_000_000:06d}"

    def report(self, violation: str) -> None:
        """Note what Slack lets pass though it should not have been sent."""
        self.violations.append(violation)

    # Places

    def add_channel(self, kind: ChannelKind, name: str, members: list[Person], **extra: Any) -> Channel:
        """A new conversation."""
        letter = {"channel": "C", "group": "C", "mpim": "C", "im": "D"}[kind]
        external = any(person.stranger for person in members)
        channel = Channel(
            id=self.new_id(letter),
            kind=kind,
            name=name,
            bot=self.bot,
            members=members,
            external=external,
            **extra,
        )
        self.channels[channel.id] = channel
        return channel

    def dm_of(self, person: Person) -> Channel:
        """The direct messages between a person and the bot."""
        for channel in self.channels.values():
            if channel.kind == "im" and channel.members[0] is person:
                return channel
        return self.add_channel("im", person.handle, [person])

    def channel(self, channel_id: str) -> Channel:
        """A channel the app can see. Raises ApiError (``channel_not_found``)."""
        channel = self.channels.get(channel_id)
        if channel is None and channel_id in self.people and channel_id != self.bot.id:
            channel = self.dm_of(self.people[channel_id])  # a user id stands for the direct messages
        if channel is None or (channel.kind != "channel" and not channel.bot_in):
            raise refused("channel_not_found")
        return channel

    def writable(self, channel_id: str) -> Channel:
        """A channel the app may write in. Raises ApiError."""
        channel = self.channel(channel_id)
        if not channel.bot_in:
            raise refused("not_in_channel")
        if channel.archived:
            raise refused("is_archived")
        return channel

    def message(self, channel: Channel, ts: str) -> Message:
        """A message there is. Raises ApiError (``message_not_found``)."""
        message = channel.messages.get(ts)
        if message is None:
            raise refused("message_not_found")
        return message

    # Messages

    def post(self, channel: Channel, sender: Person, **content: Any) -> Message:
        """Put a message into a channel and tell the app. The bot's own takes its status off the thread."""
        message = Message(ts=self.new_ts(), channel=channel, sender=sender, **content)
        channel.messages[message.ts] = message
        self.note(message)
        if message.from_bot:
            channel.thread(message.root_ts).clear_status()
        for event in events.heard(message):
            self.publish(event, channel)
        return message

    def change(self, message: Message, before: Wire) -> None:
        """Tell of a change that was made to a message; ``before`` is its wire as it was."""
        self.note(message)
        self.publish(events.changed(message, before, self.new_ts()), message.channel)

    def remove(self, message: Message) -> None:
        """Take a message away."""
        if message.stream is not None:
            message.stream.end("stopped")
        event = events.deleted(message, message.wire(), self.new_ts())
        message.deleted = True
        del message.channel.messages[message.ts]
        self.publish(event, message.channel)

    def note(self, message: Message) -> None:
        """Remember what the message shows now."""
        text = message.read()
        if not message.history or message.history[-1].text != text:
            message.history.append(Shown(at=self.clock(), text=text))
        self.changes.ring()

    def show_privately(self, channel: Channel, person: Person, **content: Any) -> Message:
        """Show one person a message nobody else sees and no history keeps."""
        message = Message(ts=self.new_ts(), channel=channel, sender=self.bot, only_for=person.id, **content)
        channel.ephemerals.append(message)
        self.note(message)
        return message

    # What goes away by itself

    def start_stream_timer(self, message: Message) -> None:
        """End the stream of a message when its lifetime is over."""
        stream = message.stream
        assert stream is not None, f"{message} is no stream"
        loop = asyncio.get_running_loop()
        stream.timer = loop.call_later(STREAM_SECONDS * self.time_scale, self.expire_stream, message)

    def expire_stream(self, message: Message) -> None:
        """End a stream as the platform does: silently, with what it has."""
        if message.stream is not None and message.streaming:
            message.stream.end("expired")
            self.changes.ring()

    def show_status(self, channel: Channel, thread_ts: str, status: str, loading: list[str]) -> None:
        """Show what the app says it is doing, until a reply comes or two minutes have passed."""
        thread = channel.thread(thread_ts)
        thread.clear_status()
        if status:
            thread.status, thread.loading_messages = status, loading
            thread.statuses.append(status)
            loop = asyncio.get_running_loop()
            thread.status_timer = loop.call_later(
                STATUS_SECONDS * self.time_scale, self._drop_status, channel, thread_ts
            )
        self.changes.ring()

    def _drop_status(self, channel: Channel, thread_ts: str) -> None:
        channel.thread(thread_ts).clear_status()
        self.changes.ring()

    # Telling the app

    def publish(self, event: Wire, channel: Channel | None = None) -> Delivery | None:
        """Send an event the app subscribes to and is there to hear."""
        self.changes.ring()
        if self.app.revoked or events.subscription_of(event) not in self.app.subscriptions:
            return None
        if channel is not None and not channel.bot_in:
            return None
        body = events.wrap(event, bot=self.bot, external=channel is not None and channel.external)
        return self.courier.send_event(body)

    def new_trigger(self, person: Person) -> str:
        """A trigger_id, good for three seconds."""
        trigger = f"{next(self._numbers)}.{APP_ID}.{self.new_ts()}"
        self.triggers[trigger] = (person, self.clock() + TRIGGER_SECONDS * max(self.time_scale, 1.0))
        return trigger

    def close(self) -> None:
        """Cancel the timers of streams and statuses."""
        for channel in self.channels.values():
            for message in channel.messages.values():
                if message.stream is not None and message.stream.timer is not None:
                    message.stream.timer.cancel()
            for thread in channel.threads.values():
                thread.clear_status()

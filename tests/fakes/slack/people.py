"""A person at a Slack client: writes, edits, uploads, reacts, presses, stops, types commands."""

from __future__ import annotations

from typing import assert_never
from uuid import uuid4

from . import events
from .accounts import Person, Wire
from .delivery import Ack, Refusal
from .files import StoredFile
from .interaction import (
    chosen_for_message,
    find_pressable,
    pressed_in_message,
    pressed_in_view,
    slash_command,
    submitted,
)
from .response_urls import show_response
from .state import Channel, Message, View
from .world import ResponseUrl, World

__all__ = ["Participant", "press_view", "submit_view"]


def _require_ack(outcome: Ack | Refusal, what: str) -> Ack:
    match outcome:
        case Ack():
            return outcome
        case Refusal(reason=reason):
            raise AssertionError(f"the app did not acknowledge {what}: {reason}")
        case _:
            assert_never(outcome)


class Participant:
    """One person in one channel. Every sending verb gives back the message that appeared."""

    def __init__(self, world: World, channel: Channel, person: Person) -> None:
        self.world = world
        self.channel = channel
        self.person = person

    async def say(self, text: str, *, app_context: Wire | None = None) -> Message:
        """Write a message; ``app_context`` is what the person looks at while they write to an agent."""
        return self._send(text, extra={"app_context": app_context} if app_context else {})

    async def reply(self, message: Message, text: str, *, broadcast: bool = False) -> Message:
        """Write in the thread of a message, with ``broadcast`` also into the channel."""
        subtype = "thread_broadcast" if broadcast else ""
        return self._send(text, thread_ts=message.root_ts, broadcast=broadcast, subtype=subtype)

    async def upload(
        self,
        data: bytes,
        *,
        name: str,
        mime_type: str = "application/octet-stream",
        text: str = "",
        thread: Message | None = None,
        size: int | None = None,
        locked: bool = False,
    ) -> Message:
        """Send a file with a text; ``size`` declares one larger than the bytes at hand.

        Downloads of a ``locked`` one get the login page and 200, as from Slack when a scope is missing.
        """
        stored = self._store(data, name=name, mime_type=mime_type, size=size)
        if locked:
            self.world.files.locked.add(stored.id)
        return self._share(stored, text, thread)

    async def send_voice(
        self,
        data: bytes,
        *,
        mime_type: str = "audio/mp4",
        duration_ms: int = 3000,
        heard: str | None = "",
        thread: Message | None = None,
    ) -> Message:
        """Record a voice clip (MP4/AAC as Slack's clients make it).

        ``heard`` is what Slack hears in it itself: None while it listens, empty where it doesn't.
        """
        stored = self._store(
            data,
            name="audio_message.m4a",
            mime_type=mime_type,
            subtype="slack_audio",
            duration_ms=duration_ms,
            heard=heard,
        )
        return self._share(stored, "", thread)

    async def edit(self, message: Message, text: str) -> None:
        """Change a message of one's own."""
        assert message.sender is self.person, f"{self.person.name} did not write {message}"
        before = message.wire()
        message.source, message.blocks = text, events.rich_text(text)
        message.edited_ts = self.world.new_ts()
        self.world.change(message, before)

    async def delete(self, message: Message) -> None:
        """Remove a message of one's own."""
        assert message.sender is self.person, f"{self.person.name} did not write {message}"
        self.world.remove(message)

    async def react(self, message: Message, emoji: str) -> None:
        """Add a reaction, named without colons."""
        message.reactions.setdefault(emoji, []).append(self.person.id)
        self._tell_reaction("reaction_added", message, emoji)

    async def unreact(self, message: Message, emoji: str) -> None:
        """Take a reaction back."""
        message.reactions[emoji].remove(self.person.id)
        self._tell_reaction("reaction_removed", message, emoji)

    async def press(self, message: Message, button: str) -> None:
        """Press a button or choose an option, named by label, action_id, value or ``action_id:label``.

        Raises AssertionError when there is no such thing or the app does not acknowledge in time.
        """
        pressable = find_pressable(message.all_blocks, button, message)
        payload = pressed_in_message(self.world, self.person, message, pressable)
        _require_ack(await self.world.courier.send_once("interactive", payload), f"the press of {button!r}")

    async def choose(self, message: Message, callback_id: str) -> None:
        """Choose the app's shortcut from the menu of a message, which is there wherever the app is not.

        Raises AssertionError when the app does not acknowledge in time.
        """
        payload = chosen_for_message(self.world, self.person, message, callback_id)
        _require_ack(await self.world.courier.send_once("interactive", payload), f"shortcut {callback_id!r}")

    async def press_stop(self, message: Message) -> None:
        """Press the Stop button of a thread, named by any of its messages.

        Slack ends the streams under way and tells the app. Raises AssertionError without a Stop button.
        """
        root_ts = message.root_ts
        session = self.channel.thread(root_ts).session
        listens = "agent_session_stopped" in self.world.app.subscriptions
        assert listens, "no Stop button: the app does not subscribe to agent_session_stopped"
        assert session is not None, f"no Stop button: the thread of {message} has no session"
        assert session.status == "processing", f"no Stop button: the session is {session.status}"
        live = [m for m in self.channel.messages.values() if m.streaming and m.root_ts == root_ts]
        for streamed in live:
            before = streamed.wire()
            if streamed.stream is not None:
                streamed.stream.end("stopped_by_user")
            self.world.change(streamed, before)
        stopped = {
            "type": "agent_session_stopped",
            "channel": self.channel.id,
            "user": self.person.id,
            "thread_ts": root_ts,
            "streaming_message_ts": [streamed.ts for streamed in live],
            "event_ts": self.world.new_ts(),
        }
        self.world.publish(stopped, self.channel)

    async def slash(self, command: str, text: str = "") -> None:
        """Type a slash command; what the app answers with its acknowledgement is shown.

        Raises AssertionError when the app does not acknowledge in time.
        """
        payload = slash_command(self.world, self.person, self.channel, command, text)
        ack = _require_ack(await self.world.courier.send_once("slash_commands", payload), command)
        if ack.payload:
            url = ResponseUrl(
                person=self.person, channel=self.channel, message=None, thread_ts=None, expires_at=0.0
            )
            show_response(self.world, url, ack.payload)

    def _send(self, text: str, **content: object) -> Message:
        present = self.person in self.channel.members
        assert present, f"{self.person.name} is not in {self.channel.name!r}"
        human = not self.person.bot_id
        return self.world.post(
            self.channel,
            self.person,
            source=text,
            blocks=events.rich_text(text) if text else [],
            client_msg_id=str(uuid4()) if human else "",
            **content,
        )

    def _store(self, data: bytes, *, name: str, mime_type: str, **details: object) -> StoredFile:
        size, duration = details.get("size"), details.get("duration_ms", 0)
        heard = details.get("heard", "")
        return self.world.files.add(
            data,
            file_id=self.world.new_id("F"),
            name=name,
            mime_type=mime_type,
            user=self.person.id,
            size=size if isinstance(size, int) else None,
            subtype=str(details.get("subtype", "")),
            duration_ms=duration if isinstance(duration, int) else 0,
            heard=heard if isinstance(heard, str) else None,
        )

    def _share(self, stored: StoredFile, text: str, thread: Message | None) -> Message:
        shared = {"type": "file_shared", "file_id": stored.id, "file": {"id": stored.id}}
        place = {"channel_id": self.channel.id, "user_id": self.person.id, "event_ts": self.world.new_ts()}
        self.world.publish({**shared, **place}, self.channel)
        thread_ts = thread.root_ts if thread is not None else None
        return self._send(
            text, files=[stored], subtype="file_share", thread_ts=thread_ts, extra={"upload": True}
        )

    def _tell_reaction(self, kind: str, message: Message, emoji: str) -> None:
        item = {"type": "message", "channel": self.channel.id, "ts": message.ts}
        reaction = {"type": kind, "user": self.person.id, "reaction": emoji, "item": item}
        event = {**reaction, "item_user": message.sender.id, "event_ts": self.world.new_ts()}
        self.world.publish(event, self.channel)


async def press_view(world: World, view: View, button: str) -> None:
    """Press something in a home tab or a modal. Raises AssertionError like ``Participant.press``."""
    pressable = find_pressable(view.view["blocks"], button, f"the {view.view['type']} of {view.person.name}")
    payload = pressed_in_view(world, view, pressable)
    _require_ack(await world.courier.send_once("interactive", payload), f"the press of {button!r}")


async def submit_view(world: World, view: View, filled: dict[str, str]) -> None:
    """Submit a modal; it closes unless the app shows errors or another view instead."""
    from .bot_views import accept_view

    ack = _require_ack(
        await world.courier.send_once("interactive", submitted(world, view, filled)), "the form"
    )
    match ack.payload.get("response_action"):
        case "errors":
            view.errors = dict(ack.payload["errors"])
        case "update" | "push":
            view.view, view.errors = accept_view(ack.payload["view"], "modal"), {}
        case _:
            world.modals.pop(view.person.id, None)
    world.changes.ring()

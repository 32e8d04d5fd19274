"""Slack, over the wire to a workspace on the loopback interface, by Socket Mode."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from adapters.slack.adapter import SlackAdapter
from bot.errors import ChatClosed, DeliveryError, MessageGone, PartRejected, PlatformBusy, PlatformUnclear
from bot.messages import Inbound
from bot.ports import MenuCommand
from tests.contract.adapters.room import Room
from tests.fakes.slack import FakeSlack, Message, bad_gateway, rate_limited, server_error, withdrawn
from tests.fakes.slack.elements import Pressable
from tests.fakes.slack.interaction import pressed_in_message
from tests.unit.slack.support import HastyClock

__all__ = ["open_slack_room"]

_REFUSALS = {
    "flood": (rate_limited(7), PlatformBusy),
    "bad gateway": (bad_gateway(), PlatformUnclear),
    "server error": (server_error(), PlatformUnclear),
    "archived": (withdrawn("is_archived"), ChatClosed),
    "blocks": (withdrawn("invalid_blocks"), PartRejected),
    "no such message": (withdrawn("message_not_found"), MessageGone),
}


class SlackRoom(Room):
    """One thread of Ann's direct messages with the bot: each message outside of it would begin another."""

    replies = False

    def __init__(self, slack: FakeSlack, menu: Sequence[MenuCommand] = ()) -> None:
        super().__init__(
            SlackAdapter(
                bot_token=slack.bot_token,
                app_token=slack.app_token,
                api_base_url=slack.url,
                menu=menu,
                clock=(clock := HastyClock()),
            )
        )
        self._clock = clock
        self.slack = slack
        self.dm = slack.dm(slack.person("Ann"))
        self._root: Message | None = None

    async def _submit(self, event: Inbound) -> None:
        """Slack repeats what a slow machine has not acknowledged in time; the engine knows it by its id."""
        if all(known.event_id != event.event_id for known in self.events):
            await super()._submit(event)

    async def say(self, text: str) -> None:
        if self._root is None:
            self._root = await self.dm.say(text)
        else:
            await self.dm.reply(self._root, text)

    def seen(self) -> str:
        """Messages hold Markdown, whose marks a client does not show; under it stand the buttons."""
        shown = [f"{message.text} {message.buttons}" for message in self.dm.bot_messages]
        return "\n".join(shown).replace("**", "")

    def newest(self) -> str:
        message = self.dm.bot_messages[-1]
        return f"{message.text} {message.buttons}".replace("**", "")

    async def press(self, label: str) -> None:
        await self.dm.press(self.dm.bot_messages[-1], label)

    async def press_stop(self) -> None:
        await self.until(self._offers_stop)
        await self.dm.press_stop(self.dm.bot_messages[-1])

    def _offers_stop(self) -> bool:
        """Whether Slack shows its Stop button: an answer streams, and the app has said that it is at work."""
        message = self.dm.bot_messages[-1]
        session = self.dm.channel.thread(message.root_ts).session
        return message.streaming and session is not None and session.status == "processing"

    def rest(self) -> None:
        """Slack counts the calls of a minute, and the adapter leaves out what would be too many."""
        self._clock.skip(20.0)

    async def forge(self, data: str) -> None:
        action = {"type": "button", "action_id": "button:0:0", "block_id": "b", "value": data}
        pressable = Pressable(label="?", action_id="button:0:0", value=data, action=action)
        message = self.dm.bot_messages[-1]
        payload = pressed_in_message(self.dm.world, self.dm.person, message, pressable)
        await self.dm.world.courier.send_once("interactive", payload)

    def told(self) -> list[str]:
        return [message.text for message in self.dm.ephemerals]

    def answered_message(self, message_id: str) -> str:
        return ""

    async def files(self) -> list[tuple[str, bytes]]:
        stored = [file for message in self.dm.bot_messages for file in message.files]
        return [(file.name, file.data) for file in stored]

    def complaints(self) -> list[str]:
        return [str(call) for call in self.slack.rejected] + self.slack.violations

    def troubles(self) -> Sequence[tuple[str, type[DeliveryError]]]:
        named = [(trouble, expected) for trouble, (_, expected) in _REFUSALS.items()]
        return [*named, ("answer lost", PlatformUnclear)]

    def fail_next(self, trouble: str) -> None:
        if trouble == "answer lost":
            self.slack.drop_answer("chat.postMessage")
        else:
            self.slack.fail("chat.postMessage", _REFUSALS[trouble][0])


@asynccontextmanager
async def open_slack_room(*, menu: Sequence[MenuCommand] = ()) -> AsyncIterator[Room]:
    """A room on a Slack without rate limits."""
    async with FakeSlack(
        tiers="off", ack_seconds=2.0, press_seconds=30.0, retry_after_seconds=(0.0, 1.0, 5.0)
    ) as slack:
        room = SlackRoom(slack, menu)
        try:
            yield room
        finally:
            await room.stop()

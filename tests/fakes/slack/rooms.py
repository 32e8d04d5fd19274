"""The places of the story: direct messages and channels, and what can befall the app there."""

from __future__ import annotations

from typing import Any

from .accounts import Person
from .people import Participant
from .state import Channel, Message
from .views import ChannelView
from .world import World

__all__ = ["DirectMessages", "Room"]


class DirectMessages(Participant, ChannelView):
    """A person's direct messages with the bot: the person speaks, and sees what the bot writes."""

    def __init__(self, world: World, channel: Channel, person: Person) -> None:
        super().__init__(world, channel, person)

    async def open(self) -> None:
        """Look at the Messages tab: the app is told."""
        event = {
            "type": "app_home_opened",
            "user": self.person.id,
            "channel": self.channel.id,
            "tab": "messages",
        }
        self.world.publish({**event, "event_ts": self.world.new_ts()}, self.channel)

    @property
    def ephemerals(self) -> list[Message]:
        """What the bot showed that no history keeps."""
        return self.ephemerals_of(self.person)


class Room(ChannelView):
    """A channel of several people, who are named as they speak. The first of them made it."""

    def by(self, person: Person) -> Participant:
        """This person in this channel, with every verb of a client."""
        return Participant(self.world, self.channel, person)

    async def say(self, person: Person, text: str) -> Message:
        """Let a person write a message."""
        return await self.by(person).say(text)

    async def reply(self, person: Person, message: Message, text: str, *, broadcast: bool = False) -> Message:
        """Let a person write in the thread of a message."""
        return await self.by(person).reply(message, text, broadcast=broadcast)

    async def upload(self, person: Person, data: bytes, **details: Any) -> Message:
        """Let a person send a file; see ``Participant.upload``."""
        return await self.by(person).upload(data, **details)

    async def edit(self, message: Message, text: str) -> None:
        """Let the author of a message change it."""
        await self.by(message.sender).edit(message, text)

    async def delete(self, message: Message) -> None:
        """Let the author of a message remove it."""
        await self.by(message.sender).delete(message)

    async def react(self, person: Person, message: Message, emoji: str) -> None:
        """Let a person add a reaction."""
        await self.by(person).react(message, emoji)

    async def press(self, person: Person, message: Message, button: str) -> None:
        """Let a person press a button and wait for the app's acknowledgement."""
        await self.by(person).press(message, button)

    async def press_stop(self, person: Person, message: Message) -> None:
        """Let a person press the Stop button of a thread."""
        await self.by(person).press_stop(message)

    async def slash(self, person: Person, command: str, text: str = "") -> None:
        """Let a person type a slash command."""
        await self.by(person).slash(command, text)

    def join(self, person: Person) -> None:
        """Let somebody come in; with somebody of another workspace the channel becomes a shared one."""
        self.channel.members.append(person)
        self.channel.external = self.channel.external or person.stranger
        self._tell("member_joined_channel", person)

    def leave(self, person: Person) -> None:
        """Let somebody go."""
        self.channel.members.remove(person)
        self._tell("member_left_channel", person)

    def add_bot(self, *, by: Person | None = None) -> None:
        """Invite the bot (back) in; Slack names who did it unless a setting of the workspace did."""
        self.channel.bot_in = True
        self._tell("member_joined_channel", self.world.bot, **({"inviter": by.id} if by else {}))

    def remove_bot(self) -> None:
        """Remove the bot: it hears nothing more and cannot write."""
        self._tell("member_left_channel", self.world.bot)
        self.channel.bot_in = False

    def archive(self) -> None:
        """Close the channel for everybody."""
        self.channel.archived = True

    def _tell(self, kind: str, person: Person, **more: str) -> None:
        event = {"type": kind, "user": person.id, "channel": self.channel.id, "team": person.team_id}
        self.world.publish({**event, **more, "event_ts": self.world.new_ts()}, self.channel)

"""The chats of the story: private chats, groups, topics, and what can befall the bot there."""

from __future__ import annotations

from typing import Any, Literal, Unpack

from .bot_chats import bot_member, open_topic
from .people import Extras, Participant, Person
from .state import CallbackAnswer, Chat, Message, Wire
from .views import ChatView
from .world import World

__all__ = ["Group", "GroupTopic", "PrivateChat", "PrivateTopic"]

BotStatus = Literal["member", "administrator", "left", "kicked"]


def _push_standing(world: World, chat: Chat, actor: Wire, before: Wire) -> None:
    """Tell the bot that its standing in a chat changed."""
    change = {
        "chat": chat.wire(),
        "from": actor,
        "date": int(world.wall()),
        "old_chat_member": before,
        "new_chat_member": bot_member(world, chat),
    }
    world.push("my_chat_member", change, chat)
    world.changes.ring()


class PrivateTopic(Participant, ChatView):
    """A topic of a private chat."""


class PrivateChat(Participant, ChatView):
    """A person's chat with the bot: the person speaks, and sees what the bot writes."""

    def topic(self, name: str) -> PrivateTopic:
        """Open a topic; the bot must have topics enabled (``FakeTelegram(private_topics=True)``)."""
        assert self.world.me["has_topics_enabled"], "start FakeTelegram with private_topics=True"
        topic = open_topic(self.world, self.chat, self.person.user, name)
        return PrivateTopic(self.world, self.chat, self.person, topic["message_thread_id"])

    def block(self) -> None:
        """Block the bot: it is told, and every send fails until ``unblock``."""
        before = bot_member(self.world, self.chat)
        self.chat.blocked, self.chat.bot_status = True, "kicked"
        _push_standing(self.world, self.chat, self.person.user, before)

    def unblock(self) -> None:
        """Take the block back."""
        before = bot_member(self.world, self.chat)
        self.chat.blocked, self.chat.bot_status = False, "member"
        _push_standing(self.world, self.chat, self.person.user, before)

    def deactivate(self) -> None:
        """Delete the person's account."""
        self.chat.deactivated = True

    def forbid_voice(self) -> None:
        """Allow no voice messages, as a privacy setting of the person."""
        self.chat.restricts_voice = True


class _Crowd(ChatView):
    """A chat of several people, who are named as they speak."""

    def by(self, person: Person) -> Participant:
        """This person in this chat, with every verb of a client."""
        assert person.id in self.chat.members, f"{person.name} is not in {self.chat.title!r}"
        return Participant(self.world, self.chat, person, self.thread_id)

    async def say(self, person: Person, text: str, **extras: Unpack[Extras]) -> Message:
        """Let a person send a text message."""
        return await self.by(person).say(text, **extras)

    async def edit(self, message: Message, text: str) -> None:
        """Let the author of a message change it."""
        await self.by(Person(user=message.sender)).edit(message, text)

    async def press(
        self, person: Person, message: Message, button: str, *, seconds: float = 60.0
    ) -> CallbackAnswer:
        """Let a person press an inline button and wait for the bot's answer."""
        return await self.by(person).press(message, button, seconds=seconds)


class GroupTopic(_Crowd):
    """A topic of a forum."""


class Group(_Crowd):
    """A group. The first of its people owns it."""

    @property
    def owner(self) -> Wire:
        """The user object of the owner."""
        return next(iter(self.chat.members.values()))

    def topic(self, name: str) -> GroupTopic:
        """Open a topic of a forum, by its owner."""
        assert self.chat.forum, f"{self.chat.title!r} is no forum"
        topic = open_topic(self.world, self.chat, self.owner, name)
        return GroupTopic(self.world, self.chat, topic["message_thread_id"])

    def join(self, person: Person) -> None:
        """Let somebody come in."""
        self.chat.members[person.id] = person.user
        self._service(person.user, {"new_chat_members": [person.user]})

    def leave(self, person: Person) -> None:
        """Let somebody go."""
        del self.chat.members[person.id]
        self._service(person.user, {"left_chat_member": person.user})

    def kick_bot(self) -> None:
        """Remove the bot: it is told, and every send fails."""
        self._set_bot_status("kicked")

    def add_bot(self) -> None:
        """Bring the bot (back) in."""
        self._set_bot_status("member")
        self._service(self.owner, {"new_chat_members": [self.world.bot]})

    def promote_bot(self) -> None:
        """Make the bot an administrator: it sees every message and may open topics."""
        self._set_bot_status("administrator")

    def upgrade(self) -> None:
        """Turn the group into a supergroup: a new id, service messages on both sides, the old id refused."""
        old = self.chat
        assert old.kind == "group", f"{old.title!r} is a supergroup already"
        new = self.world.add_group(
            old.title, list(old.members.values()), supergroup=True, forum=False, predecessor=old
        )
        new.bot_status = old.bot_status
        self._service(self.owner, {"migrate_to_chat_id": new.id})
        old.moved_to = new.id
        self.chat = new
        self._service(self.owner, {"migrate_from_chat_id": old.id})

    def _set_bot_status(self, status: BotStatus) -> None:
        before = bot_member(self.world, self.chat)
        self.chat.bot_status = status
        _push_standing(self.world, self.chat, self.owner, before)

    def _service(self, actor: Wire, content: dict[str, Any]) -> None:
        self.world.announce(self.world.post(self.chat, actor, content=content))

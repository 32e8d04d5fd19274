"""Decides what of a group's talk is for the bot, and keeps the rest for who wants to catch up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

import structlog

from bot.conversation.chat_settings import ChatSettings
from bot.conversation.commands import command_in, is_for_another
from bot.conversation.groups.calling import calls_by_name
from bot.conversation.hearing.finding import kept_from
from bot.conversation.hearing.sources import is_voice_in_group
from bot.messages import ChatKind, ConversationKey, Edited, Incoming
from bot.ports import Adapter, Clock, Named
from bot.storage import chats, history, overheard, people, recordings
from bot.storage.overheard import Heard
from bot.storage.people import Standing

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["Overhearing", "Stores", "shortened"]

log = structlog.get_logger(__name__)

T = TypeVar("T")

_LONGEST_TEXT = 1000


class Stores(Protocol):
    """A database that can be asked and changed."""

    async def read(self, query: Callable[[Connection], T]) -> T:
        """What ``query`` finds in one consistent state of the database. Raises StorageError."""

    async def write(self, change: Callable[[Connection], T]) -> T:
        """Make a change in a transaction of its own. Raises StorageError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """What holds for a message in a group."""

    settings: ChatSettings
    took_part: bool
    is_blocked: bool


class Overhearing:
    """Shared by all conversations; nothing to close. ``names`` are the operator's names for the bot."""

    def __init__(
        self, *, database: Stores, adapters: Mapping[str, Adapter], names: Iterable[str], clock: Clock
    ) -> None:
        self._database = database
        self._adapters = adapters
        self._names = tuple(names)
        self._clock = clock

    async def is_for_bot(self, message: Incoming) -> bool:
        """Whether a message is to be answered; one that is not is kept where the group wants that.

        In a group: addressed lets the bot answer mentions, replies to it, commands, its name and what follows
        in a thread it took part in; always lets it answer everything; quiet only mentions and commands.
        A voice message is for the bot also where the group has its voice messages heard. A recording is noted
        for those who ask for its words later. Raises StorageError.
        """
        if message.chat_kind is ChatKind.PRIVATE or _is_plain_call(message):
            return True
        group = await self._group(message)
        await self._note_recordings(message, group)
        if self._is_meant(message, group) or _is_to_be_heard(message, group):
            return True
        await self._keep(message, group)
        return False

    async def edited(self, event: Edited) -> Edited | None:
        """The edit as the same rules see it: a change may address the bot, or concern it no longer.

        None for one that concerns only what is kept. Raises StorageError.
        """
        message = event.message
        if message.chat_kind is ChatKind.PRIVATE:
            return event
        group = await self._group(message)
        if self._is_meant(message, group):
            await self._database.write(
                lambda conn: overheard.forget_heard(conn, message.key, (message.message_id,))
            )
            return event.addressing(True)
        text = shortened(message.text)
        await self._database.write(
            lambda conn: overheard.correct_heard(conn, message.key, message.message_id, text)
        )
        return None if group.settings.attention == "quiet" else event.addressing(False)

    def is_named(self, message: Incoming) -> bool:
        """Whether a message calls the bot by its name on the platform, or by one of the operator's."""
        return calls_by_name(message.text, self.names_in(message.key))

    def names_in(self, key: ConversationKey) -> tuple[str, ...]:
        """What the bot is called in a chat: by the operator, and on the platform."""
        return (*self._names, *self._own_name(key))

    async def prune(self) -> None:
        """Drop what was kept for its day, and recordings noted for their week. Raises StorageError."""
        now = self._clock.now().timestamp()

        def forget(conn: Connection) -> None:
            overheard.forget_old(conn, now=now)
            recordings.forget_old_recordings(conn, now=now)

        await self._database.write(forget)

    async def _group(self, message: Incoming) -> _Group:
        key, author = message.key, message.author

        def query(conn: Connection) -> _Group:
            standing = people.standing_of(conn, platform=key.platform, account=key.account, person=author.id)
            return _Group(
                settings=ChatSettings.of(chats.chat_of(conn, key.peer), thinking_shown=True),
                took_part=message.follows_up and history.took_part(conn, str(key)),
                is_blocked=author.is_bot or standing is Standing.BLOCKED,
            )

        return await self._database.read(query)

    def _is_meant(self, message: Incoming, group: _Group) -> bool:
        if message.author.is_bot or is_for_another(message):
            return False
        attention = group.settings.attention
        if attention == "always" or _is_plain_call(message):
            return True
        if attention == "quiet":
            return False
        return message.addressed or group.took_part or self.is_named(message)

    async def _note_recordings(self, message: Incoming, group: _Group) -> None:
        """Somebody may point at it later, in a way that tells no more than its id."""
        kept = kept_from(message)
        if kept is None or group.is_blocked or group.settings.voice == "off":
            return
        now = self._clock.now().timestamp()
        await self._database.write(lambda conn: recordings.keep_recording(conn, kept, now=now))

    async def _keep(self, message: Incoming, group: _Group) -> None:
        text = shortened(message.text)
        if group.is_blocked or not group.settings.recall or not text or is_for_another(message):
            return
        heard = Heard(
            message_id=message.message_id,
            author_id=message.author.id,
            author_name=message.author.name,
            text=text,
            sent_at=message.sent_at.timestamp(),
        )
        await self._database.write(lambda conn: overheard.keep_heard(conn, message.key, heard))

    def _own_name(self, key: ConversationKey) -> tuple[str, ...]:
        adapter = self._adapters.get(key.platform)
        badge = adapter.badge if isinstance(adapter, Named) else None
        return (badge.name,) if badge is not None else ()


def _is_plain_call(message: Incoming) -> bool:
    """Whether it mentions the bot or gives it a command, which works whatever a group has set."""
    if message.author.is_bot:
        return False
    return message.mentioned or (message.addressed and command_in(message) is not None)


def _is_to_be_heard(message: Incoming, group: _Group) -> bool:
    """Whether the group has set that voice messages are listened to which are not plainly for the bot."""
    if group.is_blocked or not is_voice_in_group(message):
        return False
    settings = group.settings
    return settings.voice == "all" or (settings.voice == "addressed" and settings.attention != "quiet")


def shortened(text: str) -> str:
    """What is kept of a message: one line, and of a long one its beginning."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_TEXT else f"{line[:_LONGEST_TEXT]} …"

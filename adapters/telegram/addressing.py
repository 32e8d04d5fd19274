"""Decides whether a message is meant for the bot, and takes the bot's own name off its front."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aiogram import types
from aiogram.types import MessageEntity

from .text import code_points

__all__ = ["Identity", "addressed", "command_target", "is_reply_to", "mentioned", "names", "opening"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who the bot is on Telegram. ``hears_all``: BotFather lets it read everything in groups."""

    id: int
    username: str
    name: str = ""
    hears_all: bool = False

    @property
    def account(self) -> str:
        """The id as the core writes it."""
        return str(self.id)


def addressed(message: types.Message, text: str, entities: Sequence[MessageEntity], me: Identity) -> bool:
    """Whether the bot is meant: private chat, its name, a command, a reply to it; never another's command."""
    if message.chat.type == "private":
        return True
    if message.forward_origin is not None:
        return False
    target = command_target(text, entities)
    if target is not None:
        return target in ("", me.username.lower())
    return is_reply_to(message, me) or any(names(text, entity, me) for entity in entities)


def mentioned(message: types.Message, text: str, entities: Sequence[MessageEntity], me: Identity) -> bool:
    """Whether the bot is called by its handle, in words that are the author's own."""
    return message.forward_origin is None and any(names(text, entity, me) for entity in entities)


def is_reply_to(message: types.Message, me: Identity) -> bool:
    """Whether the message answers one of ours. Topics show their own opening as the one answered."""
    answered = message.reply_to_message
    if answered is None or answered.from_user is None or answered.forum_topic_created is not None:
        return False
    return answered.from_user.id == me.id


def names(text: str, entity: MessageEntity, me: Identity) -> bool:
    """Whether the entity is a mention of the bot."""
    if entity.type == "text_mention":
        return entity.user is not None and entity.user.id == me.id
    if entity.type != "mention":
        return False
    return _covered(text, entity).lower() == f"@{me.username}".lower()


def command_target(text: str, entities: Sequence[MessageEntity]) -> str | None:
    """The bot named by the command the text begins with, "" when it names none; None: no command."""
    for entity in entities:
        if entity.type == "bot_command" and entity.offset == 0:
            return _covered(text, entity).partition("@")[2].lower()
    return None


def opening(text: str, entities: Sequence[MessageEntity], me: Identity) -> tuple[str, int]:
    """What to read instead of the text's beginning, and from which index to go on.

    A leading mention of the bot is taken away, ``/command@bot`` becomes ``/command``.
    """
    for entity in entities:
        if entity.offset != 0:
            continue
        end = code_points(text, entity.length)
        if names(text, entity, me):
            return "", _skip_separator(text, end)
        if entity.type == "bot_command" and command_target(text, [entity]) == me.username.lower():
            return text[:end].partition("@")[0], end
    return "", 0


def _skip_separator(text: str, index: int) -> int:
    while index < len(text) and (text[index].isspace() or text[index] in ",:，："):
        index += 1
    return index


def _covered(text: str, entity: MessageEntity) -> str:
    return text[code_points(text, entity.offset) : code_points(text, entity.offset + entity.length)]

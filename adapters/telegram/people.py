"""Names the people, chats and places of Telegram in the core's terms."""

from __future__ import annotations

from collections.abc import Mapping

from aiogram import types

from bot.messages import Author, ChatKind, ConversationKey

from .text import clean

__all__ = [
    "actor",
    "author_of",
    "chat_kind",
    "chat_title",
    "conversation_key",
    "origin_name",
    "reactor",
    "user_author",
]

_KINDS: Mapping[str, ChatKind] = {
    "private": ChatKind.PRIVATE,
    "group": ChatKind.GROUP,
    "supergroup": ChatKind.GROUP,
    "channel": ChatKind.CHANNEL,
}
_NAME_LIMIT = 128


def chat_kind(chat: types.Chat) -> ChatKind:
    """What the chat is; a kind that Telegram invents later counts as a group."""
    return _KINDS.get(chat.type, ChatKind.GROUP)


def conversation_key(account: str, chat: types.Chat, thread: int | None = None) -> ConversationKey:
    """The key of a chat, or of one of its topics."""
    return ConversationKey(
        platform="telegram", account=account, chat=str(chat.id), thread="" if thread is None else str(thread)
    )


def author_of(message: types.Message) -> Author | None:
    """Who wrote: the person, or the chat somebody speaks for. None for bots and for nobody.

    Anonymous administrators and channels arrive with a bot of Telegram's as ``from`` (GroupAnonymousBot,
    Channel Bot) and the chat as ``sender_chat``.
    """
    if message.sender_chat is not None:
        return _chat_author(message.sender_chat, message.author_signature)
    user = message.from_user
    return None if user is None or user.is_bot else user_author(user)


def actor(user: types.User, chat: types.Chat) -> Author:
    """Who did something to a chat; the chat itself for an administrator who acts anonymously."""
    return _chat_author(chat, None) if user.is_bot else user_author(user)


def reactor(change: types.MessageReactionUpdated) -> Author | None:
    """Who reacted: a person, or the chat somebody speaks for. None for bots and for nobody."""
    if change.actor_chat is not None:
        return _chat_author(change.actor_chat, None)
    return None if change.user is None or change.user.is_bot else user_author(change.user)


def user_author(user: types.User) -> Author:
    """A Telegram user."""
    return Author(
        id=str(user.id),
        name=_name(user.full_name) or user.username or str(user.id),
        username=user.username or "",
        language=user.language_code or "",
        is_bot=user.is_bot,
    )


def _chat_author(chat: types.Chat, signature: str | None) -> Author:
    title = chat_title(chat)
    name = f"{title} ({_name(signature)})" if signature else title
    return Author(id=str(chat.id), name=name, username=chat.username or "")


def chat_title(chat: types.Chat) -> str:
    """What people call the chat."""
    person = f"{chat.first_name or ''} {chat.last_name or ''}"
    return _name(chat.title or person) or chat.username or str(chat.id)


def origin_name(origin: types.MessageOrigin) -> str:
    """Who wrote a message that was forwarded or is answered from elsewhere."""
    match origin:
        case types.MessageOriginUser():
            return user_author(origin.sender_user).name
        case types.MessageOriginHiddenUser():
            return _name(origin.sender_user_name)
        case types.MessageOriginChat():
            return chat_title(origin.sender_chat)
        case types.MessageOriginChannel():
            return chat_title(origin.chat)
        case _:
            return ""


def _name(name: str) -> str:
    return " ".join(clean(name).split())[:_NAME_LIMIT]

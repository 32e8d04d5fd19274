"""Turns a valid update into the core's event, or into nothing when it is none of the bot's business."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from aiogram import types

from bot.messages import (
    ButtonPressed,
    ChatJoined,
    ChatLeft,
    ChatMigrated,
    ConversationKey,
    Edited,
    Inbound,
    Incoming,
    Part,
    StopPressed,
    TextPart,
    TranscriptWanted,
)

from .addressing import Identity, addressed, mentioned, opening
from .attachments import attachments_of, is_service
from .people import actor, author_of, chat_kind, conversation_key, reactor, user_author
from .quoted import quoted_of
from .rich_text import rich_text
from .text import clean, marked_up, utf16_length

__all__ = ["event_id", "translate"]

log = structlog.get_logger(__name__)

_BUTTON_DATA_BYTES = 64
# Of what anybody may react with (Bot API, ReactionTypeEmoji) this is the one that means writing.
_WRITE_DOWN = "✍"
_THUMBS = {"👍": "up", "👎": "down"}
# Clients cut what is pasted at 4,096 characters, and before a word or an emoji a little earlier.
_FULL_UTF16_UNITS = 4000


def event_id(update_id: int) -> str:
    """The id under which an update is taken in once."""
    return f"update:{update_id}"


class _Dropped(Exception):
    """The update is none of the bot's business."""


def translate(update: types.Update, me: Identity) -> Inbound | None:
    """The event of an update; None when nobody meant the bot to see it (logged at debug level)."""
    try:
        return _event(update, me)
    except _Dropped as exc:
        log.debug("telegram_update_dropped", update_id=update.update_id, why=str(exc))
        return None


def _event(update: types.Update, me: Identity) -> Inbound:
    if update.message is not None:
        return _written(update.update_id, update.message, me)
    if update.edited_message is not None:
        return _edited(update.update_id, update.edited_message, me)
    if update.callback_query is not None:
        return _button(update.update_id, update.callback_query, me)
    if update.message_reaction is not None:
        return _reaction(update.update_id, update.message_reaction, me)
    if update.stopped_message_generation is not None:
        return _stop(update.update_id, update.stopped_message_generation, me)
    if update.my_chat_member is not None:
        return _membership(update.update_id, update.my_chat_member, me)
    raise _Dropped("a kind of update that is not served")


def _written(update_id: int, message: types.Message, me: Identity) -> Incoming | ChatMigrated:
    if message.migrate_to_chat_id is not None:
        return ChatMigrated(
            event_id=event_id(update_id),
            key=conversation_key(me.account, message.chat),
            new_chat=str(message.migrate_to_chat_id),
        )
    return _incoming(update_id, message, me)


def _incoming(update_id: int, message: types.Message, me: Identity) -> Incoming:
    author = author_of(message)
    if author is None:
        raise _Dropped("written by a bot")
    if _is_elsewhere(message):
        raise _Dropped("not an ordinary chat")
    if is_service(message):
        raise _Dropped("service message")
    text, entities = _source(message)
    return Incoming(
        event_id=event_id(update_id),
        key=message_key(message, me),
        chat_kind=chat_kind(message.chat),
        author=author,
        message_id=str(message.message_id),
        parts=_parts(message, me),
        sent_at=message.date,
        addressed=addressed(message, text, entities, me),
        mentioned=mentioned(message, text, entities, me),
        quoted=quoted_of(message, me),
        fills_limit=message.text is not None and utf16_length(message.text) >= _FULL_UTF16_UNITS,
    )


def _is_elsewhere(message: types.Message) -> bool:
    """Channel posts, business chats, guest calls, messages for one reader and to channels: not served."""
    return (
        message.chat.type == "channel"
        or message.business_connection_id is not None
        or message.guest_query_id is not None
        or message.ephemeral_message_id is not None
        or message.direct_messages_topic is not None
    )


def message_key(message: types.Message, me: Identity) -> ConversationKey:
    """The conversation of a message. Plain replies in a group carry a thread id too, which is no topic."""
    thread = message.message_thread_id if message.is_topic_message else None
    return conversation_key(me.account, message.chat, thread)


def _source(message: types.Message) -> tuple[str, list[types.MessageEntity]]:
    if message.text is not None:
        return message.text, message.entities or []
    return message.caption or "", message.caption_entities or []


def _parts(message: types.Message, me: Identity) -> tuple[Part, ...]:
    """Text first, then what came with it; nothing for a message of the bot's bare name."""
    text = _text(message, me)
    attachments = attachments_of(message, album=message.media_group_id or "")
    return (TextPart(text=text), *attachments) if text else attachments


def _text(message: types.Message, me: Identity) -> str:
    if message.rich_message is not None:
        return clean(rich_text(message.rich_message))
    text, entities = _source(message)
    lead, start = opening(text, entities, me)
    return clean(lead + marked_up(text, entities, start=start))


def _edited(update_id: int, message: types.Message, me: Identity) -> Edited:
    """``sent_at`` stays the time the message was first sent; the edit's own time is nowhere needed."""
    incoming = _incoming(update_id, message, me)
    return Edited(event_id=event_id(update_id), key=incoming.key, message=incoming)


def _button(update_id: int, query: types.CallbackQuery, me: Identity) -> ButtonPressed:
    message = query.message
    if message is None or query.data is None:
        raise _Dropped("button without a message or data")
    return ButtonPressed(
        event_id=event_id(update_id),
        key=_pressed_key(message, me),
        chat_kind=chat_kind(message.chat),
        author=user_author(query.from_user),
        message_id=str(message.message_id),
        data=query.data.encode()[:_BUTTON_DATA_BYTES].decode(errors="ignore"),
        answer_id=query.id,
    )


def _reaction(
    update_id: int, change: types.MessageReactionUpdated, me: Identity
) -> ButtonPressed | TranscriptWanted:
    """A writing hand asks for a recording in writing, a thumb is a vote; other signs are not for us.

    Groups report reactions to bots that are admins only (Bot API, Update.message_reaction).
    """
    signs = _signs(change.new_reaction)
    if _WRITE_DOWN in signs - _signs(change.old_reaction):
        return _wanted(update_id, change, me)
    return _vote(update_id, change, signs, me)


def _signs(reactions: Sequence[types.ReactionTypeUnion]) -> set[str]:
    """The emoji among them, in the form without a variation selector."""
    return {sign.emoji.rstrip("\ufe0f") for sign in reactions if isinstance(sign, types.ReactionTypeEmoji)}


def _wanted(update_id: int, change: types.MessageReactionUpdated, me: Identity) -> TranscriptWanted:
    """Neither the message nor its topic comes along. An anonymous administrator reacts as the chat."""
    author = reactor(change)
    if author is None:
        raise _Dropped("a reaction of nobody")
    return TranscriptWanted(
        event_id=event_id(update_id),
        key=conversation_key(me.account, change.chat),
        chat_kind=chat_kind(change.chat),
        author=author,
        message_id=str(change.message_id),
    )


def _vote(
    update_id: int, change: types.MessageReactionUpdated, signs: set[str], me: Identity
) -> ButtonPressed:
    """A thumb under a message of ours, as if a button had been pressed."""
    vote = next((word for emoji, word in _THUMBS.items() if emoji in signs), None)
    if vote is None or change.user is None:
        raise _Dropped("a reaction that is no vote")
    return ButtonPressed(
        event_id=event_id(update_id),
        key=conversation_key(me.account, change.chat),
        chat_kind=chat_kind(change.chat),
        author=user_author(change.user),
        message_id=str(change.message_id),
        data=f"feedback:{vote}",
    )


def _pressed_key(message: types.Message | types.InaccessibleMessage, me: Identity) -> ConversationKey:
    """An inaccessible message tells its chat only."""
    if isinstance(message, types.Message):
        return message_key(message, me)
    return conversation_key(me.account, message.chat)


def _stop(update_id: int, stopped: types.MessageGenerationStopped, me: Identity) -> StopPressed:
    key = conversation_key(me.account, stopped.chat, stopped.message_thread_id)
    return StopPressed(event_id=event_id(update_id), key=key)


def _membership(update_id: int, change: types.ChatMemberUpdated, me: Identity) -> ChatJoined | ChatLeft:
    """Members come reduced to "member" and "left" from ``updates``, with a mark on administrators."""
    can = isinstance(change.new_chat_member, types.ChatMemberMember)
    if can == isinstance(change.old_chat_member, types.ChatMemberMember):
        raise _Dropped("membership without a difference")
    key = conversation_key(me.account, change.chat)
    if not can or change.chat.type not in ("group", "supergroup"):
        return ChatLeft(event_id=event_id(update_id), key=key, back=can)
    is_admin = (change.new_chat_member.model_extra or {}).get("is_admin") is True
    return ChatJoined(
        event_id=event_id(update_id),
        key=key,
        chat_kind=chat_kind(change.chat),
        author=actor(change.from_user, change.chat),
        # Bot API, "Privacy mode": administrators always receive all messages.
        hears_all=me.hears_all or is_admin,
    )

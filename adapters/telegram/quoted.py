"""Says what a message answers, quotes or forwards."""

from __future__ import annotations

from aiogram import types

from bot.messages import Author, Quoted

from .addressing import Identity
from .attachments import attachments_of
from .people import author_of, origin_name, user_author
from .rich_text import rich_text
from .text import clean, marked_up

__all__ = ["quoted_of", "text_of"]


def quoted_of(message: types.Message, me: Identity) -> Quoted | None:
    """The answered message, else the one answered in another chat, else the source of a forward.

    A forward says only who wrote it: its content is the message's own.
    """
    answered = message.reply_to_message
    if answered is not None and answered.forum_topic_created is None:
        return _reply(answered, _excerpt(message), me)
    if message.external_reply is not None:
        return _external(message.external_reply, _excerpt(message), message.chat.id)
    if message.forward_origin is not None:
        return _forward(message.forward_origin, me)
    return None


def text_of(message: types.Message) -> str:
    """All the text of a message, whichever way it holds it."""
    if message.rich_message is not None:
        return clean(rich_text(message.rich_message))
    if message.text is not None:
        return clean(marked_up(message.text, message.entities or ()))
    return clean(marked_up(message.caption or "", message.caption_entities or ()))


def _excerpt(message: types.Message) -> str:
    return clean(message.quote.text) if message.quote is not None else ""


def _reply(answered: types.Message, excerpt: str, me: Identity) -> Quoted:
    writer = _writer(answered)
    return Quoted(
        how="reply",
        message_id=str(answered.message_id),
        author_id=writer.id if writer is not None else "",
        author_name=writer.name if writer is not None else "",
        text=text_of(answered),
        excerpt=excerpt,
        is_ours=answered.from_user is not None and answered.from_user.id == me.id,
        attachments=attachments_of(answered),
    )


def _writer(message: types.Message) -> Author | None:
    author = author_of(message)
    if author is None and message.from_user is not None:
        return user_author(message.from_user)
    return author


def _external(reply: types.ExternalReplyInfo, excerpt: str, chat_id: int) -> Quoted:
    is_here = reply.chat is not None and reply.chat.id == chat_id
    return Quoted(
        how="reply",
        message_id=str(reply.message_id or "") if is_here else "",
        author_name=origin_name(reply.origin),
        text=excerpt,
        excerpt=excerpt,
        attachments=attachments_of(reply),
    )


def _forward(origin: types.MessageOrigin, me: Identity) -> Quoted:
    is_ours = isinstance(origin, types.MessageOriginUser) and origin.sender_user.id == me.id
    return Quoted(how="forward", author_name=origin_name(origin), is_ours=is_ours)

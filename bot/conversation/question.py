"""What a turn asks the model: the person's words with their context, and where in the tree they stand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.events import Outcome
from bot.exchange import Exchange
from bot.messages import Attachment, AttachmentKind, Author, ChatKind, ConversationKey, Incoming, Quoted
from bot.texts import say

__all__ = ["Origin", "Question", "asks_something", "question_again", "question_from", "things"]

_LONGEST_NAME = 64
_LONGEST_QUOTE = 2000
_SPACE = re.compile(r"\s+")
# A name must not pass for the end of a name or for another line of the prompt.
_UNFIT_IN_NAME = re.compile(r"[:\x00-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]")

_THINGS = {
    AttachmentKind.IMAGE: "things_image",
    AttachmentKind.VOICE: "things_voice",
    AttachmentKind.AUDIO: "things_voice",
    AttachmentKind.VIDEO: "things_video",
    AttachmentKind.VIDEO_NOTE: "things_video",
    AttachmentKind.ANIMATION: "things_video",
    AttachmentKind.DOCUMENT: "things_document",
    AttachmentKind.STICKER: "things_sticker",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Which exchange a question follows from: a message of ours, or an exchange that is answered anew.

    ``again`` gets a second answer beside the first; the answer to ``replaces`` takes over its messages.
    """

    continues_message: str = ""
    again: int | None = None
    replaces: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked. ``request`` is what the model reads; ``mark`` a remark of ours below the answer."""

    key: ConversationKey
    chat_kind: ChatKind
    author: Author
    message_id: str
    request: str
    mark: str = ""
    origin: Origin = field(default_factory=Origin)


def question_from(messages: Sequence[Incoming], *, language: str, origin: Origin | None = None) -> Question:
    """The question that one message, or several that belong together, asks."""
    first = messages[0]
    text = "\n".join(message.text for message in messages if message.text)
    attachments = [item for message in messages for item in message.attachments]
    quoted = first.quoted
    continues = quoted.message_id if quoted and quoted.how == "reply" and quoted.is_ours else ""
    request = f"{_quotation(quoted)}{text}"
    if attachments:
        request += f"\n\n[Attached, but not readable for you: {things(attachments, 'en')}]"
    if first.chat_kind is not ChatKind.PRIVATE:
        request = f"{display_name(first.author)}: {request}"
    return Question(
        key=first.key,
        chat_kind=first.chat_kind,
        author=first.author,
        message_id=first.message_id,
        request=request.strip(),
        mark=say("attachment_beside_text", language, things=things(attachments, language))
        if attachments
        else "",
        origin=origin or Origin(continues_message=continues),
    )


def question_again(
    exchange: Exchange, key: ConversationKey, chat_kind: ChatKind, author: Author, message_id: str
) -> Question:
    """The question of an exchange once more; the answer to a failed one takes over its message."""
    # Without an outcome its turn was given up, with an apology in the place of the answer.
    failed = exchange.outcome in (Outcome.FAILED, None)
    return Question(
        key=key,
        chat_kind=chat_kind,
        author=author,
        message_id=message_id,
        request=exchange.request,
        origin=Origin(replaces=exchange.turn_id) if failed else Origin(again=exchange.turn_id),
    )


def asks_something(messages: Sequence[Incoming]) -> bool:
    """Whether there are words to answer: in the messages, or in what a bare mention points at."""
    quoted = messages[0].quoted
    if _quotation(quoted if quoted is None or quoted.how == "reply" else None):
        return True
    return any(message.text.strip() for message in messages)


def display_name(author: Author) -> str:
    """The author's name as it is put before a group message: one short line that cannot forge another."""
    return _one_line(author.name) or author.username or f"Person {author.id}"


def _one_line(name: str) -> str:
    return _SPACE.sub(" ", _UNFIT_IN_NAME.sub(" ", name)).strip()[:_LONGEST_NAME]


def things(attachments: Sequence[Attachment], language: str) -> str:
    """What was attached, in words."""
    keys = dict.fromkeys(_THINGS.get(item.kind, "things_other") for item in attachments)
    return ("、" if language == "zh" else ", ").join(say(key, language) for key in keys)


def _quotation(quoted: Quoted | None) -> str:
    if quoted is None:
        return ""
    text = quoted.excerpt or ("" if quoted.is_ours and quoted.message_id else quoted.text)
    if not text.strip():
        return ""
    who = "your earlier answer" if quoted.is_ours else (_one_line(quoted.author_name) or "somebody")
    opening = f"[Forwarded from {who}]" if quoted.how == "forward" else f"[In reply to {who}]"
    shortened = text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]} …"
    lines = "\n".join(f"> {line}" for line in shortened.splitlines())
    return f"{opening}\n{lines}\n\n"

"""What a turn asks the model: the person's words with their context, and where in the tree they stand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.conversation.perceiving.perceiving import Perceived
from bot.events import Outcome
from bot.exchange import Exchange
from bot.messages import Attachment, AttachmentKind, Author, ChatKind, ConversationKey, Incoming, Quoted
from bot.texts import say

__all__ = [
    "Origin",
    "Question",
    "asks_something",
    "attachments_of",
    "question_again",
    "question_decided",
    "question_from",
    "quotes_others",
    "things",
    "would_be_guessed",
]

_LONGEST_NAME = 64
_LONGEST_QUOTE = 2000
_WORDLESS = "[Shown without a word. Say briefly what it is, and ask what is wanted.]"
_SPACE = re.compile(r"\s+")
# A name must not pass for the end of a name or for another line of the prompt.
_UNFIT_IN_NAME = re.compile(r"[:\x00-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
# How such words are put before the model: here, by the reader of documents and by that of recordings.
_OTHERS = re.compile(
    r"(?:^|: )\[(?:Forwarded from |In reply to (?!your earlier answer\])|Document \"|A recording of )",
    re.MULTILINE,
)

_SPOKEN = (AttachmentKind.VOICE, AttachmentKind.VIDEO_NOTE)
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
    With a ``decision`` that answer goes on where the other one asked whether a tool may act.
    """

    continues_message: str = ""
    again: int | None = None
    replaces: int | None = None
    decision: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked.

    ``request`` is what the model reads; ``mark`` a remark of ours below the answer, ``shown`` what was heard,
    quoted above it. ``spoken`` says that it was asked (also) aloud. ``panel`` are the models to be compared;
    empty for a question with one answer. ``material`` are lines of other people's words that it is about: the
    model sees them this once, they are not stored with it.
    """

    key: ConversationKey
    chat_kind: ChatKind
    author: Author
    message_id: str
    request: str
    mark: str = ""
    shown: str = ""
    spoken: bool = False
    panel: tuple[str, ...] = ()
    material: tuple[str, ...] = ()
    origin: Origin = field(default_factory=Origin)


def question_from(
    messages: Sequence[Incoming],
    *,
    language: str,
    origin: Origin | None = None,
    perceived: Perceived | None = None,
) -> Question:
    """The question that one message, or several that belong together, asks.

    ``perceived`` is what came out of what is attached to them; without it nothing did.
    """
    first = messages[0]
    text = "\n".join(message.text for message in messages if message.text)
    perceived = perceived or Perceived(unread=attachments_of(messages))
    quoted = first.quoted
    continues = quoted.message_id if quoted and quoted.how == "reply" and quoted.is_ours else ""
    request = f"{_quotation(quoted)}{text}" or _hint(perceived)
    if first.chat_kind is not ChatKind.PRIVATE:
        request = f"{display_name(first.author)}: {request}"
    if perceived.unread:
        request += f"\n\n[Attached, but not readable for you: {things(perceived.unread, 'en')}]"
    if perceived.text:
        request += f"\n\n{perceived.text}"
    return Question(
        key=first.key,
        chat_kind=first.chat_kind,
        author=first.author,
        message_id=first.message_id,
        request=request.strip(),
        shown=perceived.shown,
        spoken=_is_spoken(messages, perceived),
        mark=" ".join((*_unread(perceived, language), *perceived.remarks)),
        origin=origin or Origin(continues_message=continues),
    )


def _hint(perceived: Perceived) -> str:
    """What to do about pictures that came without a word, and do not speak for themselves as stickers do."""
    is_shown = any(reading.pictures for reading in perceived.readings)
    return _WORDLESS if is_shown and not perceived.text else ""


def attachments_of(messages: Sequence[Incoming]) -> tuple[Attachment, ...]:
    """What is attached to the messages, and to the one that the first of them answers."""
    own = [item for message in messages for item in message.attachments]
    quoted = messages[0].quoted
    return (*own, *(quoted.attachments if quoted is not None else ()))


def _is_spoken(messages: Sequence[Incoming], perceived: Perceived) -> bool:
    """Whether somebody spoke to us: a recording only quoted, or that nobody could hear, is not that."""
    kinds = {
        item.kind for message in messages for item in message.attachments if item not in perceived.unread
    }
    return bool(perceived.text) and not kinds.isdisjoint(_SPOKEN)


def _unread(perceived: Perceived, language: str) -> tuple[str, ...]:
    if not perceived.unread:
        return ()
    return (say("attachment_beside_text", language, things=things(perceived.unread, language)),)


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


def question_decided(
    exchange: Exchange, key: ConversationKey, chat_kind: ChatKind, *, language: str, decision: bool
) -> Question:
    """The question of an exchange whose answer waited for its author's word, and now has it."""
    return Question(
        key=key,
        chat_kind=chat_kind,
        author=Author(id=exchange.author_id, name=exchange.author_name, language=language),
        message_id=exchange.message_id,
        request=exchange.request,
        origin=Origin(replaces=exchange.turn_id, decision=decision),
    )


def asks_something(messages: Sequence[Incoming]) -> bool:
    """Whether there are words to answer: in the messages, or in what a bare mention points at."""
    quoted = messages[0].quoted
    if _quotation(quoted if quoted is None or quoted.how == "reply" else None):
        return True
    return any(message.text.strip() for message in messages)


def quotes_others(question: Question) -> bool:
    """Whether it holds words of others, who may ask for something in them: quoted, forwarded, in a file."""
    return bool(question.material) or _OTHERS.search(question.request) is not None


def would_be_guessed(messages: Sequence[Incoming], perceived: Perceived) -> bool:
    """Whether an answer could only be invented: no model sees what was shown, and there is nothing else.

    However the words are put, they may be about the picture, and a blind model then describes one. Only
    beside other things that were read is there something else to answer to; a spoken question is none.
    """
    return perceived.unseen and (not perceived.found or _is_spoken(messages, perceived))


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

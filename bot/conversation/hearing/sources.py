"""Tells which of what people sent can be listened to, who sent it, and what they want of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from bot.conversation.again import AGAIN
from bot.conversation.question import display_name
from bot.messages import Attachment, AttachmentKind, Author, ChatKind, Incoming, TextPart
from bot.ports import Turn
from bot.storage.transcripts import Showing, save_showing

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = [
    "Recorded",
    "alone_with",
    "is_audible",
    "is_only_to_be_written_down",
    "is_voice",
    "is_voice_in_group",
    "recorded_in",
]

# A question is spoken in less; somebody who speaks for longer dictates.
_LONGEST_QUESTION_SECONDS: Final = 600.0
_VOICE: Final = frozenset({AttachmentKind.VOICE, AttachmentKind.VIDEO_NOTE})
_AUDIBLE: Final = _VOICE | {AttachmentKind.AUDIO, AttachmentKind.VIDEO}
_ENDINGS: Final = (
    ".aac", ".aif", ".aiff", ".amr", ".avi", ".caf", ".flac", ".m4a", ".m4v", ".mka", ".mkv", ".mov", ".mp3",
    ".mp4", ".oga", ".ogg", ".opus", ".wav", ".webm", ".wma", ".wmv",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A recording in a message. ``position`` counts those of the turn, a quoted message's last.

    ``author_id`` sent the message; empty if not known. ``speaker`` is the name to show, empty for a recording
    whose sender everybody knows: their own in a private chat.
    """

    attachment: Attachment
    position: int
    message_id: str
    author_id: str
    speaker: str

    def shown_in(self, turn: Turn, transcript_id: int) -> Callable[[Connection], None]:
        """The change that notes that a turn is about it, so that its words can be found and forgotten."""
        showing = Showing(
            turn_id=turn.id,
            position=self.position,
            message_id=self.message_id,
            author_id=self.author_id,
            speaker=self.speaker,
            attachment=self.attachment,
            transcript_id=transcript_id,
        )
        return lambda conn: save_showing(conn, turn.key, showing)


def is_audible(attachment: Attachment) -> bool:
    """Whether it seems to hold sound; its bytes decide once they are there."""
    if attachment.kind is not AttachmentKind.DOCUMENT:
        return attachment.kind in _AUDIBLE
    named = attachment.name.lower().endswith(_ENDINGS)
    return named or attachment.mime.partition("/")[0] in ("audio", "video")


def is_voice(attachment: Attachment) -> bool:
    """Whether it is somebody speaking, rather than a piece of music or a film."""
    return attachment.kind in _VOICE


def is_voice_in_group(message: Incoming) -> bool:
    """Whether people of a group spoke, and not plainly to the bot: the group has set what becomes of it."""
    if message.chat_kind is ChatKind.PRIVATE or message.addressed:
        return False
    return any(map(is_voice, message.attachments))


def is_only_to_be_written_down(message: Incoming) -> bool:
    """Whether somebody wants a recording in writing, in a chat of their own: no question is spoken in it.

    That is a voice message passed on without a word, an audio file, or a very long message.
    """
    if message.chat_kind is not ChatKind.PRIVATE or message.text.strip():
        return False
    attachments = message.attachments
    if not attachments or not all(map(is_audible, attachments)):
        return False
    forwarded = message.quoted is not None and message.quoted.how == "forward"
    return all(_is_no_question(one, forwarded=forwarded) for one in attachments)


def _is_no_question(attachment: Attachment, *, forwarded: bool) -> bool:
    if attachment.kind is AttachmentKind.VIDEO or _is_film(attachment):
        return False  # there is more to a film than its words
    if not is_voice(attachment):
        return True
    return forwarded or (attachment.duration_seconds or 0) > _LONGEST_QUESTION_SECONDS


def _is_film(attachment: Attachment) -> bool:
    return attachment.kind is AttachmentKind.DOCUMENT and attachment.mime.startswith("video/")


def recorded_in(messages: Sequence[Incoming]) -> tuple[Recorded, ...]:
    """The recordings in the messages, and in the one that the first of them answers."""
    found = [
        (item, message.message_id, message.author.id, _speaker(message))
        for message in messages
        for item in message.attachments
    ]
    quoted = messages[0].quoted if messages else None
    if quoted is not None:
        name = _shown_name(quoted.author_name)
        found += [(item, quoted.message_id, quoted.author_id, name) for item in quoted.attachments]
    audible = [one for one in found if is_audible(one[0])]
    return tuple(
        Recorded(attachment=item, position=position, message_id=message_id, author_id=author, speaker=speaker)
        for position, (item, message_id, author, speaker) in enumerate(audible)
    )


def alone_with(message: Incoming, recorded: Recorded) -> Incoming:
    """The message as if it came with one of its recordings only, to be taken in as an event of its own."""
    mine = recorded.attachment
    text = tuple(part for part in message.parts if isinstance(part, TextPart))
    own = tuple(item for item in message.attachments if item == mine)
    quoted = message.quoted
    if quoted is not None:
        quoted = replace(quoted, attachments=tuple(item for item in quoted.attachments if item == mine))
    event_id = f"{AGAIN}{recorded.position}:{message.event_id}"
    return replace(message, event_id=event_id, parts=(*text, *own), quoted=quoted)


def _speaker(message: Incoming) -> str:
    if message.quoted is not None and message.quoted.how == "forward":
        return _shown_name(message.quoted.author_name)
    return "" if message.chat_kind is ChatKind.PRIVATE else display_name(message.author)


def _shown_name(name: str) -> str:
    return display_name(Author(id="", name=name)) if name.strip() else ""

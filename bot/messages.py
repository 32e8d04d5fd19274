"""The values that cross the seams: who, where, what was said. Normalised, platform-free, no raw payload."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from bot.errors import BotError

__all__ = [
    "Attachment",
    "AttachmentKind",
    "Author",
    "ButtonPressed",
    "ChatJoined",
    "ChatKind",
    "ChatLeft",
    "ChatMigrated",
    "ConversationKey",
    "Deleted",
    "Edited",
    "Inbound",
    "Incoming",
    "Part",
    "Quoted",
    "StopPressed",
    "TextPart",
    "TranscriptWanted",
    "Unreadable",
    "dump_inbound",
    "load_inbound",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationKey:
    """Where a conversation lives. ``thread`` is empty where the chat has no threads."""

    platform: str
    account: str
    chat: str
    thread: str = ""

    def __str__(self) -> str:
        return "/".join(part.replace("%", "%25").replace("/", "%2F") for part in self._parts())

    def _parts(self) -> tuple[str, str, str, str]:
        return (self.platform, self.account, self.chat, self.thread)

    @classmethod
    def parse(cls, text: str) -> ConversationKey:
        """The inverse of ``str()``. Raises BotError for anything else."""
        parts = [part.replace("%2F", "/").replace("%25", "%") for part in text.split("/")]
        if len(parts) != 4:
            raise BotError(f"not a conversation key: {text!r}")
        return cls(platform=parts[0], account=parts[1], chat=parts[2], thread=parts[3])

    @property
    def sender(self) -> str:
        """The bot's account on the platform: one budget of new messages over all of its chats."""
        return f"{self.platform}/{self.account}"

    @property
    def peer(self) -> str:
        """The chat whatever the thread: one outbound budget and one set of chat settings."""
        return str(ConversationKey(platform=self.platform, account=self.account, chat=self.chat))


class ChatKind(StrEnum):
    """What a chat is to the people in it."""

    PRIVATE = "private"
    GROUP = "group"
    CHANNEL = "channel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who wrote. ``id`` is the platform's stable id; ``name`` is what people see and may hold anything.

    ``vouched`` says that the platform itself lets only the operator's own people write: a member of the
    workspace, whoever sits at the terminal. ``is_guest`` is somebody from outside it. ``is_operator`` is
    who runs the service, known by sitting at its terminal or having its page's secret.
    """

    id: str
    name: str
    username: str = ""
    language: str = ""
    is_bot: bool = False
    is_guest: bool = False
    vouched: bool = False
    is_operator: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPart:
    """A piece of text as the person wrote it."""

    type: Literal["text"] = "text"
    text: str


class AttachmentKind(StrEnum):
    """What the platform calls the thing; the bytes decide what it is."""

    IMAGE = "image"
    VOICE = "voice"
    AUDIO = "audio"
    VIDEO = "video"
    VIDEO_NOTE = "video_note"
    DOCUMENT = "document"
    STICKER = "sticker"
    ANIMATION = "animation"
    LOCATION = "location"
    CONTACT = "contact"
    POLL = "poll"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A handle to something that is not text; bytes are fetched late, through the adapter.

    ``preview`` is what the platform itself has heard in a recording so far, as a stopgap.
    """

    type: Literal["attachment"] = "attachment"
    kind: AttachmentKind
    file_id: str = ""
    unique_id: str = ""
    name: str = ""
    mime: str = ""
    size_bytes: int | None = None
    duration_seconds: float | None = None
    album: str = ""
    preview: str = ""


Part = Annotated[TextPart | Attachment, Field(discriminator="type")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """What a message answers, quotes or forwards. ``message_id`` is empty for a forward from elsewhere.

    ``author_id`` is empty where the platform does not tell who wrote it.
    """

    how: Literal["reply", "forward"]
    message_id: str = ""
    author_id: str = ""
    author_name: str = ""
    text: str = ""
    excerpt: str = ""
    is_ours: bool = False
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A message somebody wrote.

    ``addressed`` says that the bot is meant (private chat, mention, reply to it, command).
    ``fills_limit`` says that the text reaches the platform's size limit, so that its rest may follow at once.
    ``follows_up`` says that it was written in a thread of its own: the bot is meant if it took part there.
    ``mentioned`` says that the bot is called by its handle, the one way that works in a quiet group.
    """

    type: Literal["incoming"] = "incoming"
    event_id: str
    key: ConversationKey
    chat_kind: ChatKind
    author: Author
    message_id: str
    parts: tuple[Part, ...]
    sent_at: datetime
    addressed: bool
    quoted: Quoted | None = None
    fills_limit: bool = False
    follows_up: bool = False
    mentioned: bool = False

    @property
    def text(self) -> str:
        """The text parts, in order, as one text."""
        return "\n".join(part.text for part in self.parts if isinstance(part, TextPart))

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """The parts that are not text."""
        return tuple(part for part in self.parts if isinstance(part, Attachment))


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """A message was changed; ``message`` is its new form, with its old message_id."""

    type: Literal["edited"] = "edited"
    event_id: str
    key: ConversationKey
    message: Incoming

    def addressing(self, addressed: bool) -> Edited:
        """The same edit of a message that addresses the bot, or does not."""
        return replace(self, message=replace(self.message, addressed=addressed))


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """Messages were deleted by a person."""

    type: Literal["deleted"] = "deleted"
    event_id: str
    key: ConversationKey
    message_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonPressed:
    """A button under one of our messages was pressed. ``data`` comes from outside: trust nothing in it."""

    type: Literal["button"] = "button"
    event_id: str
    key: ConversationKey
    chat_kind: ChatKind
    author: Author
    message_id: str
    data: str
    answer_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptWanted:
    """Somebody points at a message and wants what is said in it in writing: by a reaction, or from its menu.

    ``message`` is that message where the platform tells it along. Without an ``answer_id`` nobody waits for
    a word; with one, only who pointed gets to see it.
    """

    type: Literal["transcript_wanted"] = "transcript_wanted"
    event_id: str
    key: ConversationKey
    chat_kind: ChatKind
    author: Author
    message_id: str
    message: Incoming | None = None
    answer_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopPressed:
    """The platform's own stop control was used. Telegram names no person, so anybody who sees it may."""

    type: Literal["stop"] = "stop"
    event_id: str
    key: ConversationKey
    author: Author | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatMigrated:
    """The chat goes on under another id; history and settings move along."""

    type: Literal["migrated"] = "migrated"
    event_id: str
    key: ConversationKey
    new_chat: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatJoined:
    """Somebody added the bot to a group. ``hears_all`` says that it gets to read every message there.

    ``author`` has no id where the platform does not tell who it was.
    """

    type: Literal["joined"] = "joined"
    event_id: str
    key: ConversationKey
    chat_kind: ChatKind
    author: Author
    hears_all: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatLeft:
    """The bot was blocked or removed (``back`` False), or may write again (``back`` True)."""

    type: Literal["left"] = "left"
    event_id: str
    key: ConversationKey
    back: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """An update we could not make sense of; recorded so that it is seen once and never blocks the rest."""

    type: Literal["unreadable"] = "unreadable"
    event_id: str
    key: ConversationKey
    reason: str


Inbound = (
    Incoming
    | Edited
    | Deleted
    | ButtonPressed
    | TranscriptWanted
    | StopPressed
    | ChatMigrated
    | ChatJoined
    | ChatLeft
    | Unreadable
)

_INBOUND: TypeAdapter[Inbound] = TypeAdapter(Annotated[Inbound, Field(discriminator="type")])


def dump_inbound(event: Inbound) -> bytes:
    """The event as JSON, for the inbox."""
    return _INBOUND.dump_json(event, exclude_defaults=False)


def load_inbound(data: bytes | str) -> Inbound:
    """The inverse of ``dump_inbound``. Raises BotError when the stored form is not readable."""
    try:
        return _INBOUND.validate_json(data)
    except ValueError as exc:
        raise BotError(f"a stored event is not readable: {exc}") from exc

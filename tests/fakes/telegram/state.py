"""What the platform remembers: chats, their messages with everything they have shown, and drafts."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, Literal

from .files import StoredFile
from .rich import Rich

__all__ = ["Callback", "CallbackAnswer", "Chat", "ChatAction", "Draft", "Message", "Shown", "Wire"]

Wire = dict[str, Any]
ChatKind = Literal["private", "group", "supergroup"]
NO_THREAD = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One state a message (or a draft) was seen in; ``at`` is on the clock of ``fake.calls``."""

    at: float
    text: str
    entities: list[Wire]


@dataclass(slots=True, kw_only=True, eq=False)
class Message:
    """A message as a person sees it now; it changes in place when it is edited.

    ``text`` is the text, the caption, or what can be read of a rich message.
    """

    message_id: int
    chat: Chat
    sender: Wire
    date: float
    text: str = ""
    entities: list[Wire] = field(default_factory=list)
    content: Wire = field(default_factory=dict)
    rich: Rich | None = None
    file: StoredFile | None = None
    reply_to: Message | None = None
    quote: Wire | None = None
    thread_id: int | None = None
    is_topic: bool = False
    markup: Wire | None = None
    extra: Wire = field(default_factory=dict)
    edit_date: float | None = None
    deleted: bool = False
    history: list[Shown] = field(default_factory=list)
    reactions: list[str] = field(default_factory=list)
    reactions_of: dict[int, list[str]] = field(default_factory=dict)

    @property
    def from_bot(self) -> bool:
        """Whether the bot under test wrote it."""
        return bool(self.sender["is_bot"])

    @property
    def edits(self) -> int:
        """How often it was edited."""
        return len(self.history) - 1

    @property
    def kind(self) -> str:
        """``text``, ``rich_message``, or the field that holds its content: photo, voice, new_chat_members…"""
        if self.rich is not None:
            return "rich_message"
        return next(iter(self.content), "text")

    @property
    def buttons(self) -> list[str]:
        """The labels of its inline buttons, row after row."""
        rows = (self.markup or {}).get("inline_keyboard", [])
        return [button["text"] for row in rows for button in row]

    def wire(self, *, nested: bool = False) -> Wire:
        """The Message object; a nested one leaves out what it replies to, as Telegram does."""
        wire: Wire = {
            "message_id": self.message_id,
            "from": self.sender,
            "chat": self.chat.wire(),
            "date": int(self.date),
            **self.extra,
        }
        self._add_thread(wire)
        self._add_content(wire)
        if self.edit_date is not None:
            wire["edit_date"] = int(self.edit_date)
        if self.reply_to is not None and not nested:
            wire["reply_to_message"] = self.reply_to.wire(nested=True)
            if self.quote is not None:
                wire["quote"] = self.quote
        if self.markup is not None and "inline_keyboard" in self.markup:
            wire["reply_markup"] = self.markup
        return wire

    def _add_thread(self, wire: Wire) -> None:
        if self.thread_id is not None:
            wire["message_thread_id"] = self.thread_id
            if self.is_topic:
                wire["is_topic_message"] = True

    def _add_content(self, wire: Wire) -> None:
        if self.rich is not None:
            wire["rich_message"] = self.rich.wire()
            return
        wire.update(self.content)
        text_name, entities_name = ("caption", "caption_entities") if self.content else ("text", "entities")
        if self.text:
            wire[text_name] = self.text
        if self.entities:
            wire[entities_name] = self.entities

    def __str__(self) -> str:
        who = self.sender["first_name"]
        marks = "".join(
            (f" [edited {self.edits}x]" if self.edits else "", f" {self.buttons}" if self.buttons else "")
        )
        kind = "" if self.kind == "text" else f" <{self.kind}>"
        return f"#{self.message_id} {who}:{kind} {self.text!r}{marks}"


@dataclass(slots=True, kw_only=True, eq=False)
class Draft:
    """The preview of a message the bot is writing, while a person can see it."""

    draft_id: int
    thread_id: int | None
    text: str
    entities: list[Wire]
    rich: Rich | None
    can_stop: bool
    keep_on_stop: bool
    expires_at: float
    timer: asyncio.TimerHandle | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatAction:
    """A chat action such as ``typing`` that the bot showed."""

    at: float
    action: str
    thread_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackAnswer:
    """What a person sees after pressing a button."""

    text: str
    show_alert: bool
    url: str


@dataclass(slots=True, kw_only=True, eq=False)
class Callback:
    """A pressed button that waits for the bot's answer until ``expires_at``."""

    expires_at: float
    answer: asyncio.Future[CallbackAnswer]


@dataclass(slots=True, kw_only=True, eq=False)
class Chat:
    """A chat of the platform with the bot's standing in it."""

    id: int
    kind: ChatKind
    title: str
    username: str = ""
    forum: bool = False
    members: dict[int, Wire] = field(default_factory=dict)
    admins: set[int] = field(default_factory=set)
    topics: dict[int, str] = field(default_factory=dict)
    messages: dict[int, Message] = field(default_factory=dict)
    drafts: dict[int, Draft] = field(default_factory=dict)
    draft_frames: list[Shown] = field(default_factory=list)
    actions: list[ChatAction] = field(default_factory=list)
    bot_status: Literal["member", "administrator", "left", "kicked"] = "member"
    blocked: bool = False
    deactivated: bool = False
    restricts_voice: bool = False
    pinned: Message | None = None
    moved_to: int | None = None
    predecessor: Chat | None = None
    last_message_id: int = 0
    _wire: Wire | None = None

    def wire(self) -> Wire:
        """The Chat object."""
        if self._wire is None:
            named = "first_name" if self.kind == "private" else "title"
            self._wire = {"id": self.id, "type": self.kind, named: self.title}
            if self.username:
                self._wire["username"] = self.username
            if self.forum:
                self._wire["is_forum"] = True
        return self._wire

    def everything(self) -> list[Message]:
        """All messages a person sees, in order, those from before an upgrade first."""
        earlier = self.predecessor.everything() if self.predecessor is not None else []
        return [*earlier, *self.messages.values()]

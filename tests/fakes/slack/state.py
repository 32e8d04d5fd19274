"""What the workspace remembers: channels, messages with everything they have shown, threads, views."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Literal

from .accounts import APP_ID, Person, Wire
from .elements import pressables
from .files import StoredFile
from .rendering import read_blocks, read_mrkdwn
from .streams import Stream

__all__ = ["Channel", "ChannelKind", "Message", "Session", "Shown", "Thread", "View"]

ChannelKind = Literal["channel", "group", "im", "mpim"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One state a message was seen in; ``at`` is on the clock of ``slack.calls``."""

    at: float
    text: str


@dataclass(slots=True, kw_only=True, eq=False)
class Message:
    """A message as people see it now; it changes in place when it is edited or streamed."""

    ts: str
    channel: Channel
    sender: Person
    source: str = ""
    markdown: bool = False
    blocks: list[Wire] = field(default_factory=list)
    attachments: list[Wire] = field(default_factory=list)
    files: list[StoredFile] = field(default_factory=list)
    metadata: Wire | None = None
    thread_ts: str | None = None
    broadcast: bool = False
    subtype: str = ""
    client_msg_id: str = ""
    extra: Wire = field(default_factory=dict)
    stream: Stream | None = None
    streamed: bool = False
    edited_ts: str = ""
    deleted: bool = False
    only_for: str = ""
    reactions: dict[str, list[str]] = field(default_factory=dict)
    history: list[Shown] = field(default_factory=list)

    @property
    def from_bot(self) -> bool:
        """Whether the app under test wrote it."""
        return self.sender is self.channel.bot

    @property
    def text(self) -> str:
        """What can be read in it now."""
        return self.history[-1].text

    @property
    def streaming(self) -> bool:
        """Whether the app is still writing it as a native stream."""
        return self.stream is not None and self.stream.state == "live"

    @property
    def edits(self) -> int:
        """How often what it shows has changed."""
        return len(self.history) - 1

    @property
    def root_ts(self) -> str:
        """The ts of the message its thread hangs on, which may be itself."""
        return self.thread_ts or self.ts

    @property
    def buttons(self) -> list[str]:
        """The labels of what can be pressed in it, in order."""
        return [pressable.label for pressable in pressables(self.all_blocks)]

    @property
    def all_blocks(self) -> list[Wire]:
        """Its blocks, those that came through a stream first."""
        return [*(self.stream.blocks if self.stream else ()), *self.blocks]

    def read(self) -> str:
        """Work out what can be read in it."""
        blocks = read_blocks(self.blocks)
        if self.stream is not None:
            body = self.stream.text
        elif self.blocks:
            body = ""
        else:
            body = self.source if self.markdown else read_mrkdwn(self.source)
        notes = [read_mrkdwn(str(note.get("text") or note.get("fallback", ""))) for note in self.attachments]
        nested = [read_blocks(note.get("blocks") or []) for note in self.attachments]
        return "\n".join(part for part in (body, blocks, *notes, *nested) if part)

    def wire(self) -> Wire:
        """The message object."""
        wire: Wire = {
            "type": "message",
            "user": self.sender.id,
            "ts": self.ts,
            "text": self.stream.text if self.stream else self.source,
            "team": self.sender.team_id,
            **self.extra,
        }
        self._add_sender(wire)
        self._add_thread(wire)
        optional: Wire = {
            "subtype": self.subtype,
            "client_msg_id": self.client_msg_id,
            "blocks": self.all_blocks,
            "attachments": self.attachments,
            "files": [stored.wire(self.channel.external) for stored in self.files],
            "metadata": self.metadata,
            "reactions": [
                {"name": name, "users": users, "count": len(users)} for name, users in self.reactions.items()
            ],
        }
        wire.update({name: value for name, value in optional.items() if value})
        if self.streamed:
            wire["streaming_state"] = "in_progress" if self.streaming else "completed"
        if self.edited_ts:
            wire["edited"] = {"user": self.sender.id, "ts": self.edited_ts}
        return wire

    def _add_sender(self, wire: Wire) -> None:
        if self.sender.bot_id:
            wire["bot_id"] = self.sender.bot_id
            wire["app_id"] = APP_ID if self.from_bot else "A0OTHER001"
            wire["bot_profile"] = {
                "id": self.sender.bot_id,
                "name": self.sender.name,
                "app_id": wire["app_id"],
                "team_id": self.sender.team_id,
                "deleted": False,
            }

    def _add_thread(self, wire: Wire) -> None:
        if self.thread_ts is not None:
            wire["thread_ts"] = self.thread_ts
            root = self.channel.messages.get(self.thread_ts)
            if root is not None:
                wire["parent_user_id"] = root.sender.id
            return
        replies = self.channel.replies_to(self.ts)
        if replies:
            wire |= {"thread_ts": self.ts, "reply_count": len(replies), "latest_reply": replies[-1].ts}

    def __str__(self) -> str:
        marks = [f"[edited {self.edits}x]"] if self.edits else []
        marks += [f"[stream {self.stream.state}]"] if self.stream else []
        marks += [str(self.buttons)] if self.buttons else []
        indent = "  " if self.thread_ts else ""
        return f"{indent}{self.ts} {self.sender.name}: {self.text!r} {' '.join(marks)}".rstrip()


@dataclass(slots=True, kw_only=True)
class Session:
    """An agent session; while it is ``processing`` people have a Stop button."""

    status: str
    title: str = ""
    initiator: str = ""


@dataclass(slots=True, kw_only=True, eq=False)
class Thread:
    """What hangs on a thread beside its messages."""

    status: str = ""
    loading_messages: list[str] = field(default_factory=list)
    status_timer: asyncio.TimerHandle | None = None
    statuses: list[str] = field(default_factory=list)
    title: str = ""
    prompts: list[Wire] = field(default_factory=list)
    session: Session | None = None

    def clear_status(self) -> None:
        """Show no status any more."""
        self.status, self.loading_messages = "", []
        if self.status_timer is not None:
            self.status_timer.cancel()
            self.status_timer = None


@dataclass(slots=True, kw_only=True, eq=False)
class Channel:
    """A conversation with its messages by ts, those in threads included."""

    id: str
    kind: ChannelKind
    name: str
    bot: Person
    members: list[Person]
    bot_in: bool = True
    archived: bool = False
    external: bool = False
    prompts: list[Wire] = field(default_factory=list)
    messages: dict[str, Message] = field(default_factory=dict)
    threads: dict[str, Thread] = field(default_factory=dict)
    ephemerals: list[Message] = field(default_factory=list)

    def thread(self, root_ts: str) -> Thread:
        """What hangs on a thread."""
        return self.threads.setdefault(root_ts, Thread())

    def replies_to(self, root_ts: str) -> list[Message]:
        """The replies in a thread, in order."""
        return [message for message in self.messages.values() if message.thread_ts == root_ts]

    def wire(self) -> Wire:
        """The Conversation object."""
        direct = self.kind == "im"
        wire: Wire = {
            "id": self.id,
            "created": 1_790_000_000,
            "is_archived": self.archived,
            "is_im": direct,
            "is_mpim": self.kind == "mpim",
            "is_channel": self.kind == "channel",
            "is_group": self.kind == "group",
            "is_private": self.kind != "channel",
            "is_member": self.bot_in,
            "is_ext_shared": self.external,
            "context_team_id": self.bot.team_id,
        }
        if direct:
            return {**wire, "user": self.members[0].id, "is_open": True}
        return {**wire, "name": self.name, "name_normalized": self.name, "creator": self.members[0].id}


@dataclass(slots=True, kw_only=True, eq=False)
class View:
    """A home tab or a modal as it stands on somebody's screen."""

    id: str
    person: Person
    view: Wire
    hash: str
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """What can be read in it."""
        return read_blocks(self.view["blocks"])

    @property
    def buttons(self) -> list[str]:
        """The labels of what can be pressed in it, the options of menus included."""
        return [pressable.label for pressable in pressables(self.view["blocks"])]

    def wire(self, team_id: str, bot_id: str) -> Wire:
        """The View object."""
        return {
            **self.view,
            "id": self.id,
            "team_id": team_id,
            "bot_id": bot_id,
            "app_id": APP_ID,
            "hash": self.hash,
            "state": {"values": {}},
            "root_view_id": self.id,
            "private_metadata": self.view.get("private_metadata", ""),
            "callback_id": self.view.get("callback_id", ""),
        }

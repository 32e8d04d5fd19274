"""The platform behind the wire: who exists, what was said where, and which of it the bot is told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Literal

from tests.fakes.changes import Changes
from tests.fakes.faults import Faults

from .errors import ApiError, bad_request, blocked, deactivated, forbidden, kicked, migrated
from .files import FileStore
from .flood import Flood
from .state import NO_THREAD, Callback, Chat, Draft, Message, Shown, Wire
from .updates import UpdateQueue
from .utf16 import slice_units
from .webhook import WebhookSender

__all__ = ["World"]

FIRST_PERSON_ID = 700_000_001
FIRST_GROUP_ID = -4_000_000_001
FIRST_SUPERGROUP_ID = -1_002_000_000_001
BOT_ID = 600_000_001
CALLBACK_SECONDS = 150.0
GENERAL_TOPIC_ID = 1  # the first message of a supergroup; a forum names its General topic by it


class World:
    """State of the platform, changed by the bot's calls and by people."""

    def __init__(
        self,
        *,
        bot: Wire,
        powers: Wire,
        flood: Literal["real", "off"],
        draft_seconds: float,
        clock: Callable[[], float],
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.bot = bot
        self.me: Wire = {**bot, **powers}
        self.clock = clock
        self.wall = wall
        self.draft_seconds = draft_seconds
        self.callback_seconds = CALLBACK_SECONDS
        self.time_scale = 1.0
        self.people: dict[int, Wire] = {}
        self.chats: dict[int, Chat] = {}
        self.files = FileStore()
        self.updates = UpdateQueue()
        self.changes = Changes()
        self.flood = Flood(mode=flood, clock=clock)
        self.faults: Faults[ApiError] = Faults()
        self.violations: list[str] = []
        self.callbacks: dict[str, Callback] = {}
        self.commands: dict[tuple[str, str], list[Wire]] = {}
        self.profile: dict[tuple[str, str], str] = {}
        self.menu_buttons: dict[int, Wire] = {}
        self.webhook: WebhookSender | None = None
        self._groups = 0
        self._last_message_id = 0

    def report(self, defect: str) -> None:
        """Note something the bot should not have sent, though Telegram lets it pass."""
        self.violations.append(defect)

    # Who and where

    def add_person(self, name: str, language: str, username: str) -> Wire:
        """A new user."""
        user: Wire = {"id": FIRST_PERSON_ID + len(self.people), "is_bot": False, "first_name": name}
        if username:
            user["username"] = username
        if language:
            user["language_code"] = language
        self.people[user["id"]] = user
        return user

    def add_private(self, user: Wire) -> Chat:
        """The private chat of a person with the bot."""
        chat = Chat(
            id=user["id"],
            kind="private",
            title=user["first_name"],
            username=user.get("username", ""),
            members={user["id"]: user},
        )
        self.chats[chat.id] = chat
        return chat

    def add_group(
        self,
        title: str,
        members: list[Wire],
        *,
        supergroup: bool,
        forum: bool,
        predecessor: Chat | None = None,
    ) -> Chat:
        """A new group with the bot in it; the first member is its owner."""
        kind: Literal["group", "supergroup"] = "supergroup" if supergroup or forum else "group"
        first = FIRST_SUPERGROUP_ID if kind == "supergroup" else FIRST_GROUP_ID
        chat = Chat(
            id=first - self._groups,
            kind=kind,
            title=title,
            forum=forum,
            members={user["id"]: user for user in members},
            admins={user["id"] for user in members[:1]},
            predecessor=predecessor,
            last_message_id=GENERAL_TOPIC_ID if kind == "supergroup" else 0,
        )
        self._groups += 1
        self.chats[chat.id] = chat
        return chat

    def find_chat(self, chat_id: Any) -> Chat:
        """The chat with this id, whether or not the bot may write there; raises ApiError."""
        try:
            number = int(chat_id)
        except (TypeError, ValueError):
            raise bad_request("chat not found" if chat_id else "chat_id is empty") from None
        chat = self.chats.get(number)
        if chat is None:
            if number in self.people:
                raise forbidden("bot can't initiate conversation with a user")
            raise bad_request("chat not found")
        if chat.moved_to is not None:
            raise migrated(chat.moved_to)
        return chat

    def open_chat(self, chat_id: Any) -> Chat:
        """The chat with this id, if the bot may write there; raises ApiError."""
        chat = self.find_chat(chat_id)
        refusal = _standing(chat)
        if refusal is not None:
            raise refusal
        return chat

    # Messages

    def post(
        self,
        chat: Chat,
        sender: Wire,
        *,
        thread_id: int | None = None,
        reply_to: Message | None = None,
        **fields: Any,
    ) -> Message:
        """Put a message into a chat. A normal message of the bot takes its draft off the screen."""
        is_topic = thread_id is not None
        if reply_to is not None and thread_id is None and chat.kind == "supergroup" and not chat.forum:
            thread_id = reply_to.thread_id or reply_to.message_id
        message = Message(
            message_id=self.next_message_id(chat),
            chat=chat,
            sender=sender,
            date=self.wall(),
            thread_id=thread_id,
            is_topic=is_topic,
            reply_to=reply_to,
            **fields,
        )
        chat.messages[message.message_id] = message
        self.note(message)
        if sender["is_bot"]:
            self.drop_draft(chat, thread_id if is_topic else None)
        return message

    def next_message_id(self, chat: Chat) -> int:
        """Supergroups number their own messages; everything else shares the numbers of the bot's account."""
        if chat.kind == "supergroup":
            chat.last_message_id += 1
            return chat.last_message_id
        self._last_message_id += 1
        return self._last_message_id

    def note(self, message: Message) -> None:
        """Remember what the message shows now."""
        message.history.append(Shown(at=self.clock(), text=message.text, entities=message.entities))

    def announce(self, message: Message, *, edited: bool = False) -> None:
        """Tell the bot of a person's message, if it is one the bot gets to see."""
        if self.bot_sees(message):
            self.push("edited_message" if edited else "message", message.wire(), message.chat)
        self.changes.ring()

    def push(self, kind: str, payload: Wire, chat: Chat) -> None:
        """Queue an update that concerns a chat."""
        self.updates.push(kind, payload, chat.id)

    def bot_sees(self, message: Message) -> bool:
        """Privacy mode: in groups a bot gets commands, mentions, replies to it and service messages."""
        chat = message.chat
        if chat.kind == "private":
            return not chat.blocked
        if chat.bot_status in ("left", "kicked"):
            return False
        if self.me["can_read_all_group_messages"] or chat.bot_status == "administrator":
            return True
        if not message.text and message.kind in _SERVICE:
            return True
        if message.reply_to is not None and message.reply_to.from_bot:
            return True
        return any(self._addresses_bot(message.text, entity) for entity in message.entities)

    def _addresses_bot(self, text: str, entity: Wire) -> bool:
        piece = slice_units(text, entity["offset"], entity["length"]).lower()
        name = f"@{self.bot['username'].lower()}"
        match entity["type"]:
            case "mention":
                return piece == name
            case "bot_command":
                return "@" not in piece or piece.endswith(name)
            case "text_mention":
                return bool(entity["user"]["id"] == self.bot["id"])
            case _:
                return False

    # Drafts

    def show_draft(self, chat: Chat, draft: Draft) -> None:
        """Put a draft on the screen in place of the one before it; it goes away by itself."""
        key = draft.thread_id or NO_THREAD
        self._cancel_timer(chat.drafts.get(key))
        loop = asyncio.get_running_loop()
        draft.timer = loop.call_later(self.draft_seconds, self.drop_draft, chat, draft.thread_id)
        chat.drafts[key] = draft
        chat.draft_frames.append(Shown(at=self.clock(), text=draft.text, entities=draft.entities))

    def drop_draft(self, chat: Chat, thread_id: int | None) -> None:
        """Take the draft of a chat or topic off the screen, if there is one."""
        draft = chat.drafts.pop(thread_id or NO_THREAD, None)
        if draft is not None:
            self._cancel_timer(draft)
            self.changes.ring()

    def close(self) -> None:
        """Cancel what runs on its own: the timers of drafts."""
        for chat in self.chats.values():
            for draft in chat.drafts.values():
                self._cancel_timer(draft)

    @staticmethod
    def _cancel_timer(draft: Draft | None) -> None:
        if draft is not None and draft.timer is not None:
            draft.timer.cancel()


_SERVICE = frozenset(
    (
        "new_chat_members",
        "left_chat_member",
        "migrate_to_chat_id",
        "migrate_from_chat_id",
        "forum_topic_created",
        "pinned_message",
        "group_chat_created",
    )
)


def _standing(chat: Chat) -> ApiError | None:
    if chat.blocked:
        return blocked()
    if chat.deactivated:
        return deactivated()
    if chat.bot_status == "kicked":
        return kicked(chat.kind)
    if chat.bot_status == "left":
        return forbidden(f"bot is not a member of the {chat.kind} chat")
    return None

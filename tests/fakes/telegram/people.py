"""A person at a Telegram client: writes, edits, sends files, forwards, presses buttons."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import count
from typing import Any, TypedDict, Unpack

from .detect import detect_entities
from .media import media_content
from .state import Callback, CallbackAnswer, Chat, Draft, Message, Wire
from .utf16 import code_units
from .world import World

__all__ = ["ChannelOrigin", "Extras", "Participant", "Person"]

_callback_numbers = count(4_200_000_000_000_001)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with a Telegram account."""

    user: Wire

    @property
    def id(self) -> int:
        """The user id, which is also the id of the private chat with the bot."""
        return int(self.user["id"])

    @property
    def name(self) -> str:
        """The first name."""
        return str(self.user["first_name"])


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelOrigin:
    """A channel that a forwarded post comes from."""

    title: str
    username: str = ""
    chat_id: int = -1_001_900_000_001
    message_id: int = 17


class Extras(TypedDict, total=False):
    """What can go with anything a person sends. A quote is a piece of the message replied to."""

    reply_to: Message
    quote: str
    caption: str


Origin = Person | str | ChannelOrigin


class Participant:
    """One person in one chat or topic. Every sending verb gives back the message that appeared."""

    def __init__(self, world: World, chat: Chat, person: Person, thread_id: int | None = None) -> None:
        self.world = world
        self.chat = chat
        self.person = person
        self.thread_id = thread_id

    async def say(self, text: str, **extras: Unpack[Extras]) -> Message:
        """Send a text message; commands, mentions and links are found as a client finds them."""
        return self._send(text, {}, extras)

    async def send_photo(self, data: bytes, **extras: Unpack[Extras]) -> Message:
        """Send a photo."""
        return self._send_file("photo", data, "", "", extras)

    async def send_voice(
        self, data: bytes, *, duration_seconds: int = 3, size: int | None = None, **extras: Unpack[Extras]
    ) -> Message:
        """Send a voice note (OGG/Opus); ``size`` declares one larger than the bytes at hand."""
        return self._send_file("voice", data, "", "audio/ogg", extras, size=size, duration=duration_seconds)

    async def send_audio(
        self, data: bytes, *, name: str = "song.mp3", mime_type: str = "audio/mpeg", **extras: Unpack[Extras]
    ) -> Message:
        """Send a music file."""
        return self._send_file("audio", data, name, mime_type, extras)

    async def send_video(self, data: bytes, *, name: str = "clip.mp4", **extras: Unpack[Extras]) -> Message:
        """Send a video."""
        return self._send_file("video", data, name, "video/mp4", extras)

    async def send_video_note(self, data: bytes, **extras: Unpack[Extras]) -> Message:
        """Send a round video message."""
        return self._send_file("video_note", data, "", "", extras)

    async def send_document(
        self,
        data: bytes,
        *,
        name: str,
        mime_type: str = "",
        size: int | None = None,
        **extras: Unpack[Extras],
    ) -> Message:
        """Send a file; ``size`` declares one larger than the bytes at hand."""
        return self._send_file("document", data, name, mime_type, extras, size=size)

    async def send_sticker(self, data: bytes, *, emoji: str = "👍", **extras: Unpack[Extras]) -> Message:
        """Send a static sticker."""
        return self._send_file("sticker", data, "", "", extras, emoji=emoji)

    async def send_location(self, latitude: float, longitude: float, **extras: Unpack[Extras]) -> Message:
        """Send a place on the map."""
        return self._send("", {"location": {"latitude": latitude, "longitude": longitude}}, extras)

    async def send_album(self, photos: list[bytes], *, caption: str = "") -> list[Message]:
        """Send photos together; the caption is on the first, as clients do it."""
        group = {"media_group_id": str(13_000_000_000_000_000 + next(_callback_numbers) % 10**9)}
        captions = [caption, *[""] * (len(photos) - 1)]
        return [
            self._send_file("photo", data, "", "", {"caption": text}, extra=group)
            for data, text in zip(photos, captions, strict=True)
        ]

    async def forward(self, text: str, *, origin: Origin) -> Message:
        """Forward a text from a person, from somebody who hides their account (a name), or from a channel."""
        return self._send(text, {}, {}, extra={"forward_origin": self._origin(origin)})

    def _origin(self, origin: Origin) -> Wire:
        date = int(self.world.wall()) - 60
        match origin:
            case Person():
                return {"type": "user", "date": date, "sender_user": origin.user}
            case ChannelOrigin():
                chat = {"id": origin.chat_id, "type": "channel", "title": origin.title}
                if origin.username:
                    chat["username"] = origin.username
                return {"type": "channel", "date": date, "chat": chat, "message_id": origin.message_id}
            case _:
                return {"type": "hidden_user", "date": date, "sender_user_name": origin}

    async def edit(self, message: Message, text: str) -> None:
        """Change the text or caption of a message of one's own."""
        assert message.sender is self.person.user, f"{self.person.name} did not write {message}"
        message.text, message.entities = text, detect_entities(text)
        message.edit_date = self.world.wall()
        self.world.note(message)
        self.world.announce(message, edited=True)

    async def delete(self, message: Message) -> None:
        """Remove a message for everyone; Telegram does not tell the bot."""
        message.deleted = True
        del message.chat.messages[message.message_id]
        self.world.changes.ring()

    async def press(self, message: Message, button: str, *, seconds: float = 60.0) -> CallbackAnswer:
        """Press an inline button, named by label or data, and wait for what the bot answers.

        Raises AssertionError when there is no such button or no answer within ``seconds``.
        """
        answer = self.push_button(message, button)
        try:
            async with asyncio.timeout(seconds):
                return await answer
        except TimeoutError:
            raise AssertionError(f"the bot did not answer the press of {button!r} under {message}") from None

    def push_button(self, message: Message, button: str) -> asyncio.Future[CallbackAnswer]:
        """Press an inline button without waiting; the future holds the bot's answer when it comes."""
        data = _button_data(message, button)
        answer: asyncio.Future[CallbackAnswer] = asyncio.get_running_loop().create_future()
        query_id = str(next(_callback_numbers))
        expires_at = self.world.clock() + self.world.callback_seconds
        self.world.callbacks[query_id] = Callback(expires_at=expires_at, answer=answer)
        query = {
            "id": query_id,
            "from": self.person.user,
            "message": message.wire(),
            "chat_instance": str(self.chat.id * 31),
            "data": data,
        }
        self.world.push("callback_query", query, self.chat)
        return answer

    async def press_stop(self, draft: Draft) -> None:
        """Press the stop button of a draft; the draft goes away unless the bot asked to keep it."""
        assert draft.can_stop, f"draft {draft.draft_id} has no stop button"
        stopped: Wire = {"chat": self.chat.wire(), "draft_id": draft.draft_id}
        if draft.thread_id is not None:
            stopped["message_thread_id"] = draft.thread_id
        self.world.push("stopped_message_generation", stopped, self.chat)
        if not draft.keep_on_stop:
            self.world.drop_draft(self.chat, draft.thread_id)

    async def react(self, message: Message, emoji: str) -> None:
        """Set a reaction. The bot hears of it if it asked for message_reaction (in groups: as admin)."""
        self._change_reactions(message, [emoji])

    async def unreact(self, message: Message) -> None:
        """Take all reactions back; the bot hears of it like of one that is set."""
        self._change_reactions(message, [])

    def _change_reactions(self, message: Message, emoji: list[str]) -> None:
        before = message.reactions_of.get(self.person.id, [])
        message.reactions = message.reactions_of[self.person.id] = emoji
        if self.chat.kind == "private" or self.chat.bot_status == "administrator":
            self.world.push("message_reaction", self._reaction(message, before, emoji), self.chat)
        self.world.changes.ring()

    def _reaction(self, message: Message, before: list[str], now: list[str]) -> Wire:
        """What this person had set, and has set now; those of others don't count."""
        return {
            "chat": self.chat.wire(),
            "message_id": message.message_id,
            "user": self.person.user,
            "date": int(self.world.wall()),
            "old_reaction": [{"type": "emoji", "emoji": sign} for sign in before],
            "new_reaction": [{"type": "emoji", "emoji": sign} for sign in now],
        }

    def _send_file(
        self,
        kind: str,
        data: bytes,
        name: str,
        mime_type: str,
        extras: Extras,
        *,
        size: int | None = None,
        extra: Wire | None = None,
        **details: Any,
    ) -> Message:
        stored = self.world.files.add(kind, data, name=name, mime_type=mime_type, size=size)
        content = media_content(kind, stored, **details)
        return self._send(extras.get("caption", ""), content, extras, extra=extra or {}, file=stored)

    def _send(self, text: str, content: Wire, extras: Extras, **fields: Any) -> Message:
        reply_to = extras.get("reply_to")
        message = self.world.post(
            self.chat,
            self.person.user,
            thread_id=self.thread_id,
            reply_to=reply_to,
            quote=_quote(reply_to, extras.get("quote", "")),
            text=text,
            entities=detect_entities(text),
            content=content,
            **fields,
        )
        self.world.announce(message)
        return message


def _quote(reply_to: Message | None, quote: str) -> Wire | None:
    if not quote:
        return None
    assert reply_to is not None, "a quote needs the message it is taken from (reply_to)"
    position = reply_to.text.index(quote)
    return {"text": quote, "position": code_units(reply_to.text[:position]), "is_manual": True}


def _button_data(message: Message, button: str) -> str:
    rows = (message.markup or {}).get("inline_keyboard", [])
    for candidate in (candidate for row in rows for candidate in row):
        if button in (candidate["text"], candidate.get("callback_data")):
            assert "callback_data" in candidate, f"button {button!r} sends nothing to the bot"
            assert "disabled" not in candidate, f"button {button!r} is disabled"
            return str(candidate["callback_data"])
    raise AssertionError(f"no button {button!r} under {message}")

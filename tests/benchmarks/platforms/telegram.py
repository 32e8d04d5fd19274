"""Telegram as the benchmark sees it: private chats with a bot that polls, and groups that speak."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tests.benchmarks.subjects import Running
from tests.fakes.telegram import (
    ApiCall,
    FakeTelegram,
    Group,
    Message,
    Participant,
    Person,
    PrivateChat,
)

from .place import Sighting
from .watch import Watch

__all__ = ["TelegramPlace"]

# What a Bot API server of one's own hands out; Telegram's cloud gives bots 20 MB.
_LARGEST_FILE_BYTES = 2_000 * 1024 * 1024
_SETTING_SECONDS = 60.0
_VISIBLE = frozenset(("sendMessage", "editMessageText", "sendRichMessage"))


class TelegramPlace:
    """A Telegram without flood control; a chat is known by its number on Telegram."""

    def __init__(self) -> None:
        self.telegram = FakeTelegram(
            flood="off", reads_all_group_messages=True, largest_download_bytes=_LARGEST_FILE_BYTES
        )
        self._chats: dict[int, PrivateChat] = {}
        self._groups: dict[int, tuple[Group, Person]] = {}
        self._watch: Watch[ApiCall] = Watch(
            calls=lambda: self.telegram.calls,
            visible=_VISIBLE,
            chat_of=lambda call: call.chat_id,
            messages_of=self._messages,
        )

    @property
    def settings(self) -> Mapping[str, str]:
        return {
            "TELEGRAM_BOT_TOKEN": self.telegram.token,
            "TELEGRAM_API_BASE_URL": self.telegram.url,
            # The references know no limit over all chats either.
            "PARLEY_TELEGRAM__SENDS_PER_SECOND": "1000",
        }

    @property
    def calls(self) -> int:
        return sum(call.chat_id is not None for call in self.telegram.calls)

    async def open(self) -> None:
        await self.telegram.start()

    async def close(self) -> None:
        await self.telegram.close()

    async def reached(self, subject: Running) -> float:
        """The first poll."""
        while True:
            for call in self.telegram.calls:
                if call.method == "getUpdates":
                    return call.at
            subject.check()
            await self.changed(0.5)

    async def open_chat(self) -> int:
        number = len(self._chats) + 1
        chat = self.telegram.private(self.telegram.person(f"Person {number}"))
        self._chats[chat.id] = chat
        return chat.id

    async def say(self, chat: int, text: str) -> float:
        message = await self._chats[chat].say(text)
        return message.history[0].at

    async def open_group(self, *, writes_all: bool) -> int:
        """A group of one person, who owns it."""
        person = self.telegram.person("Team lead")
        group = self.telegram.group("Team", [person])
        self._groups[group.chat.id] = group, person
        if writes_all:
            await group.say(person, "/settings")
            await self.telegram.until(
                lambda: bool(group.texts) and bool(group.last.buttons), seconds=_SETTING_SECONDS
            )
            await group.press(person, group.last, "🎙 Write all")
        return group.chat.id

    async def send_voice(self, chat: int, data: bytes, *, seconds: int) -> float:
        message = await self._sender(chat).send_voice(data, duration_seconds=seconds)
        return message.history[0].at

    async def send_file(self, chat: int, data: bytes, *, name: str, text: str) -> float:
        """As clients do: sound that can be played is sent as such."""
        sender = self._sender(chat)
        if name.endswith(".wav"):
            message = await sender.send_audio(data, name=name, mime_type="audio/x-wav", caption=text)
        else:
            message = await sender.send_document(data, name=name, caption=text)
        return message.history[0].at

    def _sender(self, chat: int) -> Participant:
        if chat in self._groups:
            group, person = self._groups[chat]
            return group.by(person)
        return self._chats[chat]

    async def changed(self, seconds: float) -> None:
        await self.telegram.world.changes.wait(seconds)

    def look(self) -> Iterable[Sighting]:
        return self._watch.look()

    def answers(self, chat: int) -> list[str]:
        return [message.text for message in self._messages(chat)]

    def _messages(self, chat: int) -> list[Message]:
        room = self._groups[chat][0] if chat in self._groups else self._chats[chat]
        return room.bot_messages

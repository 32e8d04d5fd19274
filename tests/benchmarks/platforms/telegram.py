"""Telegram as the benchmark sees it: private chats with a bot that polls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tests.benchmarks.subjects import Running
from tests.fakes.telegram import ApiCall, FakeTelegram, Message, PrivateChat

from .place import Sighting
from .watch import Watch

__all__ = ["TelegramPlace"]

_VISIBLE = frozenset(("sendMessage", "editMessageText", "sendRichMessage"))


class TelegramPlace:
    """A Telegram without flood control; a chat is known by its number on Telegram."""

    def __init__(self) -> None:
        self.telegram = FakeTelegram(flood="off")
        self._chats: dict[int, PrivateChat] = {}
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

    async def changed(self, seconds: float) -> None:
        await self.telegram.world.changes.wait(seconds)

    def look(self) -> Iterable[Sighting]:
        return self._watch.look()

    def answers(self, chat: int) -> list[str]:
        return [message.text for message in self._messages(chat)]

    def _messages(self, chat: int) -> list[Message]:
        return self._chats[chat].bot_messages

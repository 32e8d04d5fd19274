"""Telegram, over the wire to a Bot API on the loopback interface."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from adapters.telegram.adapter import TelegramAdapter
from bot.errors import (
    ChatClosed,
    ChatMoved,
    DeliveryError,
    MessageGone,
    PartRejected,
    PlatformBusy,
    PlatformUnclear,
)
from bot.ports import MenuCommand
from tests.contract.adapters.room import Room
from tests.fakes.telegram import FakeTelegram
from tests.fakes.telegram.errors import bad_gateway, bad_request, blocked, flood_wait, migrated, server_error
from tests.fakes.telegram.state import CallbackAnswer
from tests.unit.telegram.support import HastyClock

__all__ = ["open_telegram_room"]

_REFUSALS = {
    "flood": (flood_wait(7), PlatformBusy),
    "bad gateway": (bad_gateway(), PlatformUnclear),
    "server error": (server_error(), PlatformUnclear),
    "blocked": (blocked(), ChatClosed),
    "migrated": (migrated(-1001), ChatMoved),
    "entities": (bad_request("can't parse entities"), PartRejected),
    "no such message": (bad_request("message to edit not found"), MessageGone),
}


class TelegramRoom(Room):
    """Ann's private chat with the bot."""

    def __init__(self, telegram: FakeTelegram, menu: Sequence[MenuCommand] = ()) -> None:
        super().__init__(
            TelegramAdapter(token=telegram.token, api_base_url=telegram.url, menu=menu, clock=HastyClock())
        )
        self.telegram = telegram
        self._answers: list[asyncio.Future[CallbackAnswer]] = []
        self.chat = telegram.private(telegram.person("Ann", username="ann"))

    async def say(self, text: str) -> None:
        await self.chat.say(text)

    def seen(self) -> str:
        return "\n".join(self.chat.texts)

    def newest(self) -> str:
        message = self.chat.bot_messages[-1]
        rows = (message.markup or {}).get("inline_keyboard", [])
        return f"{message.text} {[button['text'] for row in rows for button in row]}"

    async def press(self, label: str) -> None:
        self._answers.append(self.chat.push_button(self.chat.last, label))

    async def forge(self, data: str) -> None:
        message = self.chat.bot_messages[-1]
        kept, message.markup = message.markup, {"inline_keyboard": [[{"text": "?", "callback_data": data}]]}
        self._answers.append(self.chat.push_button(message, data))
        message.markup = kept

    def told(self) -> list[str]:
        return [answer.result().text for answer in self._answers if answer.done()]

    def answered_message(self, message_id: str) -> str:
        replied = self.chat.chat.messages[int(message_id)].reply_to
        return str(replied.message_id) if replied is not None else ""

    async def files(self) -> list[tuple[str, bytes]]:
        stored = [message.file for message in self.chat.bot_messages if message.file is not None]
        return [(file.name, file.data) for file in stored]

    def complaints(self) -> list[str]:
        # An edit that changes nothing is refused in words; the adapter may make one and has to know them.
        rejected = [str(call) for call in self.telegram.rejected if "not modified" not in str(call)]
        return rejected + self.telegram.violations

    def troubles(self) -> Sequence[tuple[str, type[DeliveryError]]]:
        named = [(trouble, expected) for trouble, (_, expected) in _REFUSALS.items()]
        return [*named, ("answer lost", PlatformUnclear)]

    def fail_next(self, trouble: str) -> None:
        if trouble == "answer lost":
            self.telegram.drop_answer("sendMessage")
        else:
            self.telegram.fail("sendMessage", _REFUSALS[trouble][0])


@asynccontextmanager
async def open_telegram_room(*, menu: Sequence[MenuCommand] = ()) -> AsyncIterator[Room]:
    """A room on a Telegram without flood control."""
    async with FakeTelegram(flood="off") as telegram:
        room = TelegramRoom(telegram, menu)
        try:
            yield room
        finally:
            await room.stop()

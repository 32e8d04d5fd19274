"""The platform in memory, which has to keep the contract that others are tested with it for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from bot.errors import (
    ChatClosed,
    ChatMoved,
    DeliveryError,
    PartRejected,
    PlatformBusy,
    PlatformUnclear,
)
from bot.messages import Author, ButtonPressed, ChatKind, ConversationKey, Incoming, TextPart
from bot.ports import MenuCommand
from tests.contract.adapters.room import Room
from tests.fakes.platform import FakePlatform

__all__ = ["open_fake_room"]

KEY = ConversationKey(platform="fake", account="1", chat="7")
ANN = Author(id="7", name="Ann", language="en")


class FakeRoom(Room):
    """Ann's chat."""

    def __init__(self, platform: FakePlatform) -> None:
        super().__init__(platform)
        self.platform = platform
        self._mood = ""
        platform.mood = self._next_mood

    def _next_mood(self, _: str) -> str:
        mood, self._mood = self._mood, ""
        return mood

    async def say(self, text: str) -> None:
        number = self.platform.new_id()
        self.platform.arriving.put_nowait(
            Incoming(
                event_id=f"m{number}",
                key=KEY,
                chat_kind=ChatKind.PRIVATE,
                author=ANN,
                message_id=number,
                parts=(TextPart(text=text),),
                sent_at=datetime.now(UTC),
                addressed=True,
            )
        )

    def seen(self) -> str:
        return "\n".join(self.platform.texts(KEY.chat))

    def newest(self) -> str:
        shown = list(self.platform.messages.values())[-1]
        return f"{shown.text} {[button.label for row in shown.buttons for button in row]}"

    async def press(self, label: str) -> None:
        message_id, shown = list(self.platform.messages.items())[-1]
        data = next(button.data for row in shown.buttons for button in row if button.label == label)
        self._press(message_id, data)

    async def forge(self, data: str) -> None:
        self._press(list(self.platform.messages)[-1], data)

    def told(self) -> list[str]:
        return list(self.platform.answered_buttons.values())

    def _press(self, message_id: str, data: str) -> None:
        number = self.platform.new_id()
        self.platform.arriving.put_nowait(
            ButtonPressed(
                event_id=f"p{number}",
                key=KEY,
                chat_kind=ChatKind.PRIVATE,
                author=ANN,
                message_id=message_id,
                data=data,
                answer_id=number,
            )
        )

    def answered_message(self, message_id: str) -> str:
        return self.platform.messages[message_id].reply_to

    async def files(self) -> list[tuple[str, bytes]]:
        spoken = [note.as_file("voice") for note in self.platform.sent_voices]
        return [(file.name, file.data) for file in (*self.platform.sent_files, *spoken)]

    def complaints(self) -> list[str]:
        return [
            f"{message_id} is too long"
            for message_id, shown in self.platform.messages.items()
            if len(shown.text) > self.platform.limit
        ]

    def troubles(self) -> Sequence[tuple[str, type[DeliveryError]]]:
        return [
            ("busy", PlatformBusy),
            ("lost", PlatformUnclear),
            ("unclear", PlatformUnclear),
            ("picky", PartRejected),
            ("closed", ChatClosed),
            ("moved", ChatMoved),
        ]

    def fail_next(self, trouble: str) -> None:
        self._mood = trouble


@asynccontextmanager
async def open_fake_room(*, menu: Sequence[MenuCommand] = ()) -> AsyncIterator[Room]:
    """A room without a wire."""
    room = FakeRoom(FakePlatform(limit=1000))
    try:
        yield room
    finally:
        await room.stop()

"""The terminal, over a pseudo-terminal whose screen is read back."""

from __future__ import annotations

import codecs
import os
import re
import shutil
import tempfile
import termios
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from unittest import mock

from adapters.terminal import Console, TerminalAdapter
from bot.errors import DeliveryError
from bot.ports import MenuCommand
from tests.contract.adapters.room import Room
from tests.unit.test_terminal import CONTROL, Emulator

__all__ = ["open_terminal_room"]

_PROMPT = re.compile(r"›\s*\Z")
# Beyond what the adapter writes itself: styles, moves, clearing, and the switch for marked pastes.
_FOREIGN = re.compile(r"\x1b(?!\[[0-9;]*[mABCJH]|\[\?2004[hl])|[\x00-\x08\x0b\x0c\x0e-\x1a\x7f\u202e]")


class Seat:
    """A person before a wide screen, who reads in a thread of their own: writing to a screen may block."""

    def __init__(self) -> None:
        self.master, self.slave = os.openpty()
        termios.tcsetwinsize(self.slave, (200, 400))
        self.raw = ""
        self._place = 0
        self._emulator = Emulator()
        self._reader = threading.Thread(target=self._read, name="person", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while True:
            try:
                data = os.read(self.master, 65_536)
            except OSError:  # the other end is closed
                return
            self.raw += decoder.decode(data).replace("\r\n", "\n")

    @property
    def screen(self) -> str:
        """What is on the screen."""
        new = self.raw[self._place :]
        whole = self._whole(new)
        self._emulator.write(new[:whole])
        self._place += whole
        return self._emulator.text

    @staticmethod
    def _whole(text: str) -> int:
        """Where a control sequence begins whose end has not come yet; else the length."""
        last = text.rfind("\x1b")
        return last if last >= 0 and CONTROL.match(text, last) is None else len(text)

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self.master, text.encode())

    def close(self) -> None:
        """Leave."""
        os.close(self.slave)
        self._reader.join(5)
        os.close(self.master)


class TerminalRoom(Room):
    """The person at the keyboard. The prompt is away while the bot is at work: from a line to the next."""

    redelivers = False
    replies = False
    writes_anything = False
    forges = False

    def __init__(self, seat: Seat, folder: Path) -> None:
        console = Console.over(seat.slave, seat.slave)
        super().__init__(TerminalAdapter(busy=self._is_busy, console=console, folder=folder))
        self._folder = folder
        self.seat = seat
        self._busy = False
        self._typed = 0

    async def _is_busy(self) -> bool:
        return self._busy

    async def say(self, text: str) -> None:
        count = len(self.events)
        await self._type(text)
        await self.until(lambda: len(self.events) > count)

    async def _type(self, text: str) -> None:
        self._busy = False
        await self.until(self._is_prompted)
        self._busy, self._typed = True, self._typed + 1
        self.seat.type(f"\x1b[200~{text}\x1b[201~\r")

    def _is_prompted(self) -> bool:
        """Whether an empty prompt stands below every line typed so far."""
        screen = self.seat.screen
        lines = re.findall(r"^›", screen, re.MULTILINE)
        return len(lines) == self._typed + 1 and bool(_PROMPT.search(screen))

    def seen(self) -> str:
        return self.seat.screen

    def newest(self) -> str:
        """What stands below the last line typed."""
        *_, last, rest = re.split(r"^›", self.seat.screen, flags=re.MULTILINE)
        return (rest if rest.strip() else last).partition("\n")[2]

    async def press_stop(self) -> None:
        self.seat.type("\x03")

    async def press(self, label: str) -> None:
        number = re.findall(rf"\[(\d+)\] {re.escape(label)}", self.seat.screen)[-1]
        await self._type(f":{number}")

    def told(self) -> list[str]:
        """What stands right below the choice that was taken."""
        return [line for line in self.newest().splitlines() if line.strip()][:1]

    def answered_message(self, message_id: str) -> str:
        return ""

    async def files(self) -> list[tuple[str, bytes]]:
        return [(path.name, path.read_bytes()) for path in sorted(self._folder.iterdir())]

    def complaints(self) -> list[str]:
        return [repr(found[0]) for found in _FOREIGN.finditer(self.seat.raw)]

    def troubles(self) -> Sequence[tuple[str, type[DeliveryError]]]:
        return ()

    def fail_next(self, trouble: str) -> None:
        raise AssertionError("a screen takes everything")


@asynccontextmanager
async def open_terminal_room(*, menu: Sequence[MenuCommand] = ()) -> AsyncIterator[Room]:
    """A room on a wide screen, so that nothing is wrapped."""
    with mock.patch.dict(os.environ, {"TERM": "xterm-256color", "LC_ALL": "en_GB.UTF-8"}):
        seat, folder = Seat(), Path(tempfile.mkdtemp(prefix="terminal-room-"))
        room = TerminalRoom(seat, folder)
        try:
            yield room
        finally:
            await room.stop()
            seat.close()
            shutil.rmtree(folder)

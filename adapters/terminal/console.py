"""The person's end: what was typed or piped comes out as Inputs, and the terminal is left as it was found."""

from __future__ import annotations

import asyncio
import os
import select
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

__all__ = ["Console"]

_CHUNK_BYTES: Final = 65_536
_PASTES_ON: Final = "\x1b[?2004h"
_PASTES_OFF: Final = "\x1b[?2004l"


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """Two file descriptors. ``interactive`` when both are a terminal that understands control codes."""

    input_fd: int
    output_fd: int
    interactive: bool
    colour: bool

    @classmethod
    def standard(cls) -> Console:
        """stdin and stdout, as the environment describes them (TERM, NO_COLOR)."""
        return cls.over(sys.stdin.fileno(), sys.stdout.fileno())

    @classmethod
    def over(cls, input_fd: int, output_fd: int) -> Console:
        """Any two descriptors, judged the same way."""
        able = os.environ.get("TERM", "dumb") not in ("dumb", "") and sys.platform != "win32"
        interactive = able and os.isatty(input_fd) and os.isatty(output_fd)
        colour = interactive and not os.environ.get("NO_COLOR")
        return cls(input_fd=input_fd, output_fd=output_fd, interactive=interactive, colour=colour)

    @property
    def prompts(self) -> bool:
        """Whether a person sits at both ends, with or without control codes."""
        return os.isatty(self.input_fd) and os.isatty(self.output_fd)

    def size(self) -> tuple[int, int]:
        """(columns, rows); 80 by 24 when nobody knows."""
        try:
            columns, rows = os.get_terminal_size(self.output_fd)
        except OSError:
            columns, rows = 0, 0
        return columns or 80, rows or 24

    def write(self, text: str) -> None:
        """Write all of ``text``. A reader that went away is no error: there is nobody left to tell."""
        data = text.encode("utf-8", "replace")
        while data:
            try:
                data = data[os.write(self.output_fd, data) :]
            except BlockingIOError:  # another program left the terminal in non-blocking mode
                select.select([], [self.output_fd], [], 1.0)
            except OSError:
                return

    @contextmanager
    def reading(self, take: Callable[[bytes], None]) -> Iterator[None]:
        """Give ``take`` what comes in, in the loop's thread, and b"" at the end; restores the terminal."""
        if self.interactive:
            with self._keys():
                loop = asyncio.get_running_loop()
                loop.add_reader(self.input_fd, lambda: take(_read(self.input_fd)))
                try:
                    yield
                finally:
                    loop.remove_reader(self.input_fd)
        else:
            _read_in_thread(self.input_fd, take)
            yield

    @contextmanager
    def _keys(self) -> Iterator[None]:
        """Every key at once and unseen, Ctrl-C among them, and pastes marked as such."""
        import termios

        before = termios.tcgetattr(self.input_fd)
        changed = termios.tcgetattr(self.input_fd)
        changed[0] &= ~(termios.IXON | termios.ICRNL)
        changed[3] &= ~(termios.ICANON | termios.ECHO | termios.ISIG | termios.IEXTEN)
        termios.tcsetattr(self.input_fd, termios.TCSADRAIN, changed)
        self.write(_PASTES_ON)
        try:
            yield
        finally:
            self.write(_PASTES_OFF)
            with suppress(termios.error):  # the terminal was closed
                termios.tcsetattr(self.input_fd, termios.TCSADRAIN, before)


def _read(fd: int) -> bytes:
    try:
        return os.read(fd, _CHUNK_BYTES)
    except OSError:  # the terminal was closed
        return b""


def _read_in_thread(fd: int, take: Callable[[bytes], None]) -> None:
    """Files and pipes cannot all be waited for by the loop; a daemon thread never keeps the process alive."""
    loop = asyncio.get_running_loop()

    def pump() -> None:
        data = b"unread"
        while data:
            data = _read(fd)
            try:
                loop.call_soon_threadsafe(take, data)
            except RuntimeError:  # the loop is closed: nobody reads any more
                return

    threading.Thread(target=pump, name="terminal-input", daemon=True).start()

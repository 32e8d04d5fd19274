"""The line a person is writing: keys come in as the terminal sends them, finished lines go out."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from adapters.terminal.layout import neutralise, text_width

__all__ = ["Key", "Line", "LineEditor", "view"]

_SEQUENCE: Final = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|O[@-~]|[^\[O])")
_UNFINISHED: Final = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*|O)?\Z")
_PASTE_BEGIN: Final = "\x1b[200~"
_PASTE_END: Final = "\x1b[201~"
_HISTORY: Final = 200


class Key(Enum):
    """A key that is for the chat, not for the line."""

    INTERRUPT = auto()
    LEAVE = auto()
    REDRAW = auto()


@dataclass(frozen=True, slots=True)
class Line:
    """A finished line; with pasted text it may hold line feeds."""

    text: str


class LineEditor:
    """Edits one line, ``text`` with its ``cursor``. ``feed`` takes bytes in any division."""

    def __init__(self) -> None:
        self.text = ""
        self.cursor = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._pending = ""
        self._pasting = False
        self._after_return = False
        self._history: list[str] = []
        self._place = 0

    def feed(self, data: bytes) -> list[Line | Key]:
        """Take in what was typed; the lines and keys that came of it, in order."""
        source = self._pending + self._decoder.decode(data)
        self._pending = ""
        events: list[Line | Key] = []
        place = 0
        while place < len(source):
            if source[place] == "\x1b":
                if _UNFINISHED.match(source, place):
                    self._pending = source[place:]
                    break
                place = self._sequence(source, place)
                continue
            event = self._character(source[place])
            if event is not None:
                events.append(event)
            place += 1
        return events

    def clear(self) -> None:
        """Drop the line."""
        self.text, self.cursor = "", 0

    def _sequence(self, source: str, place: int) -> int:
        found = _SEQUENCE.match(source, place)
        if found is None:
            return place + 1
        if self._pasting or found[0] == _PASTE_BEGIN:
            self._pasting = found[0] != _PASTE_END
        else:
            self._motion(found[0])
        return found.end()

    def _motion(self, sequence: str) -> None:
        match sequence:
            case "\x1b[D" | "\x1bOD":
                self.cursor = max(self.cursor - 1, 0)
            case "\x1b[C" | "\x1bOC":
                self.cursor = min(self.cursor + 1, len(self.text))
            case "\x1b[A" | "\x1bOA":
                self._recall(-1)
            case "\x1b[B" | "\x1bOB":
                self._recall(1)
            case "\x1b[H" | "\x1bOH" | "\x1b[1~":
                self.cursor = 0
            case "\x1b[F" | "\x1bOF" | "\x1b[4~":
                self.cursor = len(self.text)
            case "\x1b[3~":
                self._remove(self.cursor, self.cursor + 1)
            case _:
                pass

    def _character(self, character: str) -> Line | Key | None:
        if self._pasting:
            self._paste(character)
            return None
        match character:
            case "\r" | "\n":
                return self._finish()
            case "\x03":
                return Key.INTERRUPT
            case "\x04" if not self.text:
                return Key.LEAVE
            case "\x04":
                self._remove(self.cursor, self.cursor + 1)
            case "\x0c":
                return Key.REDRAW
            case _:
                self._edit(character)
        return None

    def _paste(self, character: str) -> None:
        """Terminals send line ends as CR, LF or both."""
        if character != "\n" or not self._after_return:
            self._insert("\n" if character == "\r" else character)
        self._after_return = character == "\r"

    def _edit(self, character: str) -> None:
        match character:
            case "\x7f" | "\x08":
                self._remove(self.cursor - 1, self.cursor)
            case "\x01":
                self.cursor = 0
            case "\x05":
                self.cursor = len(self.text)
            case "\x0b":
                self._remove(self.cursor, len(self.text))
            case "\x15":
                self._remove(0, self.cursor)
            case "\x17":
                self._remove(len(re.sub(r"\S*\s*\Z", "", self.text[: self.cursor])), self.cursor)
            case _ if character >= " " or character == "\t":
                self._insert(character)
            case _:
                pass

    def _insert(self, text: str) -> None:
        shown = neutralise(text)
        self.text = self.text[: self.cursor] + shown + self.text[self.cursor :]
        self.cursor += len(shown)

    def _remove(self, start: int, end: int) -> None:
        start = max(start, 0)
        self.text = self.text[:start] + self.text[end:]
        self.cursor = start

    def _finish(self) -> Line:
        line = self.text
        if line.strip() and self._history[-1:] != [line]:
            self._history = [*self._history, line][-_HISTORY:]
        self._place = len(self._history)
        self.clear()
        return Line(line)

    def _recall(self, step: int) -> None:
        self._place = min(max(self._place + step, 0), len(self._history))
        self.text = self._history[self._place] if self._place < len(self._history) else ""
        self.cursor = len(self.text)


def view(editor: LineEditor, prompt: str, *, width: int) -> tuple[list[str], tuple[int, int]]:
    """The line as rows of at most ``width`` columns, and where the cursor stands: (row, column)."""
    rows, row, column = [prompt], 0, text_width(prompt)
    cursor = (0, column)
    for place, character in enumerate(f"{editor.text} "):
        columns = text_width(character)
        if character == "\n" or column + columns > width:
            rows.append("")
            row, column = row + 1, 0
        if place == editor.cursor:
            cursor = (row, column) if character != "\n" else (row - 1, text_width(rows[row - 1]))
        if character != "\n":
            rows[row] += character
            column += columns
    return rows, cursor

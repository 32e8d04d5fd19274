"""What the person sees: one growing message, notes, and the prompt below them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from adapters.terminal.canvas import Canvas
from adapters.terminal.console import Console
from adapters.terminal.editor import LineEditor, view
from adapters.terminal.layout import DIM, RESET, lay_out, neutralise, wrap_plain
from bot.ports import Button
from bot.rendering import FormattedText

__all__ = ["LiveScreen", "PlainScreen", "Screen", "choices"]

PROMPT: Final = "› "
_CHANGED: Final = "── changed above, here it is whole ──"


def choices(buttons: Sequence[Sequence[Button]]) -> list[Button]:
    """The buttons in the order of their numbers: the first is [1]."""
    return [button for row in buttons for button in row]


class Screen(Protocol):
    """Where a chat is shown."""

    def show(self, content: FormattedText, buttons: Sequence[Sequence[Button]]) -> None:
        """Show the current message as ``content``."""

    def work(self) -> None:
        """Show that an answer is being made."""

    def settle(self) -> None:
        """The current message is finished; the next ``show`` begins a new one."""

    def note(self, text: str) -> None:
        """Say a line of our own."""

    def prompt(self, editor: LineEditor) -> None:
        """Show the line being written."""

    def entered(self, text: str) -> None:
        """The line was finished: it stays, and the prompt is gone until the next ``prompt``."""


class PlainScreen:
    """Without control codes nothing can be taken back, so a message is written once it is finished."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._message = ""
        self._prompted = False

    def show(self, content: FormattedText, buttons: Sequence[Sequence[Button]]) -> None:
        lines = [neutralise(line) for line in content.text.split("\n")]
        self._message = "\n".join([*lines, *_choice_lines(buttons)])

    def work(self) -> None:
        """Nothing: only finished things are written."""

    def settle(self) -> None:
        if self._message:
            self._console.write(f"{self._message}\n")
        self._message = ""

    def note(self, text: str) -> None:
        self._console.write(f"{neutralise(text)}\n")

    def prompt(self, editor: LineEditor) -> None:
        if self._console.prompts and not self._prompted:
            self._console.write(PROMPT)
        self._prompted = True

    def entered(self, text: str) -> None:
        self._prompted = False


class LiveScreen:
    """Repaints the current message and the prompt in place."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._canvas = Canvas(console.write, console.size)
        self._content: FormattedText | None = None
        self._buttons: Sequence[Sequence[Button]] = ()
        self._working = False
        self._editor: LineEditor | None = None

    def show(self, content: FormattedText, buttons: Sequence[Sequence[Button]]) -> None:
        self._content, self._buttons, self._working = content, buttons, False
        self._paint()

    def work(self) -> None:
        if self._content is None and self._editor is None:
            self._working = True
            self._paint()

    def settle(self) -> None:
        self._working = False
        if self._content is None:
            self._paint()
            return
        if self._canvas.stale:
            self._canvas.finish()
            self._canvas.paint([self._dim(_CHANGED)])
            self._canvas.finish()
        self._paint()
        self._leave_message()

    def note(self, text: str) -> None:
        self.settle()
        self._insert([self._dim(row) for row in wrap_plain(text, width=self._width)])

    def prompt(self, editor: LineEditor) -> None:
        self._editor = editor
        self._paint()

    def entered(self, text: str) -> None:
        editor, self._editor = self._editor, None
        if editor is not None:
            self.settle()
            written = LineEditor()
            written.text = text
            rows, _ = view(written, PROMPT, width=self._width)
            self._canvas.paint([*rows, "", ""])
            self._canvas.release(len(rows) + 1)

    @property
    def _width(self) -> int:
        return max(self._console.size()[0] - 1, 10)

    def _paint(self) -> None:
        above = self._message_rows()
        if self._editor is None:
            self._canvas.paint(above)
            return
        rows, (row, column) = view(self._editor, PROMPT, width=self._width)
        gap = [""] if above else []
        self._canvas.paint([*above, *gap, *rows], (len(above) + len(gap) + row, column))

    def _message_rows(self) -> list[str]:
        if self._content is None:
            return [self._dim("…")] if self._working else []
        rows = lay_out(self._content, width=self._width, colour=self._console.colour)
        for line in _choice_lines(self._buttons):
            rows += [self._dim(row) for row in wrap_plain(line, width=self._width)]
        return rows

    def _leave_message(self) -> None:
        """Let go of the message's rows, with an empty one below them."""
        rows = self._message_rows()
        self._content, self._buttons = None, ()
        self._insert(rows)

    def _insert(self, rows: list[str]) -> None:
        """Put ``rows`` and an empty one for good above the prompt."""
        if self._editor is None:
            self._canvas.paint([*rows, "", ""])
        else:
            line, (row, column) = view(self._editor, PROMPT, width=self._width)
            self._canvas.paint([*rows, "", *line], (len(rows) + 1 + row, column))
        self._canvas.release(len(rows) + 1)

    def _dim(self, text: str) -> str:
        return f"{DIM}{text}{RESET}" if self._console.colour else text


def _choice_lines(buttons: Sequence[Sequence[Button]]) -> list[str]:
    """The choices, a row of buttons on a line, with the number that picks each."""
    lines, number = [], 0
    for row in buttons:
        labels = []
        for button in row:
            number += 1
            labels.append(f"[{number}] {neutralise(button.label)}")
        lines.append("   ".join(labels))
    return lines

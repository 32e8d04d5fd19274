"""The lower end of a terminal as rows that can be repainted: only what changed is written again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

__all__ = ["Canvas"]


class Canvas:
    """Paints rows at the cursor. Rows beyond the upper edge stay as they are; ``stale`` tells of it.

    ``write`` takes finished text for the terminal; ``size`` gives (columns, rows) at the moment. The rows
    come wrapped to fewer columns than there are.
    """

    def __init__(self, write: Callable[[str], object], size: Callable[[], tuple[int, int]]) -> None:
        self._write = write
        self._size = size
        self._rows: list[str] = []
        self._cursor_row = 0
        self._at_end = True
        self._columns = 0
        self.stale = False

    def paint(self, rows: Sequence[str], cursor: tuple[int, int] | None = None) -> None:
        """Show ``rows`` in place of those painted before; the cursor at (row, column), else at the end."""
        columns, height = self._size()
        if self._rows and columns != self._columns:
            self._begin_anew()
        self._columns = columns
        new = list(rows)
        output = self._difference(new, max(height, 2))
        self._rows, self._cursor_row, self._at_end = new, max(len(new) - 1, 0), True
        if cursor is not None:
            output += self._place(*cursor)
        if output:
            self._write(output)

    def release(self, count: int) -> None:
        """Leave the upper ``count`` rows as they are for good."""
        self._rows = self._rows[count:]
        self._cursor_row = max(self._cursor_row - count, 0)
        self.stale = False

    def finish(self) -> None:
        """Leave all rows for good; what comes next begins on a new row."""
        if self._rows:
            self._write(self._move(len(self._rows) - 1) + "\n")
        self._rows, self._cursor_row, self._at_end, self.stale = [], 0, True, False

    def _difference(self, new: list[str], height: int) -> str:
        old = self._rows
        same = _common_rows(old, new)
        if same == len(old) == len(new):
            return ""
        if same == len(new):  # the cursor ends in the last row: write that one again, and nothing below it
            same = max(len(new) - 1, 0)
        first_visible = max(len(old) - height, 0)
        if same < first_visible:
            self.stale = True
            shown = new[max(len(new) - height, 0) :]
            return f"{self._move(first_visible)}\x1b[J" + "\n".join(shown)
        if old and same == len(old) - 1 < len(new) and self._at_end and new[same].startswith(old[same]):
            rest = [new[same][len(old[same]) :], *new[same + 1 :]]
            return "\n".join(rest)
        if same == len(old) and old:
            return self._move(same - 1) + "\n" + "\n".join(new[same:])
        return f"{self._move(same)}\x1b[J" + "\n".join(new[same:])

    def _move(self, row: int) -> str:
        """To the first column of ``row``; rows below the last painted one do not exist."""
        target = min(row, max(len(self._rows) - 1, 0))
        steps = self._cursor_row - target
        way = f"\x1b[{steps}A" if steps > 0 else f"\x1b[{-steps}B" if steps < 0 else ""
        return f"{way}\r"

    def _place(self, row: int, column: int) -> str:
        way = self._move(row)
        self._cursor_row, self._at_end = row, False
        return way + (f"\x1b[{column}C" if column else "")

    def _begin_anew(self) -> None:
        """After a change of width nobody knows where the old rows are: the next ones go below them."""
        self._write(self._move(len(self._rows) - 1) + "\n\x1b[J")
        self._rows, self._cursor_row, self._at_end = [], 0, True


def _common_rows(old: Sequence[str], new: Sequence[str]) -> int:
    count = 0
    for before, after in zip(old, new, strict=False):
        if before != after:
            break
        count += 1
    return count

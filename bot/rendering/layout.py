"""How a table is laid out in text: aligned columns where a phone shows them whole, else row by row."""

from __future__ import annotations

from collections.abc import Sequence

from wcwidth import wcswidth

from .document import Align, Image, Inline, LineBreak, Link, Table
from .inlines import plain_text

__all__ = ["MAX_TABLE_COLUMNS", "aligned_table"]

MAX_TABLE_COLUMNS = 44  # what a phone shows of a monospaced line without breaking it
_GAP = " | "


def aligned_table(table: Table) -> str | None:
    """The table as monospaced lines; None if it is too wide, or has what monospaced text cannot show."""
    rows = (table.header, *table.rows)
    if len(table.header) > MAX_TABLE_COLUMNS // len(_GAP):
        return None
    if any(_needs_more_than_text(cell) for row in rows for cell in row):
        return None
    cells = [[plain_text(cell) for cell in row] + [""] * (len(table.header) - len(row)) for row in rows]
    widths = [max(_width(cell) for cell in column) for column in zip(*cells, strict=True)]
    if sum(widths) + len(_GAP) * (len(widths) - 1) > MAX_TABLE_COLUMNS:
        return None
    lines = [_line(row, widths, table.align) for row in cells]
    lines.insert(1, "-+-".join("-" * width for width in widths))
    return "\n".join(lines)


def _needs_more_than_text(cell: tuple[Inline, ...]) -> bool:
    """Links would lose their address, and a cell of several lines would break the columns."""
    return any(
        isinstance(node, Link | Image | LineBreak) or _needs_more_than_text(getattr(node, "children", ()))
        for node in cell
    )


def _line(cells: Sequence[str], widths: Sequence[int], align: Sequence[Align]) -> str:
    padded = [_pad(cell, width, side) for cell, width, side in zip(cells, widths, align, strict=True)]
    return _GAP.join(padded).rstrip()


def _pad(cell: str, width: int, align: Align) -> str:
    room = width - _width(cell)
    left = {Align.RIGHT: room, Align.CENTER: room // 2}.get(align, 0)
    return " " * left + cell + " " * (room - left)


def _width(text: str) -> int:
    width = wcswidth(text)
    return width if width >= 0 else len(text)

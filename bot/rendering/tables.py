"""Pipe tables as models write them: no cell is lost, however many a row has, and prose ends the table."""

from __future__ import annotations

import re

from markdown_it.rules_block import StateBlock

from .document import Align

__all__ = ["DELIMITER_ROW", "is_table_start", "table_block"]

DELIMITER_ROW = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*")
_PIPE = re.compile(r"(?<!\\)\|")


def is_table_start(header: str, delimiter: str) -> bool:
    """Whether these two lines begin a table. Miscounted columns are forgiven if both lines show pipes."""
    if _PIPE.search(header) is None or DELIMITER_ROW.fullmatch(delimiter) is None:
        return False
    if header.lstrip(" \t").startswith("|") and "|" in delimiter:
        return True
    return len(_cells(header)) == len(_cells(delimiter))


def table_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Block rule: one ``table`` token whose meta holds ``align`` and ``rows`` (the first is the header)."""
    if start + 2 > end or state.sCount[start + 1] < state.blkIndent:
        return False
    if state.is_code_block(start) or state.is_code_block(start + 1):
        return False
    delimiter = _line(state, start + 1)
    if delimiter[:2] in ("- ", "-\t") or not is_table_start(_line(state, start), delimiter):
        return False
    if not silent:
        _push_table(state, start, end, delimiter)
    return True


def _push_table(state: StateBlock, start: int, end: int, delimiter: str) -> None:
    align = [_alignment(cell) for cell in _cells(delimiter)]
    header = _cells(_line(state, start))
    columns = max(len(header), len(align))
    last = start + 2
    while last < end and _is_row(state, last, end):
        last += 1
    rows = [_fit(_cells(_line(state, line)), columns) for line in range(start + 2, last)]
    token = state.push("table", "table", 0)
    token.map = [start, last]
    token.meta = {
        "align": align + [Align.NONE] * (columns - len(align)),
        "rows": [header + [""] * (columns - len(header)), *rows],
    }
    state.line = last


def _is_row(state: StateBlock, line: int, end: int) -> bool:
    text = _line(state, line)
    if state.sCount[line] < state.blkIndent or state.is_code_block(line) or "|" not in text:
        return False
    return not any(rule(state, line, end, True) for rule in state.md.block.ruler.getRules("blockquote"))


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]].strip(" \t")


def _cells(line: str) -> list[str]:
    """The cells between unescaped pipes; an outer pipe borders no cell."""
    cells = [cell.replace(r"\|", "|").strip(" \t") for cell in _PIPE.split(line.strip(" \t"))]
    if len(cells) > 1 and not cells[0]:
        del cells[0]
    if len(cells) > 1 and not cells[-1]:
        del cells[-1]
    return cells


def _fit(cells: list[str], columns: int) -> list[str]:
    """A row as wide as the header: what is too much joins the last cell, with its pipes."""
    if len(cells) <= columns:
        return cells
    return [*cells[: columns - 1], " | ".join(cells[columns - 1 :])]


def _alignment(cell: str) -> Align:
    left, right = cell.startswith(":"), cell.endswith(":")
    if left and right:
        return Align.CENTER
    if left or right:
        return Align.LEFT if left else Align.RIGHT
    return Align.NONE

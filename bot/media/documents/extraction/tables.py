"""Cuts rows into parts of a page's size, each under the first row again: any of them can be read alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from .found import Part, clean

__all__ = ["rows_in_parts"]

_PART_CHARACTERS: Final = 8000
_LONGEST_HEADING: Final = 1000


def rows_in_parts(rows: Iterable[str], *, name: str = "") -> Iterator[Part]:
    """The rows of a table that is called ``name``; "rows 2-90" counts the rows given, from 1."""
    numbered = enumerate(rows, start=1)
    heading = next((row for _, row in numbered), "")
    lines, first, size, number, cut = [heading], 1, len(heading), 1, False
    for number, row in numbered:
        if size + len(row) > _PART_CHARACTERS and size:
            cut = True
            yield _part(lines, name, first, number - 1)
            lines, first, size = [heading[:_LONGEST_HEADING]], number, 0
        lines.append(row)
        size += len(row) + 1
    yield _part(lines, name, first, number if cut else 0)


def _part(lines: list[str], name: str, first: int, last: int) -> Part:
    span = f"rows {first}-{last}" if last else ""
    return Part(label=", ".join(filter(None, (name, span))), text=clean("\n".join(lines)))

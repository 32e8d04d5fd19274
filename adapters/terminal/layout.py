"""Formatted text as rows that fit a terminal: wrapped at words, styled, and free of foreign control codes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

from wcwidth import wcwidth

from bot.rendering import FormattedText, Span, SpanKind
from bot.rendering.text import Utf16Index

__all__ = ["DIM", "RESET", "lay_out", "neutralise", "text_width", "wrap_plain"]

RESET: Final = "\x1b[0m"
DIM: Final = "\x1b[2m"

_STYLES: Final = {
    SpanKind.BOLD: "1",
    SpanKind.ITALIC: "3",
    SpanKind.STRIKETHROUGH: "9",
    SpanKind.CODE: "36",
    SpanKind.PRE: "36",
    SpanKind.TEXT_LINK: "4",
    SpanKind.BLOCKQUOTE: "2",
    SpanKind.EXPANDABLE_BLOCKQUOTE: "2",
}
_BARRED: Final = (SpanKind.BLOCKQUOTE, SpanKind.EXPANDABLE_BLOCKQUOTE)
_BAR: Final = "│ "

# C0, DEL and C1 drive a terminal; the others reorder or hide what stands around them.
_HOSTILE: Final = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


@dataclass(frozen=True, slots=True)
class _Cell:
    """A character with what stands on it, its width in columns and its style."""

    text: str
    width: int
    style: str


def neutralise(text: str) -> str:
    """The text with every character that could drive the terminal made visible; only line feeds remain."""
    if text.isascii() and text.isprintable():
        return text
    return _HOSTILE.sub(lambda found: _visible(found[0]), text.replace("\r\n", "\n"))


def _visible(character: str) -> str:
    code = ord(character)
    if character == "\t":
        return "    "
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else "\N{REPLACEMENT CHARACTER}"


@lru_cache(maxsize=4096)
def _cell(character: str, style: str) -> _Cell:
    """Shared: a long answer is laid out anew as it grows, and holds few characters that are not alike."""
    return _Cell(character, _columns(character), style)


@lru_cache(maxsize=4096)
def _columns(character: str) -> int:
    return max(wcwidth(character), 0)


def text_width(text: str) -> int:
    """How many columns a text without control characters takes."""
    return sum(map(_columns, text))


def wrap_plain(text: str, *, width: int) -> list[str]:
    """``text`` as rows of at most ``width`` columns."""
    return lay_out(FormattedText(text=text), width=width, colour=False)


def lay_out(formatted: FormattedText, *, width: int, colour: bool) -> list[str]:
    """The rows, each at most ``width`` columns wide and each ending with its styles switched off."""
    rows: list[str] = []
    for line, barred in _styled_lines(formatted):
        bar = _BAR if barred else ""
        rows += [_paint(bar, row, colour=colour) for row in _wrap(line, max(width - len(bar), 2))]
    return rows or [""]


def _styled_lines(formatted: FormattedText) -> Iterator[tuple[list[_Cell], bool]]:
    """Each line's cells, and whether it stands in a quote."""
    index = Utf16Index(formatted.text)
    spans = [(index.index(span.offset), index.index(span.end), span) for span in formatted.spans]
    start = 0
    for line in formatted.text.split("\n"):
        end = start + len(line)
        touching = [(first, last, span) for first, last, span in spans if first <= end and last > start]
        barred = any(span.kind in _BARRED and first <= start for first, _, span in touching)
        yield _cells(line, start, touching), barred
        start = end + 1


def _cells(line: str, start: int, spans: Sequence[tuple[int, int, Span]]) -> list[_Cell]:
    cells: list[_Cell] = []
    for stretch_start, stretch_end in _stretches(len(line), start, spans):
        covering = [s for first, last, s in spans if first <= start + stretch_start < last]
        style = ";".join(dict.fromkeys(_STYLES[span.kind] for span in covering))
        for character in neutralise(line[stretch_start:stretch_end]):
            columns = _columns(character)
            if columns == 0 and cells:
                before = cells[-1]
                cells[-1] = _Cell(before.text + character, before.width, before.style)
            else:
                cells.append(_cell(character, style))
    return cells


def _stretches(length: int, start: int, spans: Sequence[tuple[int, int, Span]]) -> Iterator[tuple[int, int]]:
    """The line cut where a span begins or ends."""
    cuts = {0, length}
    for first, last, _ in spans:
        cuts.update(cut - start for cut in (first, last) if 0 < cut - start < length)
    places = sorted(cuts)
    return pairwise(places)


def _wrap(cells: list[_Cell], width: int) -> Iterator[list[_Cell]]:
    """Rows that fit, broken after the last blank where there is one; the blank itself may overhang unseen."""
    row: list[_Cell] = []
    used = 0
    for cell in cells:
        if cell.text == " " and used + cell.width > width:
            yield row
            row, used = [], 0
            continue
        while row and used + cell.width > width:
            kept = _last_break(row)
            yield row[:kept]
            row = row[kept:]
            used = sum(part.width for part in row)
        row.append(cell)
        used += cell.width
    yield row


def _last_break(row: list[_Cell]) -> int:
    for place in range(len(row), 0, -1):
        if row[place - 1].text == " ":
            return place
    return len(row)


def _paint(bar: str, row: list[_Cell], *, colour: bool) -> str:
    if not colour:
        return bar + "".join(cell.text for cell in row)
    pieces = [DIM + bar + RESET] if bar else []
    style = ""
    for cell in row:
        if cell.style != style:
            pieces.append((RESET if style else "") + (f"\x1b[{cell.style}m" if cell.style else ""))
            style = cell.style
        pieces.append(cell.text)
    return "".join(pieces) + (RESET if style else "")

"""Writes text and marks into a FormattedText whose spans every platform takes as they are.

The rules are Telegram's (Bot API "MessageEntity"): ``pre`` and ``code`` hold nothing and lie in no mark;
quotes do not nest; a mark neither begins nor ends with a blank; the text has no blanks at its ends.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace

from .text import FormattedText, Span, SpanKind, Utf16Index

__all__ = ["Composer"]

_QUOTES = (SpanKind.BLOCKQUOTE, SpanKind.EXPANDABLE_BLOCKQUOTE)
_STYLES = (SpanKind.BOLD, SpanKind.ITALIC, SpanKind.STRIKETHROUGH)
_ORDER = {
    kind: place
    for place, kind in enumerate((*_QUOTES, SpanKind.PRE, SpanKind.TEXT_LINK, SpanKind.CODE, *_STYLES))
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark:
    """A span still counted in characters."""

    kind: SpanKind
    start: int
    stop: int
    url: str | None = None
    language: str | None = None


class Composer:
    """Collects one text from left to right. ``indent`` is written before each line that gets text."""

    def __init__(self) -> None:
        self.indent = ""
        self._parts: list[str] = []
        self._length = 0
        self._at_line_start = True
        self._gap = ""
        self._marks: list[_Mark] = []

    def separate(self, gap: str) -> None:
        """Put line ends before whatever comes next; of several gaps in a row only the widest counts."""
        if self._length and len(gap) > len(self._gap):
            self._gap = gap

    def begin_block(self) -> int:
        """The place where a block begins: after the gap, before the indent of its first line."""
        return self._length + len(self._gap)

    def begin(self) -> int:
        """The place where a mark may begin: after the gap, and after the indent of its line."""
        self._put_gap()
        if self._at_line_start:
            self._put(self.indent)
            self._at_line_start = False
        return self._length

    def write(self, text: str) -> None:
        """Add text of any number of lines."""
        for place, line in enumerate(text.split("\n")):
            if place:
                self._put_gap()
                self._put("\n")
                self._at_line_start = True
            if line:
                self.begin()
                self._put(line)

    def write_pre(self, text: str, language: str | None) -> None:
        """Add lines that stay exactly as they are, in a font of one width, without blank ones at the end."""
        text = text.rstrip()
        if not text:
            return
        self._put_gap()
        start = self._length
        self._put(text)
        self._at_line_start = False
        self.mark(SpanKind.PRE, start, language=language)

    def mark(
        self, kind: SpanKind, start: int, *, url: str | None = None, language: str | None = None
    ) -> None:
        """Give everything since ``start`` a format."""
        self._marks.append(_Mark(kind=kind, start=start, stop=self._length, url=url, language=language))

    def finish(self) -> FormattedText:
        """The whole, with sound spans."""
        text = "".join(self._parts)
        positions = Utf16Index(text)
        spans = [_span(mark, positions) for mark in _sound(self._marks, text)]
        spans.sort(key=lambda span: (span.offset, -span.length, _ORDER[span.kind]))
        return FormattedText(text=text, spans=tuple(spans)).strip()

    def _put_gap(self) -> None:
        if self._gap:
            self._put(self._gap)
            self._gap = ""
            self._at_line_start = True

    def _put(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)


def _span(mark: _Mark, positions: Utf16Index) -> Span:
    start, stop = positions.offset(mark.start), positions.offset(mark.stop)
    return Span(kind=mark.kind, offset=start, length=stop - start, url=mark.url, language=mark.language)


def _sound(marks: list[_Mark], text: str) -> Iterator[_Mark]:
    """The marks cut, merged and trimmed until the rules hold; what covers only blanks is left out."""
    blocks = [mark for mark in marks if mark.kind in (*_QUOTES, SpanKind.PRE)]
    links = [mark for mark in marks if mark.kind is SpanKind.TEXT_LINK]
    # A link is worth more than a font: code in a link is shown as a link.
    codes = [
        piece for mark in marks if mark.kind is SpanKind.CODE for piece in _without(mark, _ranges(links))
    ]
    covered = _ranges([*codes, *(mark for mark in blocks if mark.kind is SpanKind.PRE)])
    styles = [merged for kind in _STYLES for merged in _merged([mark for mark in marks if mark.kind is kind])]
    pieces = [_trimmed(piece, text) for mark in (*links, *styles) for piece in _without(mark, covered)]
    return (mark for mark in (*blocks, *codes, *pieces) if text[mark.start : mark.stop].strip())


def _merged(marks: list[_Mark]) -> list[_Mark]:
    """Marks of one kind, those that overlap made one."""
    result: list[_Mark] = []
    for mark in sorted(marks, key=lambda mark: mark.start):
        if result and mark.start <= result[-1].stop:
            result[-1] = replace(result[-1], stop=max(result[-1].stop, mark.stop))
        else:
            result.append(mark)
    return result


def _ranges(marks: list[_Mark]) -> list[tuple[int, int]]:
    return sorted((mark.start, mark.stop) for mark in marks)


def _without(mark: _Mark, holes: list[tuple[int, int]]) -> list[_Mark]:
    """The pieces of a mark outside of the holes, which are sorted and disjoint."""
    first = bisect_right(holes, mark.start, key=lambda hole: hole[1])
    last = bisect_left(holes, mark.stop, key=lambda hole: hole[0])
    edges = [mark.start, *(edge for hole in holes[first:last] for edge in hole), mark.stop]
    pieces = zip(edges[::2], edges[1::2], strict=True)
    return [replace(mark, start=start, stop=stop) for start, stop in pieces if start < stop]


def _trimmed(mark: _Mark, text: str) -> _Mark:
    content = text[mark.start : mark.stop]
    start = mark.start + len(content) - len(content.lstrip())
    return replace(mark, start=start, stop=max(mark.start + len(content.rstrip()), start))

"""A formatted text in parts that each fit a message: nothing but blanks at the cuts is lost.

Where a part is cut depends only on the text up to its limit and the one character after it. So a part that is
full never changes while more text is appended, which is what lets a reply be edited message by message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from wcwidth import grapheme_boundary_before

from .text import FormattedText, SpanKind, Utf16Index, clip_spans

__all__ = ["split"]

_SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]]*(?=\s)|[。！？；][”’」』）】]*")
_INVISIBLE = re.compile(r"[\s\u00ad\u200b-\u200f\u2060-\u2064\ufeff]*")
_EARLIEST = 0.6  # a boundary is looked for in the last 40 % of what fits
_EARLIEST_BEFORE_CODE = 0.25  # a part may stay this empty rather than cut the code block that follows


def split(formatted: FormattedText, *, limit: int, max_spans: int = 100) -> tuple[FormattedText, ...]:
    """Parts of at most ``limit`` UTF-16 code units and ``max_spans`` spans; none is blank.

    Cuts at the best of: blank line, line end, sentence end, blank, whole character as a reader sees it. A
    code block is cut only if it does not fit, and at a line end; both halves stay code. Raises ValueError for
    a limit below 2, which an emoji would not fit.
    """
    if limit < 2 or max_spans < 1:
        raise ValueError(f"limit {limit!r} must be at least 2 and max_spans {max_spans!r} at least 1")
    return tuple(_Splitter(formatted, limit, max_spans).parts())


class _Splitter:
    """One pass over one text. Places are character indices; only limits and spans count in UTF-16."""

    def __init__(self, formatted: FormattedText, limit: int, max_spans: int) -> None:
        self._text = formatted.text
        self._spans = formatted.spans
        self._limit = limit
        self._max_spans = max_spans
        self._places = Utf16Index(formatted.text)
        self._codes = [
            (self._places.index(span.offset), self._places.index(span.end))
            for span in formatted.spans
            if span.kind is SpanKind.PRE
        ]

    def parts(self) -> Iterator[FormattedText]:
        start = self._skip_blanks(0)
        while start < len(self._text):
            stop = self._stop(start)
            if _INVISIBLE.fullmatch(self._text, start, stop) is None:
                yield self._part(start, stop)
            start = self._resume(stop)

    def _part(self, start: int, stop: int) -> FormattedText:
        text = self._text[start:stop].rstrip()
        first = self._places.offset(start)
        spans = clip_spans(self._spans, first, self._places.offset(start + len(text)))
        return FormattedText(text=text, spans=spans[: self._max_spans])

    def _stop(self, start: int) -> int:
        """Where the part that begins at ``start`` ends."""
        first = self._places.offset(start)
        end = self._places.index(min(first + self._limit, self._places.units))
        end = min(end, self._too_many_spans(first))
        return end if end >= len(self._text) else self._cut(start, end)

    def _too_many_spans(self, first: int) -> int:
        """The place up to which a part from the offset ``first`` has few enough spans."""
        ahead = [span for span in self._spans if span.end > first]
        if len(ahead) <= self._max_spans:
            return len(self._text)
        offset = ahead[self._max_spans].offset
        return self._places.index(offset) if offset > first else len(self._text)

    def _cut(self, start: int, end: int) -> int:
        code = next(((a, b) for a, b in self._codes if a < end < b), None)
        if code is not None:
            return self._cut_at_code(start, end, code[0])
        floor = max(start + 1, start + int((end - start) * _EARLIEST))
        floor = max([floor, *(b for _, b in self._codes if floor < b <= end)])
        return self._best_boundary(floor, end) or self._character_boundary(start, end)

    def _cut_at_code(self, start: int, end: int, code_start: int) -> int:
        if code_start > start + (end - start) * _EARLIEST_BEFORE_CODE:
            return code_start
        line_end = self._text.rfind("\n", max(start, code_start) + 1, end + 1)
        return line_end if line_end > 0 else self._character_boundary(start, end)

    def _best_boundary(self, floor: int, end: int) -> int | None:
        for boundary in ("\n\n", "\n"):
            place = self._text.rfind(boundary, floor, end + 1)
            if place >= 0:
                return place
        window = self._text[floor : end + 1]
        ends = [floor + match.end() for match in _SENTENCE_END.finditer(window)]
        ends = [place for place in ends if place <= end]
        if ends:
            return ends[-1]
        return next((place for place in range(end, floor - 1, -1) if self._text[place].isspace()), None)

    def _character_boundary(self, start: int, end: int) -> int:
        """The last place up to ``end`` that cuts no grapheme; ``end`` itself if the whole part is one."""
        before = grapheme_boundary_before(self._text[start : end + 1], end + 1 - start)
        return start + before if before else end

    def _resume(self, stop: int) -> int:
        """Where the next part begins: after the blanks, but with the indentation of code."""
        code_end = next((b for a, b in self._codes if a < stop < b and self._text[stop:b].strip()), None)
        if code_end is None:
            return self._skip_blanks(stop)
        while self._text[stop] == "\n":
            stop += 1
        return stop

    def _skip_blanks(self, place: int) -> int:
        code_starts = {a for a, _ in self._codes}
        while place < len(self._text) and self._text[place].isspace() and place not in code_starts:
            place += 1
        return place

"""Plain text with formatting spans whose offsets are always valid UTF-16 positions inside it.

UTF-16 code units are what Telegram counts entities in (Bot API "MessageEntity").
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

__all__ = ["FormattedText", "Span", "SpanKind", "Utf16Index", "clip_spans", "utf16_length"]

_ASTRAL = re.compile(r"[\U00010000-\U0010ffff]")


class SpanKind(StrEnum):
    """What a span does to its text. The values are Telegram's entity types."""

    BOLD = "bold"
    ITALIC = "italic"
    STRIKETHROUGH = "strikethrough"
    CODE = "code"
    PRE = "pre"
    TEXT_LINK = "text_link"
    BLOCKQUOTE = "blockquote"
    EXPANDABLE_BLOCKQUOTE = "expandable_blockquote"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of text with one format. ``offset`` and ``length`` count UTF-16 code units."""

    kind: SpanKind
    offset: int
    length: int
    url: str | None = None
    language: str | None = None

    @property
    def end(self) -> int:
        """The offset just after the span."""
        return self.offset + self.length


class Utf16Index:
    """Translates between character indices and UTF-16 offsets of one text, each in logarithmic time."""

    def __init__(self, text: str) -> None:
        self._length = len(text)
        self._astral = [] if text.isascii() else [match.start() for match in _ASTRAL.finditer(text)]
        self._pairs = [index + before for before, index in enumerate(self._astral)]

    @property
    def units(self) -> int:
        """The length of the text in UTF-16 code units."""
        return self._length + len(self._astral)

    def offset(self, index: int) -> int:
        """The UTF-16 offset of the character at ``index``."""
        return index + bisect_left(self._astral, index)

    def index(self, offset: int) -> int:
        """The character that begins at ``offset``, or the one that ``offset`` would cut in half."""
        return offset - bisect_left(self._pairs, offset)


def utf16_length(text: str) -> int:
    """The length of a text in UTF-16 code units."""
    return len(text) if text.isascii() else len(text) + len(_ASTRAL.findall(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class FormattedText:
    """A text and its spans, sorted by offset, the outer before the inner."""

    text: str
    spans: tuple[Span, ...] = ()

    @property
    def length(self) -> int:
        """The length in UTF-16 code units."""
        return utf16_length(self.text)

    def slice(self, start: int, stop: int) -> FormattedText:
        """The part between two UTF-16 offsets, spans clipped. An offset in a character moves before it."""
        positions = Utf16Index(self.text)
        first = positions.index(min(max(start, 0), positions.units))
        last = max(positions.index(min(max(stop, 0), positions.units)), first)
        return FormattedText(
            text=self.text[first:last],
            spans=clip_spans(self.spans, positions.offset(first), positions.offset(last)),
        )

    def strip(self) -> FormattedText:
        """Without blanks at both ends, save those a leading ``pre`` span covers: they are indentation."""
        end = len(self.text.rstrip())
        start = len(self.text) - len(self.text.lstrip())
        if not end:
            return FormattedText(text="")
        positions = Utf16Index(self.text)
        codes = [span.offset for span in self.spans if span.kind is SpanKind.PRE]
        if codes:
            start = min(start, positions.index(codes[0]))
        return self.slice(positions.offset(start), positions.offset(end))

    @staticmethod
    def join(parts: Iterable[FormattedText], separator: str = "") -> FormattedText:
        """The parts in a row, with ``separator`` between them."""
        texts: list[str] = []
        spans: list[Span] = []
        offset = 0
        for part in parts:
            if texts:
                texts.append(separator)
                offset += utf16_length(separator)
            texts.append(part.text)
            spans.extend(replace(span, offset=span.offset + offset) for span in part.spans)
            offset += part.length
        return FormattedText(text="".join(texts), spans=tuple(spans))


def clip_spans(spans: Iterable[Span], start: int, stop: int) -> tuple[Span, ...]:
    """The spans between two offsets, counted from the first; what lies outside is cut away."""
    return tuple(
        replace(
            span, offset=max(span.offset, start) - start, length=min(span.end, stop) - max(span.offset, start)
        )
        for span in spans
        if start < stop and span.offset < stop and span.end > start
    )

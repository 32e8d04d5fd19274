"""Formatted text counts in UTF-16 and never cuts a character."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.rendering import FormattedText, Span, SpanKind, utf16_length
from bot.rendering.text import Utf16Index
from tests.unit.rendering.strategies import formatted_texts


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@given(st.text())
def test_lengths_are_those_of_the_utf_16_encoding(text: str) -> None:
    """An emoji counts two, whatever the position it stands in."""
    assert utf16_length(text) == _units(text)
    places = Utf16Index(text)
    assert [places.offset(index) for index in range(len(text) + 1)] == [
        _units(text[:n]) for n in range(len(text) + 1)
    ]
    assert [places.index(places.offset(index)) for index in range(len(text) + 1)] == list(
        range(len(text) + 1)
    )


def test_an_offset_within_a_character_moves_before_it() -> None:
    """A slice never holds half an emoji."""
    text = FormattedText(text="a😀b", spans=(Span(kind=SpanKind.BOLD, offset=1, length=3),))
    assert text.slice(0, 2) == FormattedText(text="a")
    assert text.slice(2, 4) == FormattedText(
        text="😀b", spans=(Span(kind=SpanKind.BOLD, offset=0, length=3),)
    )
    assert text.slice(2, 1) == FormattedText(text="")
    assert text.slice(3, 3) == FormattedText(text="")
    assert text.slice(-5, 99) == text


def test_joining_moves_the_spans() -> None:
    """Each part's spans stay on their words."""
    part = FormattedText(text="😀", spans=(Span(kind=SpanKind.BOLD, offset=0, length=2),))
    joined = FormattedText.join([part, part], "\n")
    assert joined.text == "😀\n😀"
    assert [(span.offset, span.end) for span in joined.spans] == [(0, 2), (3, 5)]


def test_stripping_keeps_the_indentation_of_code() -> None:
    """Blanks at the ends go, except those that a code block begins with."""
    bold = FormattedText(text="  a ", spans=(Span(kind=SpanKind.BOLD, offset=0, length=4),))
    assert bold.strip() == FormattedText(text="a", spans=(Span(kind=SpanKind.BOLD, offset=0, length=1),))
    code = FormattedText(text="\n  a \n", spans=(Span(kind=SpanKind.PRE, offset=1, length=4),))
    assert code.strip() == FormattedText(text="  a", spans=(Span(kind=SpanKind.PRE, offset=0, length=3),))
    assert FormattedText(text=" \n").strip() == FormattedText(text="")


@given(formatted_texts, st.integers(0, 300), st.integers(0, 300))
def test_any_slice_is_sound(formatted: FormattedText, start: int, stop: int) -> None:
    """Spans of a slice lie inside it and still cover what they covered."""
    part = formatted.slice(start, stop)
    assert part.text in formatted.text
    assert all(0 <= span.offset < span.end <= part.length for span in part.spans)
    assert (
        FormattedText.join([formatted.slice(0, start), formatted.slice(start, 10**9)]).text == formatted.text
    )

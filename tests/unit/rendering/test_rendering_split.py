"""Parts fit, lose nothing, and do not change once they are full."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rendering import FormattedText, Span, SpanKind, flatten, parse, split
from tests.unit.rendering.corpus import CORPUS
from tests.unit.rendering.strategies import formatted_texts

_UNSEEN = re.compile(r"[\s\u00ad\u200b-\u200f\u2060-\u2064\ufeff]+")


def _seen(text: str) -> str:
    return _UNSEEN.sub("", text)


def _texts(text: str, limit: int) -> list[str]:
    return [part.text for part in split(FormattedText(text=text), limit=limit)]


def _pre(text: str, start: int, stop: int) -> FormattedText:
    span = Span(kind=SpanKind.PRE, offset=start, length=stop - start, language="py")
    return FormattedText(text=text, spans=(span,))


def test_what_fits_is_one_part() -> None:
    """Exactly the limit still fits."""
    assert _texts("a" * 10, 10) == ["a" * 10]


def test_a_blank_text_has_no_parts() -> None:
    """No platform takes an empty message."""
    assert _texts(" \n\u200b", 10) == []


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("aaaa bbbbbb\n\nc\nd. eee", "aaaa bbbbbb"),
        ("aaaa bbbbbb ccc. d\neee ffff", "aaaa bbbbbb ccc. d"),
        ("aaaa bbbbbb ccc. ddd eee", "aaaa bbbbbb ccc."),
        ("甲甲甲甲甲甲甲甲甲乙乙乙乙。丙丙丙丙丙丙丙丙丙丙", "甲甲甲甲甲甲甲甲甲乙乙乙乙。"),
        ("aaaa bbbbbb cccc ddd eee", "aaaa bbbbbb cccc"),
        ("aaa " + "b" * 30, "aaa " + "b" * 14),
    ],
)
def test_the_best_boundary_is_taken(text: str, first: str) -> None:
    """Blank line, line end, sentence end, blank, character: the best one in the last 40 % of what fits."""
    assert _texts(text, 18)[0] == first


@pytest.mark.parametrize("cluster", ["👩‍👩‍👧‍👦", "👍🏽", "🇩🇪", "e\u0301\u0302", "🏳️‍🌈", "각"])
def test_no_character_a_reader_sees_is_cut(cluster: str) -> None:
    """Families, skin tones, flags and combining marks stay whole wherever the limit falls."""
    for padding in range(12):
        parts = _texts("x" * padding + cluster * 6, 12)
        assert all(not part.lstrip("x").replace(cluster, "") for part in parts), parts


def test_a_character_longer_than_the_limit_is_cut_between_code_points() -> None:
    """There is always progress, and never half a surrogate pair."""
    parts = _texts("👩‍👩‍👧‍👦" * 2, 3)
    assert "".join(parts) == "👩‍👩‍👧‍👦" * 2
    assert all(part.encode("utf-16-le") for part in parts)


def test_code_that_follows_is_not_cut_in_vain() -> None:
    """The cut is made before a code block, even if that leaves room."""
    text = _pre("intro text\n\ncode 1\ncode 2\ncode 3", 12, 32)
    first, second = split(text, limit=25)
    assert (first.text, first.spans) == ("intro text", ())
    assert second == _pre("code 1\ncode 2\ncode 3", 0, 20)


def test_long_code_is_cut_at_line_ends_and_stays_code() -> None:
    """Both halves have the language, and every line its indentation."""
    lines = [f"{' ' * (n % 9)}line {n}" for n in range(60)]
    code = "\n".join(lines)
    parts = split(_pre(code, 0, len(code)), limit=100)
    assert "\n".join(part.text for part in parts) == code
    for part in parts:
        assert part.spans == (Span(kind=SpanKind.PRE, offset=0, length=part.length, language="py"),)


def test_spans_are_carried_over() -> None:
    """A quote or link that is cut goes on in the next part."""
    spans = (
        Span(kind=SpanKind.BLOCKQUOTE, offset=0, length=29),
        Span(kind=SpanKind.TEXT_LINK, offset=5, length=24, url="https://a.b"),
    )
    first, second = split(FormattedText(text="aaaa bbbb bbbb bbbb bbbb bbbb", spans=spans), limit=15)
    assert first.text == "aaaa bbbb bbbb"
    assert [(span.kind, span.offset, span.end) for span in second.spans] == [
        (SpanKind.BLOCKQUOTE, 0, 14),
        (SpanKind.TEXT_LINK, 0, 14),
    ]


def test_a_part_with_too_many_spans_is_cut_earlier() -> None:
    """A hundred entities are all a message may have; the next ones go to the next part."""
    formatted = flatten(parse("**a** b " * 250))
    parts = split(formatted, limit=4096)
    assert [len(part.spans) for part in parts] == [100, 100, 50]
    assert _seen("".join(part.text for part in parts)) == _seen(formatted.text)


@pytest.mark.parametrize(("limit", "max_spans"), [(1, 100), (0, 100), (10, 0)])
def test_impossible_limits_are_refused(limit: int, max_spans: int) -> None:
    """An emoji needs two units."""
    with pytest.raises(ValueError, match="at least"):
        split(FormattedText(text="a"), limit=limit, max_spans=max_spans)


def _assert_sound(formatted: FormattedText, limit: int, max_spans: int) -> None:
    parts = split(formatted, limit=limit, max_spans=max_spans)
    for part in parts:
        assert 0 < part.length <= limit
        assert len(part.spans) <= max_spans
        assert _seen(part.text)
        assert part == part.strip()
        assert all(0 <= span.offset < span.end <= part.length for span in part.spans)
        assert part.text in formatted.text
    assert _seen("".join(part.text for part in parts)) == _seen(formatted.text)


@given(formatted_texts, st.integers(2, 80), st.integers(1, 8))
def test_parts_fit_and_lose_nothing(formatted: FormattedText, limit: int, max_spans: int) -> None:
    """Within limit and spans, never blank, trimmed, and together the whole."""
    _assert_sound(formatted, limit, max_spans)


@given(st.text(max_size=200), st.integers(2, 40))
def test_any_text_can_be_split(text: str, limit: int) -> None:
    """Any characters at all, without a parser before."""
    _assert_sound(FormattedText(text=text), limit, 100)


@given(formatted_texts, st.integers(2, 80), st.integers(1, 8), st.integers(0, 400))
def test_full_parts_never_change(formatted: FormattedText, limit: int, max_spans: int, length: int) -> None:
    """All parts but the last are the same for the text and for its beginning."""
    whole = split(formatted, limit=limit, max_spans=max_spans)
    earlier = split(formatted.slice(0, length), limit=limit, max_spans=max_spans)
    assert earlier[:-1] == whole[: max(len(earlier) - 1, 0)]


@pytest.mark.parametrize("name", sorted(CORPUS))
def test_real_answers_split_at_any_limit(name: str) -> None:
    """Messages of Telegram's size and of tiny ones; code lines survive exactly."""
    formatted = flatten(parse(CORPUS[name]))
    for limit in (40, 333, 4096):
        _assert_sound(formatted, limit, 100)
    if name == "long_code":
        lines = [line for part in split(formatted, limit=500) for line in part.text.split("\n") if line]
        assert lines == [line for line in formatted.text.split("\n") if line]

"""A name inside our own sentences is shown as it is written, whatever it holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rendering import SpanKind, flatten, literal, parse

NASTY = (
    "**x** [y](http://z)",
    "`a` $x$ \\(a\\) \\[b\\]",
    "https://evil.example/x",
    "<b>hi</b> &amp; ~~s~~ ||p||",
    "# head",
    "1. x",
    "![i](http://z/i.png)",
    "<@U123> <!channel>",
)


@pytest.mark.parametrize("name", NASTY)
def test_a_name_is_never_markup(name: str) -> None:
    """It stands there letter by letter, and the only span is our own."""
    shown = flatten(parse(f"- {literal(name)} (`fake:1`)\n- **{literal(name)}** is in."))
    assert shown.text == f"• {name} (fake:1)\n• {name} is in."
    assert [span.kind for span in shown.spans] == [SpanKind.CODE, SpanKind.BOLD]


@given(st.text(max_size=80))
def test_any_text_stays_one_piece_of_one_line(text: str) -> None:
    """No span, no line and no direction of its own; at most as long as asked for."""
    shown = flatten(parse(f"({literal(text, longest=20)})"))
    assert shown.spans == ()
    assert len(shown.text.splitlines()) == 1
    assert len(shown.text) <= 22
    assert not {"\u202e", "\u2066", "\x07"} & set(shown.text)

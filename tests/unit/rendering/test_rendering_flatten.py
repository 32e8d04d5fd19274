"""Text with spans shows every part of a document, in a form Telegram takes without a change."""

from __future__ import annotations

import pytest
from hypothesis import given
from wcwidth import wcswidth

from bot.rendering import (
    Collapsed,
    Document,
    FormattedText,
    List,
    ListItem,
    Paragraph,
    Quote,
    SpanKind,
    Text,
    flatten,
    parse,
)
from bot.rendering.layout import MAX_TABLE_COLUMNS
from bot.rendering.urls import encode_url, is_linkable
from tests.fakes.telegram.entities import finish_text
from tests.unit.rendering.corpus import CORPUS
from tests.unit.rendering.strategies import formatted_texts


def _spans(formatted: FormattedText) -> list[tuple[str, str]]:
    return [(span.kind.value, formatted.slice(span.offset, span.end).text) for span in formatted.spans]


def _flat(source: str) -> FormattedText:
    return flatten(parse(source))


def _assert_taken_as_it_is(formatted: FormattedText) -> None:
    """The stand-in for Telegram's server neither trims, drops nor refuses anything."""
    defects: list[str] = []
    entities = [
        {"type": span.kind.value, "offset": span.offset, "length": span.length, "url": span.url or ""}
        for span in formatted.spans
    ]
    text, kept = finish_text(formatted.text, entities, defects.append)
    assert (text, len(kept), defects) == (formatted.text, len(entities), [])


def test_marks_become_spans() -> None:
    """Marks are spans without blanks at their ends; the same marks nested are one."""
    formatted = _flat("a **b *c*** ~~d~~ `e` [f](https://g.h)")
    assert formatted.text == "a b c d e f"
    assert _spans(formatted) == [
        *(("bold", "b c"), ("italic", "c"), ("strikethrough", "d")),
        *(("code", "e"), ("text_link", "f")),
    ]


def test_code_lies_in_no_other_span() -> None:
    """Telegram drops what overlaps code: bold is cut around it, a link is worth more than its font."""
    assert _spans(_flat("**a `b` c**")) == [("bold", "a"), ("code", "b"), ("bold", "c")]
    assert _spans(_flat("[`a` b](https://c.d)")) == [("text_link", "a b")]


def test_heading_levels_are_told_apart() -> None:
    """All are bold; each of the first three levels looks different."""
    formatted = _flat("# A\n## B\n### C\n#### D\n\ntext")
    assert formatted.text == "▍A\nB\nC\n› D\ntext"
    assert _spans(formatted) == [
        *(("bold", "▍A"), ("bold", "B"), ("bold", "C"), ("italic", "C"), ("bold", "› D"), ("italic", "› D")),
    ]


def test_lists_show_depth_numbers_and_tasks() -> None:
    """Bullets change with depth, numbers are kept, tasks are boxes, code stands on its own lines."""
    formatted = _flat(
        "- a\n  - b\n    - c\n\n3. d\n5. e\n   ```\n   f\n   ```\n\n- [ ] g\n- [x] h\n\n1. [x] i"
    )
    assert formatted.text == ("• a\n   ◦ b\n      ▪ c\n\n3. d\n5. e\nf\n\n☐ g\n☑ h\n\n1. ☑ i")


def test_quotes_do_not_nest() -> None:
    """An inner quote shows its sign; code in a quote stays code."""
    formatted = _flat("> a\n> > b\n> > c\n>\n> ```\n> d\n> ```\n\ne")
    assert formatted.text == "a\n> b\n> c\nd\n\ne"
    assert _spans(formatted) == [("blockquote", "a\n> b\n> c\nd"), ("pre", "d")]


def test_a_quote_that_begins_with_a_quote_shows_its_sign() -> None:
    """No level of quoting is lost."""
    assert _flat("> > a\n> > b").text == "> a\n> b"


def test_code_blocks_keep_language_and_lines() -> None:
    """A code block is verbatim, first indentation included."""
    formatted = _flat("```python\n  if a:\n      b\n```")
    assert formatted.text == "  if a:\n      b"
    assert [(span.kind, span.language) for span in formatted.spans] == [(SpanKind.PRE, "python")]


def test_math_is_set_in_code() -> None:
    """Formulas are shown as their source, which is legible and can be copied."""
    assert _spans(_flat("so $x_1$\n$$\ny\n$$")) == [("code", "x_1"), ("pre", "y")]


def test_a_narrow_table_is_aligned_by_display_width() -> None:
    """Chinese characters and emoji are two columns wide."""
    formatted = _flat("| 城市 | n |\n|:-:|-:|\n| a | 10 |\n| 🏙️x | 9 |")
    lines = formatted.text.split("\n")
    assert {wcswidth(line[: line.index("|" if "|" in line else "+")]) for line in lines} == {5}
    assert _spans(formatted) == [("pre", formatted.text)]


def test_a_wide_table_becomes_a_list_of_rows() -> None:
    """What a phone cannot show in columns is shown row by row, with the headers repeated."""
    assert _flat(f"| Name | Text |\n|---|---|\n| a | {'long ' * 12}|\n| b | |").text == (
        f"• Name: a\n   Text: {'long ' * 12}".rstrip() + "\n• Name: b"
    )


def test_a_table_with_links_keeps_them() -> None:
    """Monospaced text holds no links, so the rows are listed."""
    formatted = _flat("| a |\n|---|\n| [b](https://c.d) |")
    assert formatted.text == "• a: b"
    assert ("text_link", "b") in _spans(formatted)


def test_a_table_without_rows_shows_its_header() -> None:
    """Even when it is too wide."""
    assert _flat(f"| {'a' * 30} | {'b' * 30} |\n|---|---|\n").text == f"{'a' * 30} | {'b' * 30}"


def test_links_that_telegram_refuses_show_their_address() -> None:
    """Only web and tg addresses are links; an address that is already the text is not repeated."""
    formatted = _flat(
        "[a](mailto:b@c.de) [d](http://localhost:3000) [e](/f) <me@b.de> [h](tel:+123) [i](https://j.k)"
    )
    assert formatted.text == "a (b@c.de) d (http://localhost:3000) e (/f) me@b.de h (+123) i"
    assert _spans(formatted) == [("text_link", "i")]


def test_images_are_links_with_their_description() -> None:
    """An image shows its alt text, or else its address; embedded bytes are cut short."""
    assert _spans(_flat("![a](https://b.c/d.png)")) == [("text_link", "🖼 a")]
    assert _flat("![](https://b.c/d.png)").text == "🖼 https://b.c/d.png"
    assert len(_flat(f"![a](data:image/png;base64,{'A' * 5000})").text) < 100


def test_collapsed_blocks_become_an_expandable_quote() -> None:
    """The title is bold; quotes inside show their signs."""
    thinking = Collapsed(
        title="Thinking",
        blocks=(
            Paragraph(children=(Text(text="hm"),)),
            Quote(blocks=(Paragraph(children=(Text(text="q"),)),)),
        ),
    )
    formatted = flatten(Document(blocks=(thinking, Paragraph(children=(Text(text="answer"),)))))
    assert formatted.text == "Thinking\nhm\n> q\n\nanswer"
    assert _spans(formatted) == [("expandable_blockquote", "Thinking\nhm\n> q"), ("bold", "Thinking")]
    quoted = flatten(Document(blocks=(Quote(blocks=(thinking,)),)))
    assert [span.kind for span in quoted.spans] == [SpanKind.BLOCKQUOTE, SpanKind.BOLD]


def test_blocks_with_nothing_to_show_leave_no_gap() -> None:
    """An empty code block, quote or heading is not seen at all."""
    assert _flat("a\n\n```\n```\n\n>\n\n#\n\nb").text == "a\n\nb"
    assert flatten(Document(blocks=(List(ordered=False, items=(ListItem(blocks=()),)),))).text == "•"


def test_rules_are_lines() -> None:
    """A thematic break is seen."""
    assert _flat("a\n\n---\n\nb").text == "a\n\n──────────\n\nb"


@pytest.mark.parametrize(
    ("url", "linkable"),
    [
        ("https://example.com/a?b=c#d", True),
        ("HTTP://例え.テスト/パス", True),
        ("http://user:pw@example.com:8080", True),
        ("tg://resolve?domain=parley", True),
        ("http://localhost", False),
        ("https://", False),
        ("https://a b.com", False),
        ("ftp://example.com", False),
        ("mailto:a@b.com", False),
        ("example.com", False),
        ("https://example.com/" + "a" * 3000, False),
    ],
)
def test_only_sure_addresses_are_linkable(url: str, linkable: bool) -> None:
    """When in doubt the address is shown, not linked."""
    assert is_linkable(url) is linkable


def test_addresses_are_encoded_once() -> None:
    """Blanks and markup are percent-encoded; what is encoded stays as it is."""
    assert encode_url(" https://a.b/c d|é%20<x>\n") == "https://a.b/c%20d%7Cé%20%3Cx%3E"
    assert encode_url(encode_url("https://a.b/c d")) == encode_url("https://a.b/c d")


@pytest.mark.parametrize("name", sorted(CORPUS))
def test_real_answers_are_taken_as_they_are(name: str) -> None:
    """Telegram would change nothing about any of them, and aligned tables fit a phone."""
    formatted = flatten(parse(CORPUS[name]))
    _assert_taken_as_it_is(FormattedText(text=formatted.text, spans=formatted.spans[:100]))
    for span in formatted.spans:
        if span.kind is SpanKind.PRE and span.language is None and "-+-" in formatted.text:
            lines = formatted.slice(span.offset, span.end).text.split("\n")
            assert max(map(wcswidth, lines)) <= MAX_TABLE_COLUMNS


@given(formatted_texts)
def test_any_flattened_text_is_taken_as_it_is(formatted: FormattedText) -> None:
    """Offsets are valid, spans are sorted and sound, and nothing is trimmed, whatever the document."""
    assert list(formatted.spans) == sorted(formatted.spans, key=lambda span: (span.offset, -span.length))
    _assert_taken_as_it_is(FormattedText(text=formatted.text, spans=formatted.spans[:100]))

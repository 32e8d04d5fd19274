"""A growing answer never shows what the finished one would not, and costs what its end costs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rendering import (
    Bold,
    Code,
    CodeBlock,
    Document,
    Italic,
    List,
    Math,
    MathBlock,
    Paragraph,
    StreamingParser,
    Strike,
    Table,
    Text,
    flatten,
    parse,
    streaming,
)
from bot.rendering.parse import ParsedSource, parse_source
from tests.unit.rendering.corpus import CORPUS
from tests.unit.rendering.strategies import markdown


def _so_far(source: str) -> Document:
    return StreamingParser().parse(source)


def _shown(source: str) -> str:
    return flatten(_so_far(source)).text


@pytest.mark.parametrize(
    ("source", "node"),
    [
        ("**bold", Bold(children=(Text(text="bold"),))),
        ("**bold*", Bold(children=(Text(text="bold"),))),
        ("*it", Italic(children=(Text(text="it"),))),
        ("~~gone", Strike(children=(Text(text="gone"),))),
        ("**a *b", Bold(children=(Text(text="a "), Italic(children=(Text(text="b"),))))),
        ("`code", Code(text="code")),
        ("``a`b", Code(text="a`b")),
        ("\\(x + 1", Math(text="x + 1")),
        ("**bold `code", Bold(children=(Text(text="bold "), Code(text="code")))),
    ],
)
def test_open_marks_are_shown_closed(source: str, node: Bold) -> None:
    """A mark that is still open has its effect, and its characters are not seen."""
    assert _so_far(source).blocks == (Paragraph(children=(node,)),)


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("see [the docs](https://exam", "see"),
        ("see [the docs", "see"),
        ("see [the docs]", "see"),
        ("see ![cat](https://x.y/c.p", "see"),
        ("see <https://exam", "see"),
        ("a &nb", "a"),
        ("a \\", "a"),
        ("a **", "a"),
        ("a **[b](c", "a"),
        ("text\n-", "text"),
        ("text\n==", "text"),
        ("text\n\n##", "text"),
        ("text\n\n## ", "text"),
        ("text\n\n- ", "text"),
        ("text\n\n1.", "text"),
        ("- a\n- ", "• a"),
        ("- a\n- [", "• a"),
        ("- a\n- [ ", "• a"),
        ("text\n\n> ", "text"),
        ("text\n\n``", "text"),
        ("text\n\n```p", "text"),
        ("text\n\n| a | b |", "text"),
        ("text\n\n| a | b |\n", "text"),
        ("text\n\n| a | b |\n|", "text"),
        ("text\n\na | b\n--", "text"),
    ],
)
def test_what_is_undecided_is_held_back(source: str, shown: str) -> None:
    """Half a link, a marker alone and a table before its second row are not shown yet."""
    assert _shown(source) == shown


def test_an_open_fence_shows_its_lines() -> None:
    """Code is shown while it is written, without a closing fence that has just begun."""
    assert _so_far("```py\nx = 1\n``").blocks == (CodeBlock(language="py", text="x = 1"),)


def test_a_fence_ends_with_the_item_or_quote_it_is_in() -> None:
    """What follows the container is text again, and is held back as text."""
    assert _shown("- ```\n  a\n\nb\n-") == "•\na\n\nb"
    assert _shown("> ```\n> a\n\nb\n-") == "a\n\nb"


def test_an_open_formula_shows_its_lines() -> None:
    """So is a displayed formula."""
    assert _so_far("$$\nx = 1\n").blocks == (MathBlock(text="x = 1"),)


def test_a_table_is_shown_from_its_second_row_on() -> None:
    """Cells appear as they are written, their marks closed."""
    (table,) = _so_far("| a | b |\n|---|---|\n| 1 | **2").blocks
    assert isinstance(table, Table)
    assert table.rows == (((Text(text="1"),), (Bold(children=(Text(text="2"),)),)),)


def test_a_bracket_that_is_no_link_is_shown_when_that_is_known() -> None:
    """Nothing is held back for long."""
    assert _shown("an array[0] of") == "an array[0] of"


def test_definitions_apply_to_earlier_text() -> None:
    """When a definition arrives, links above it appear."""
    parser = StreamingParser()
    source = "See [1] there.\n\nMore text.\n\nAnd more.\n\n[1]: https://example.com\n"
    for end in range(0, len(source) + 1, 7):
        parser.parse(source[:end])
    assert parser.parse(source) == parse(source)


def test_a_source_that_starts_anew_is_parsed_anew() -> None:
    """The cache never shows blocks of another text."""
    parser = StreamingParser()
    parser.parse("one\n\ntwo\n\nthree\n\nfour")
    assert parser.parse("other\n\ntext") == parse("other\n\ntext")


def test_a_tick_parses_only_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a hundred closed paragraphs before it, a new word costs a few paragraphs' worth of parsing."""
    lengths: list[int] = []

    def measured(source: str, *, partial: bool) -> ParsedSource:
        lengths.append(len(source))
        return parse_source(source, partial=partial)

    parser = StreamingParser()
    source = "A *paragraph* of some words.\n\n" * 100
    parser.parse(source)
    monkeypatch.setattr(streaming, "parse_source", measured)
    parser.parse(source + "One")
    parser.parse(source + "One more")
    assert max(lengths) < 200


@pytest.mark.parametrize("name", sorted(set(CORPUS) - {"huge_line", "long_code"}))
def test_a_warm_parser_shows_what_a_fresh_one_shows(name: str) -> None:
    """For every prefix of a realistic answer the cache changes nothing."""
    source = CORPUS[name]
    parser = StreamingParser()
    for end in range(len(source) + 1):
        assert parser.parse(source[:end]) == _so_far(source[:end]), source[:end]
    assert parser.parse(source, final=True) == parse(source)


@pytest.mark.parametrize(
    "name", ["plain_prose", "headings_and_emphasis", "nested_lists", "task_list", "cjk_emphasis", "cjk_table"]
)
def test_nothing_is_shown_that_the_whole_does_not_show(name: str) -> None:
    """In well-formed answers every word seen on the way is there at the end, and no markup is ever seen."""
    source = CORPUS[name]
    final = flatten(parse(source)).text
    for end in range(len(source) + 1):
        for line in _shown(source[:end]).split("\n"):
            assert line.strip(" -+|") in final or " | " in line, (source[:end], line)


def test_a_list_grows_item_by_item() -> None:
    """An item that has begun is part of the list at once."""
    (block,) = _so_far("- one\n- tw").blocks
    assert isinstance(block, List)
    assert len(block.items) == 2


@given(markdown, st.lists(st.integers(1, 40), max_size=20))
def test_any_growth_ends_in_the_whole(source: str, steps: list[int]) -> None:
    """No prefix raises, and the final document is the parsed source, whatever was shown on the way."""
    parser = StreamingParser()
    end = 0
    for step in steps:
        end += step
        assert isinstance(parser.parse(source[:end]), Document)
    assert parser.parse(source, final=True) == parse(source)

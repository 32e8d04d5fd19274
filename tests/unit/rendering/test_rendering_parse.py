"""The parser keeps every word and knows what models mean."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given

from bot.rendering import (
    Align,
    Block,
    Bold,
    Code,
    CodeBlock,
    Document,
    Heading,
    Image,
    Inline,
    Italic,
    LineBreak,
    Link,
    List,
    ListItem,
    Math,
    MathBlock,
    Paragraph,
    Quote,
    Rule,
    Strike,
    Table,
    Text,
    flatten,
    parse,
)
from bot.rendering.inlines import parse_inlines, plain_inlines
from bot.rendering.parse import _NOT_PLAIN, _parse_marked, clean, parse_source
from tests.unit.rendering.corpus import CORPUS
from tests.unit.rendering.strategies import markdown


def _text(text: str) -> Text:
    return Text(text=text)


def _bold(text: str) -> Bold:
    return Bold(children=(_text(text),))


def _paragraph(*nodes: Inline) -> Paragraph:
    return Paragraph(children=nodes)


def _item(*blocks: Block, checked: bool | None = None, number: int | None = None) -> ListItem:
    return ListItem(blocks=blocks, checked=checked, number=number)


def _inlines(source: str) -> tuple[Inline, ...]:
    (block,) = parse(source).blocks
    assert isinstance(block, Paragraph)
    return block.children


def test_nothing_gives_an_empty_document() -> None:
    """A blank answer has no blocks."""
    assert parse(" \n\n\t\n") == Document()


def test_marks_of_all_kinds_are_read() -> None:
    """Bold, italic, struck and code parts become their nodes, nested where they nest."""
    assert _inlines("**a *b*** ~~c~~ `d*`") == (
        Bold(children=(_text("a "), Italic(children=(_text("b"),)))),
        _text(" "),
        Strike(children=(_text("c"),)),
        _text(" "),
        Code(text="d*"),
    )


@pytest.mark.parametrize(
    ("source", "bold", "rest"),
    [
        ("**注意：**请看", "注意：", "请看"),
        ("**단어(word)**를", "단어(word)", "를"),
        ("**Note:**see", "Note:", "see"),
        ("**100%**的", "100%", "的"),
    ],
)
def test_bold_that_ends_in_punctuation_closes_before_a_letter(source: str, bold: str, rest: str) -> None:
    """CommonMark would show the asterisks, which is not what the model meant."""
    assert _inlines(source) == (_bold(bold), _text(rest))


def test_bold_that_begins_with_a_cjk_bracket_opens_after_a_letter() -> None:
    """The same at the other end."""
    assert _inlines("请**“注意”**看") == (_text("请"), _bold("“注意”"), _text("看"))


@pytest.mark.parametrize("source", ["2 * 3 * 4", "a*(b+c)*d", "(x**2)**3", "my_var_name", "5*3", "a ** b"])
def test_arithmetic_and_names_stay_text(source: str) -> None:
    """Asterisks and underscores that mark nothing are shown."""
    assert _inlines(source) == (_text(source),)


def test_line_ends_within_a_paragraph_are_kept() -> None:
    """In a chat a new line is a new line, hard or soft."""
    assert _inlines("a  \nb\\\nc\nd<br>e") == (
        *(_text("a"), LineBreak(), _text("b"), LineBreak(), _text("c")),
        *(LineBreak(), _text("d"), LineBreak(), _text("e")),
    )


@pytest.mark.parametrize(
    "source",
    [
        "List<String> x",
        "<think>a</think>",
        "<b>a</b>",
        "std::vector<std::string>",
        "<!-- c -->",
        "a < b > c",
        "<a:b>",
    ],
)
def test_tags_are_text(source: str) -> None:
    """Raw HTML and what looks like it is kept literally."""
    assert _inlines(source) == (_text(source),)


def test_html_blocks_are_text_too() -> None:
    """A tag at a line's start swallows nothing."""
    assert _inlines("<details>\n**x**\n</details>") == (
        *(_text("<details>"), LineBreak(), _bold("x"), LineBreak(), _text("</details>")),
    )


@pytest.mark.parametrize(
    "source", ["$5 and $10", "US$5/US$6", "$PATH:$HOME", "I paid $5, you paid 10$.", "20$ or 30$", "\\$x\\$"]
)
def test_prices_and_variables_are_no_math(source: str) -> None:
    """Dollars are math only where nothing else makes sense."""
    assert _inlines(source) == (_text(source.replace("\\", "")),)


@pytest.mark.parametrize("source", ["$a_1 * b_2$", "\\(a_1 * b_2\\)", "$$a_1 * b_2$$ ", "\\[a_1 * b_2\\] "])
def test_inline_math_is_verbatim(source: str) -> None:
    """Nothing in a formula is markup, in any of the four notations."""
    assert _inlines("so " + source)[1:2] == (Math(text="a_1 * b_2"),)


@pytest.mark.parametrize(
    "source", ["$$\nx_1\n+ y\n$$", "\\[\nx_1\n+ y\n\\]", "```math\nx_1\n+ y\n```", "\\[x_1\n+ y\\]"]
)
def test_displayed_math_is_a_block(source: str) -> None:
    """A formula on lines of its own interrupts a paragraph and is kept verbatim."""
    assert parse(f"where\n{source}\nholds").blocks == (
        _paragraph(_text("where")),
        MathBlock(text="x_1\n+ y"),
        _paragraph(_text("holds")),
    )


def test_escaped_brackets_are_no_math() -> None:
    """A bracket pair without anything mathematical in it is an escaped bracket pair."""
    assert _inlines(r"see \[1\]") == (_text("see [1]"),)


def test_links_of_all_kinds_are_read() -> None:
    """Inline links with parentheses, references and autolinks give the address as written."""
    assert parse("[a](http://x.y/(z)) [b][r] <https://q.w/_>\n\n[r]: http://r.e/f").blocks == (
        _paragraph(
            Link(url="http://x.y/(z)", children=(_text("a"),)),
            _text(" "),
            Link(url="http://r.e/f", children=(_text("b"),)),
            _text(" "),
            Link(url="https://q.w/_", children=(_text("https://q.w/_"),)),
        ),
    )


def test_an_unused_definition_is_shown() -> None:
    """A list of sources that no text refers to is still there to be read; of two equal labels one is used."""
    first, second, third = parse('[a]\n\n[a]: http://x.y\n[a]: http://z.w\n[b]: http://b.c "T"').blocks
    assert first == _paragraph(Link(url="http://x.y", children=(_text("a"),)))
    assert second == _paragraph(_text("[a]: "), Link(url="http://z.w", children=(_text("http://z.w"),)))
    assert third == _paragraph(
        _text("[b]: "), Link(url="http://b.c", children=(_text("http://b.c"),)), _text(' "T"')
    )


def test_unsafe_links_stay_text() -> None:
    """A script address is shown as it was written."""
    assert _inlines("[x](javascript:alert(1))") == (_text("[x](javascript:alert(1))"),)


def test_images_keep_alt_address_and_title() -> None:
    """An image may stand alone or within a link."""
    assert _inlines('![a *b*](http://i.m/g "t")') == (Image(alt="a b", url="http://i.m/g", title="t"),)
    assert _inlines("[![a](http://i.m)](http://l.k)") == (
        Link(url="http://l.k", children=(Image(alt="a", url="http://i.m"),)),
    )


def test_lists_keep_tasks_nesting_and_numbers() -> None:
    """Numbers that grow are kept; numbers that do not are counted on."""
    assert parse("- [x] a\n- [ ] b\n  3. c\n  5. d\n  1. e").blocks == (
        List(
            ordered=False,
            items=(
                _item(_paragraph(_text("a")), checked=True),
                _item(
                    _paragraph(_text("b"), LineBreak(), _text("3. c"), LineBreak(), _text("5. d")),
                    List(ordered=True, items=(_item(_paragraph(_text("e")), number=1),)),
                    checked=False,
                ),
            ),
        ),
    )
    (numbered,) = parse("3. a\n5. b\n1. c").blocks
    assert isinstance(numbered, List)
    assert [item.number for item in numbered.items] == [3, 5, 6]
    assert numbered.start == 3


def test_code_blocks_keep_every_line() -> None:
    """Fences within fences and within lists, indented code, languages, and a fence that never ends."""
    assert parse("````md\n```py\nx\n```\n````\n- a\n  ```c++ title\n    y\n\n  z\n").blocks == (
        CodeBlock(language="md", text="```py\nx\n```"),
        List(
            ordered=False, items=(_item(_paragraph(_text("a")), CodeBlock(language="c++", text="  y\n\nz")),)
        ),
    )
    assert parse("    a\n      b\n").blocks == (CodeBlock(language=None, text="a\n  b"),)


def test_tables_keep_every_cell() -> None:
    """A row that is too long keeps its cells, one that is too short stays short, and prose ends the table."""
    assert parse("|a|b\\|c|\n|:-|-:|\n|1|`2`|3|\n|4|\nend").blocks == (
        Table(
            header=((_text("a"),), (_text("b|c"),)),
            rows=(((_text("1"),), (Code(text="2"), _text(" | 3"))), ((_text("4"),),)),
            align=(Align.LEFT, Align.RIGHT),
        ),
        _paragraph(_text("end")),
    )


def test_a_miscounted_delimiter_row_still_makes_a_table() -> None:
    """Models miscount; the missing columns are added."""
    (table,) = parse("| a | b | c |\n|---|---|\n| 1 | 2 | 3 |").blocks
    assert isinstance(table, Table)
    assert len(table.header) == len(table.align) == len(table.rows[0]) == 3


def test_headings_quotes_and_rules_are_read() -> None:
    """Both heading forms, a nested quote and a thematic break."""
    assert parse("## a #\n\nb\n===\n> c\n> > d\n\n***").blocks == (
        Heading(level=2, children=(_text("a"),)),
        Heading(level=1, children=(_text("b"),)),
        Quote(blocks=(_paragraph(_text("c")), Quote(blocks=(_paragraph(_text("d")),)))),
        Rule(),
    )


def test_marks_never_nest_in_themselves() -> None:
    """Bold in bold is bold; so deep nesting makes no deep tree."""
    assert _inlines("**a __b__ c**") == (_bold("a b c"),)


def test_neighbours_of_one_kind_are_one_node() -> None:
    """What looks like one thing is one node, and marks around blanks are nothing."""
    assert _inlines("**`a`__`b`__**") == (Bold(children=(Code(text="ab"),)),)
    assert _inlines("**a**[]()**b**") == (_bold("ab"),)
    assert _inlines("a **&#160;** b") == (_text("a \xa0 b"),)


def test_links_and_images_without_text_or_address_lose_nothing() -> None:
    """A link without text shows its address, one without an address its text."""
    assert _inlines("[](http://x.y)") == (Link(url="http://x.y", children=(_text("http://x.y"),)),)
    assert _inlines("[a](<>)![b](<>)![](<>)") == (Link(url="", children=(_text("a"),)), _text("b"))
    assert flatten(parse("[a](<>)")).text == "a"


def test_containers_too_deep_become_text() -> None:
    """The library would drop what is nested too deep; here it is shown."""
    text = flatten(parse("> " * 40 + "deep **end**")).text
    assert text.endswith("deep end")
    assert text.count(">") >= 38


def test_the_border_replaces_what_no_platform_takes() -> None:
    """Surrogates and NUL become the replacement character, controls blanks, floods of the invisible a few."""
    assert clean("a\ud800\x00\x1b\r\nb\u2028c" + "\u200b" * 100) == "a\ufffd\ufffd \nb\nc" + "\u200b" * 8


@pytest.mark.parametrize("name", sorted(CORPUS))
def test_no_word_of_an_answer_is_lost(name: str) -> None:
    """Every run of letters in a realistic answer is found in its text, apart from names of code languages."""
    shown = flatten(parse(CORPUS[name])).text
    known = {
        "bash",
        "sh",
        "markdown",
        "python",
        "py",
        "js",
        "br",
        "amp",
        "lt",
        "gt",
        "copy",
        "x",
        "mailto",
        "Tom",
    }
    spans = flatten(parse(CORPUS[name])).spans
    urls = " ".join(span.url or "" for span in spans) + " ".join(span.language or "" for span in spans)
    words = {word for word in re.findall(r"[^\W_]+", CORPUS[name]) if word not in known}
    assert {word for word in words if word not in shown and word not in urls} <= {
        "https",
        "smith",
        "Smith",
        "2020",
    }


@given(markdown)
def test_no_input_raises(source: str) -> None:
    """Whatever a model writes, there is a document."""
    assert isinstance(parse(source), Document)


@given(markdown)
def test_the_short_cut_for_plain_text_changes_nothing(source: str) -> None:
    """Text without markup is parsed without the Markdown library, to the same tree."""
    source = clean(source)
    if _NOT_PLAIN.search(source) is None:
        assert parse_source(source, partial=False).blocks == _parse_marked(source, partial=False).blocks


@given(markdown)
def test_inline_trees_are_canonical(source: str) -> None:
    """Text is never empty and never stands beside text; plain reading agrees with the full one."""
    nodes = parse_inlines(source.replace("\n\n", "\n"), {})
    for first, second in pairwise(nodes):
        assert not (isinstance(first, Text) and isinstance(second, Text))
    assert all(node.text for node in nodes if isinstance(node, Text))
    assert plain_inlines("a \n b") == parse_inlines("a \n b", {})

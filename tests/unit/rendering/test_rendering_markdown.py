"""A document written as Markdown is read back as the same document."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from bot.rendering import (
    Bold,
    Code,
    CodeBlock,
    Collapsed,
    Document,
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
    Text,
    parse,
    to_markdown,
)
from tests.unit.rendering.corpus import CORPUS
from tests.unit.rendering.strategies import documents


def _markdown(*nodes: Inline) -> str:
    return to_markdown(Document(blocks=(Paragraph(children=nodes),)))


def _text(text: str) -> Text:
    return Text(text=text)


@pytest.mark.parametrize(
    "text",
    [
        "$5 and #tag, <b> *a* _b_ `c` [d](e) ~~f~~ a|b \\ & &amp; ![x]",
        "# no heading",
        "- no list",
        "+ no list",
        "1. no list",
        "> no quote",
        "=== no underline",
        "[a]: no definition",
        "[ ] no task",
        "| no | table |",
        "~~~ no fence",
        "snake_case_name",
    ],
)
def test_text_stays_text(text: str) -> None:
    """Whatever could be markup is escaped."""
    assert parse(_markdown(_text(text))) == Document(blocks=(Paragraph(children=(_text(text),)),))


def test_ordinary_text_is_hardly_escaped() -> None:
    """Prose is written as it is, apart from what must be."""
    prose = 'Hello, world! It is 5.5 - or (maybe) 6: 100% "sure" & more; a/b@c.de, isn\'t it?'
    assert _markdown(_text(prose)) == prose.replace("&", "\\&")


def test_marks_are_written_in_one_way() -> None:
    """Bold by asterisks, italic by underscores unless letters touch it."""
    assert _markdown(Bold(children=(_text("a "), Italic(children=(_text("b"),))))) == "**a _b_**"
    assert _markdown(_text("这是"), Italic(children=(_text("斜体"),)), _text("字")) == "这是*斜体*字"


def test_marks_that_could_not_close_get_their_neighbour_encoded() -> None:
    """CommonMark does not close ``**`` between a colon and a letter; a reference for the letter helps."""
    assert _markdown(Bold(children=(_text("注意："),)), _text("请看")) == "**注意：**&#35831;看"


@pytest.mark.parametrize(
    "nodes",
    [
        (Code(text="`"), _text(" "), Code(text="``a`b``"), _text(" "), Code(text=" x ")),
        (_text("a"), LineBreak(), _text("b"), LineBreak(), LineBreak(), _text("- c")),
        (Bold(children=(_text("a"), LineBreak())), _text("b")),
        (Math(text="a*b"), _text("c "), Math(text="5, 6"), Math(text="x")),
        (Math(text="\\$ = `"), _text("c")),
        (_text("a"), Math(text="b\\"), _text("c")),
        (Link(url="http://x.y/" + "(" * 40, children=(_text("a"),)),),
        (_text("!"), Link(url="http://x.y/(a", children=(_text("]["),))),
        (Link(url="http://x.y/?a=1&copy=2", children=(_text("http://x.y/?a=1&copy=2"),)),),
        (Image(alt="a]b*c", url="http://x.y", title='say "hi" & \\'), Code(text="\\]")),
        (
            _text("a"),
            Italic(children=(_text("b."),)),
            _text("c"),
            Bold(children=(Italic(children=(_text("d"),)),)),
        ),
    ],
)
def test_hard_inlines_come_back(nodes: tuple[Inline, ...]) -> None:
    """Delimiters beside each other, brackets, fences in code and formulas that dollars would not hold."""
    assert parse(_markdown(*nodes)) == Document(blocks=(Paragraph(children=nodes),))


def test_blocks_are_written_canonically() -> None:
    """Nested lists are indented by their marker, code gets a fence that its lines do not close."""
    source = "* a\n    * b\n\n\n10) c\n\n    ~~~py\n    ```\n    ~~~\n"
    assert to_markdown(parse(source)) == "- a\n  - b\n\n10. c\n\n    ````py\n    ```\n    ````"


def test_neighbouring_lists_stay_apart() -> None:
    """Only the marker tells two lists from one."""
    document = parse("- a\n\n* b\n\n- c\n\n1. d\n\n2) e")
    assert len(document.blocks) == 5
    assert parse(to_markdown(document)) == document


def test_empty_items_are_no_rule() -> None:
    """Three markers in a row would be a thematic break."""
    item = ListItem(blocks=())
    for _ in range(4):
        item = ListItem(blocks=(List(ordered=False, items=(item,)),))
    document = Document(blocks=item.blocks)
    assert parse(to_markdown(document)) == document


@pytest.mark.parametrize("text", ["a\n\nb", "a $$ b", ""])
def test_formulas_that_dollars_cannot_hold_get_a_fence(text: str) -> None:
    """Blank lines and dollars end a formula; a fence holds them."""
    document = Document(blocks=(MathBlock(text=text),))
    assert parse(to_markdown(document)) == document


def test_a_formula_that_nothing_delimits_is_shown_as_code() -> None:
    """The parser makes none such; one made by hand is not lost."""
    assert _markdown(Math(text="a \\) b")) == "`a \\) b`"


def test_collapsed_blocks_become_a_titled_quote() -> None:
    """Markdown cannot fold, so the title stands in bold above."""
    collapsed = Collapsed(title="Thinking", blocks=(CodeBlock(language=None, text="x"),))
    title = Paragraph(children=(Bold(children=(_text("Thinking"),)),))
    written = to_markdown(Document(blocks=(collapsed,)))
    assert written == "> **Thinking**\n>\n> ```\n> x\n> ```"
    assert parse(written) == Document(blocks=(Quote(blocks=(title, *collapsed.blocks)),))


@pytest.mark.parametrize("name", sorted(CORPUS))
def test_real_answers_come_back(name: str) -> None:
    """Each answer of the corpus survives the way to Markdown and back, and is then written the same."""
    document = parse(CORPUS[name])
    written = to_markdown(document)
    assert parse(written) == document
    assert to_markdown(parse(written)) == written


@settings(max_examples=150)
@given(documents)
def test_any_document_comes_back(document: Document) -> None:
    """Whatever was parsed can be written and parsed again without a change."""
    assert parse(to_markdown(document)) == document

"""Answers to be compared: side by side where there is room, else one after the other with nothing lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from adapters.slack.rendering import render as render_slack
from adapters.telegram.rendering import RichMarkdown
from adapters.telegram.rendering import render as render_telegram
from bot.delivery import View
from bot.ports import Fidelity
from bot.rendering import (
    Bold,
    CodeBlock,
    Column,
    Columns,
    Document,
    Heading,
    Paragraph,
    StreamingParser,
    Text,
    chunks,
    flatten,
    parse,
    to_markdown,
    utf16_length,
)

TWO = Columns(
    columns=(
        Column(title="① *A*", blocks=(Paragraph(children=(Bold(children=(Text(text="first"),)),)),)),
        Column(title="② B", blocks=(CodeBlock(language=None, text="second"),)),
    )
)


def test_where_there_is_no_room_they_stand_one_after_the_other() -> None:
    """Each under its title, which is never markup."""
    document = Document(blocks=(TWO,))
    assert flatten(document).text == "① *A*\nfirst\n\n② B\nsecond"
    assert to_markdown(document) == "## ① \\*A\\*\n\n**first**\n\n## ② B\n\n```\nsecond\n```"
    assert parse(to_markdown(document)).blocks == TWO.stacked


def test_every_platform_shows_them() -> None:
    """As text, formatted and rich."""
    document = Document(blocks=(TWO, Paragraph(children=(Text(text="end"),))))
    for fidelity in Fidelity:
        (telegram,) = render_telegram(document, fidelity=fidelity)
        (slack,) = render_slack(document, fidelity=fidelity)
        assert telegram.text == "① *A*\nfirst\n\n② B\nsecond\n\nend"
        assert "first" in slack.text
        assert "second" in slack.text
    (rich,) = render_telegram(document, fidelity=Fidelity.RICH)
    assert isinstance(rich.payload, RichMarkdown)


@given(texts=st.lists(st.text("ab \n`*#", max_size=300), min_size=2, max_size=4), limit=st.integers(256, 600))
def test_long_ones_are_cut_into_messages_with_nothing_lost(texts: list[str], limit: int) -> None:
    """The same words, in order, in pieces that fit."""
    columns = Columns(
        columns=tuple(
            Column(title=f"m{number}", blocks=parse(text).blocks) for number, text in enumerate(texts)
        )
    )
    stacked, whole = Document(blocks=columns.stacked), Document(blocks=(columns,))

    def measure(document: Document) -> int:
        return utf16_length(flatten(document).text)

    pieces = chunks(whole, measure=measure, limit=limit)
    assert pieces == chunks(stacked, measure=measure, limit=limit)
    assert all(measure(piece) <= limit for piece in pieces)


def test_a_view_of_several_answers_reads_each_alone() -> None:
    """What one leaves open is closed before the next; only the last one is still growing."""
    view = View(columns=(("① A", "```\nx"), ("② B", "**bo")), mark="Stopped.")
    live = view.document(parser=StreamingParser())
    final = view.document()
    for document in (live, final):
        columns, remark = document.blocks
        assert isinstance(columns, Columns)
        assert columns.columns[0].blocks == (CodeBlock(language=None, text="x"),)
        assert flatten(Document(blocks=(remark,))).text == "Stopped."
    assert flatten(live).text.endswith("② B\nbo\n\nStopped.")
    assert flatten(final).text.endswith("② B\n**bo\n\nStopped.")
    assert not view.empty


def test_a_heading_alone_can_be_seen() -> None:
    """A model that has not said anything yet has its place already."""
    document = View(columns=(("① A", ""),)).document(parser=StreamingParser())
    assert document.blocks == (Columns(columns=(Column(title="① A", blocks=()),)),)
    assert document.blocks[0].stacked == (Heading(level=2, children=(Text(text="① A"),)),)

"""Compared answers as HTML: one column each, all words kept, no markup but ours."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.web.html import clean, to_html
from bot.rendering import CodeBlock, Column, Columns, Document, Paragraph, Text
from tests.unit.web.test_html import BLOCKS, HOSTILE, Reader

COLUMNS = st.lists(
    st.builds(
        lambda title, blocks: Column(title=title, blocks=tuple(blocks)), HOSTILE, st.lists(BLOCKS, max_size=2)
    ),
    min_size=1,
    max_size=4,
).map(lambda columns: Columns(columns=tuple(columns)))


def test_each_answer_is_a_column_under_its_title() -> None:
    """Side by side in one grid."""
    document = Document(
        blocks=(
            Columns(
                columns=(
                    Column(title="① <b>", blocks=(Paragraph(children=(Text(text="first"),)),)),
                    Column(title="② B", blocks=()),
                )
            ),
        )
    )
    assert to_html(document) == (
        '<div class="columns">'
        '<div class="column"><h4 class="h2" dir="auto">① &lt;b&gt;</h4><p dir="auto">first</p></div>'
        '<div class="column"><h4 class="h2" dir="auto">② B</h4></div>'
        "</div>"
    )


def test_code_gets_its_colours_when_the_comparison_is_whole() -> None:
    """As in a single answer."""
    code = CodeBlock(language="python", text="def f(): pass")
    document = Document(blocks=(Columns(columns=(Column(title="A", blocks=(code,)),)),))
    assert "k" in Reader(to_html(document)).classes
    assert "k" not in Reader(to_html(document, growing=True)).classes


@settings(max_examples=100, deadline=None)
@given(columns=COLUMNS, growing=st.booleans())
def test_no_title_and_no_answer_is_markup(columns: Columns, growing: bool) -> None:
    """Whatever they hold, only our tags and attributes come out, and every title can be read."""
    reader = Reader(to_html(Document(blocks=(columns,)), growing=growing))
    for column in columns.columns:
        assert clean(column.title) in reader.text

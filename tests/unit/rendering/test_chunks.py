"""Chunks fit, lose nothing, and do not change once another follows."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.rendering import (
    CodeBlock,
    Document,
    Heading,
    Quote,
    Table,
    chunks,
    flatten,
    parse,
    to_markdown,
    utf16_length,
)
from tests.unit.rendering.corpus import CORPUS
from tests.unit.rendering.strategies import documents

LIMIT = 400


def measure(document: Document) -> int:
    """The larger of what is written and what is read."""
    return max(len(to_markdown(document).encode()), utf16_length(flatten(document).text))


def cut(text: str, limit: int = LIMIT) -> tuple[Document, ...]:
    """The chunks of some Markdown."""
    return chunks(parse(text), measure=measure, limit=limit)


def letters(*documents: Document) -> str:
    """What is said, without the signs that stand for structure and come again at every cut."""
    text = "".join(flatten(document).text for document in documents)
    return re.sub(r"[^\w]", "", text)


@given(document=documents, times=st.integers(1, 6))
def test_every_chunk_fits_and_no_letter_is_lost(document: Document, times: int) -> None:
    """Whatever is written, however often; what a cut repeats (a header, a title) comes on top."""
    whole = Document(blocks=document.blocks * times)
    pieces = chunks(whole, measure=measure, limit=LIMIT)
    assert pieces
    assert all(measure(piece) <= LIMIT for piece in pieces)
    if not any(isinstance(block, Table) for block in _deep(whole)):
        have, want = letters(*pieces), letters(whole)
        assert sorted(want) == sorted(have) or len(have) >= len(want)


def _deep(document: Document) -> list[object]:
    found: list[object] = []
    waiting: list[object] = list(document.blocks)
    while waiting:
        block = waiting.pop()
        found.append(block)
        waiting += list(getattr(block, "blocks", ())) + list(getattr(block, "items", ()))
    return found


@settings(max_examples=40)
@given(name=st.sampled_from(sorted(CORPUS)), at=st.floats(0.2, 1.0))
def test_a_chunk_with_a_follower_is_final(name: str, at: float) -> None:
    """While an answer grows line by line, only the last message changes."""
    lines = (CORPUS[name] * 3).split("\n")
    before = cut("\n".join(lines[: int(len(lines) * at)]))
    blocks = sum(len(piece.blocks) for piece in before[:-1])
    after = cut("\n".join(lines))
    if (
        blocks
        and parse("\n".join(lines)).blocks[:blocks]
        == parse("\n".join(lines[: int(len(lines) * at)])).blocks[:blocks]
    ):
        assert after[: len(before) - 1] == before[:-1]


def test_what_fits_is_one_chunk() -> None:
    """Nothing is moved without need; an empty document is one chunk too."""
    assert cut("# a\n\nb\n\n- c") == (parse("# a\n\nb\n\n- c"),)
    assert cut("") == (Document(),)


def test_blocks_are_kept_whole_and_a_heading_stays_with_its_text() -> None:
    """The chunk ends before the heading whose text does not fit any more."""
    pieces = cut(f"{'a ' * 140}\n\n# Title\n\n{'b ' * 100}")
    assert [len(piece.blocks) for piece in pieces] == [1, 2]
    assert isinstance(pieces[1].blocks[0], Heading)


def test_code_is_cut_at_a_line_end_and_stays_code() -> None:
    """Its language too, and the indentation."""
    lines = [f"    print({number})" for number in range(60)]
    pieces = cut("```py\n" + "\n".join(lines) + "\n```")
    blocks = [block for piece in pieces for block in piece.blocks]
    assert all(isinstance(block, CodeBlock) and block.language == "py" for block in blocks)
    assert "\n".join(block.text for block in blocks if isinstance(block, CodeBlock)).split("\n") == lines


def test_a_table_repeats_its_header() -> None:
    """Every row is there once."""
    rows = [f"| {number} | {'x' * 20} |" for number in range(40)]
    pieces = cut("| n | what |\n| - | - |\n" + "\n".join(rows))
    tables = [block for piece in pieces for block in piece.blocks if isinstance(block, Table)]
    assert len(tables) > 2
    assert len({table.header for table in tables}) == 1
    assert sum(len(table.rows) for table in tables) == 40


def test_a_quote_goes_on_as_a_quote_and_a_list_counts_on() -> None:
    """The reader of the second message knows where they are."""
    quoted = [block for piece in cut("> " + "said " * 200) for block in piece.blocks]
    assert len(quoted) > 1
    assert all(isinstance(block, Quote) for block in quoted)
    numbered = cut("\n".join(f"{number}. item {'x' * 30}" for number in range(1, 41)))
    assert to_markdown(numbered[1]).startswith(f"{len(numbered[0].blocks[0].items) + 1}.")  # type: ignore[union-attr]


def test_a_sentence_is_not_cut_where_a_word_begins() -> None:
    """Running text is cut after a sentence, marks and links going on."""
    first, *_ = cut("**" + " ".join(["One more sentence here."] * 40) + "**")
    assert to_markdown(first).endswith("here.**")


def test_what_cannot_be_cut_is_told_as_text() -> None:
    """A picture in the text itself, an address longer than a message, a row wider than one."""
    for text in (
        f"![a](data:image/png;base64,{'A' * 3000})",
        f"[a link](https://example.org/{'b' * 2000})",
        "$" + "x+" * 600 + "y$",
        "| a | b |\n| - | - |\n| " + "word " * 200 + " | short |",
        "> " * 60 + "deep " * 300,
        "- " * 30 + "deep " * 300,
    ):
        pieces = cut(text)
        assert all(0 < measure(piece) <= LIMIT for piece in pieces), text[:20]


def test_the_number_of_blocks_is_bounded_too() -> None:
    """A message holds so many blocks only."""
    pieces = chunks(parse("\n\n".join("abcdefghij")), measure=measure, limit=LIMIT, max_blocks=4)
    assert [len(piece.blocks) for piece in pieces] == [4, 4, 2]


@pytest.mark.parametrize("arguments", [{"limit": 255}, {"limit": 400, "max_blocks": 0}])
def test_a_limit_that_holds_nothing_is_refused(arguments: dict[str, int]) -> None:
    """It would never end."""
    with pytest.raises(ValueError, match="must be at least"):
        chunks(Document(), measure=measure, **arguments)


def test_a_row_wider_than_a_message_is_told_cell_by_cell() -> None:
    """Each under its column's name, with all of its words."""
    pieces = cut("| a | b |\n| - | - |\n| " + "word " * 200 + " | short |")
    text = " ".join(flatten(piece).text for piece in pieces)
    assert text.count("word") == 200
    assert "b: short" in text

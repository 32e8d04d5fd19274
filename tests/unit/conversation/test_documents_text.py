"""Documents are cut into pieces that fit and lose nothing, and searched by words of any script."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.conversation.history import estimate_tokens
from bot.conversation.reading.search import find_passages, pages_named
from bot.conversation.reading.text import framed, in_pieces, plain_name, split_text
from bot.storage.documents import StoredDocument

WORDS = st.text(st.sampled_from("ab .\n,。，字é😀"), max_size=400)
PAGES = [(f"page {number}", f"This is page number {number}.") for number in range(1, 8)]


@given(text=WORDS, most=st.integers(1, 60))
def test_a_split_text_loses_nothing_and_every_piece_fits(text: str, most: int) -> None:
    """Wherever it is split; a single character always fits."""
    pieces = split_text(text, most_tokens=most)
    assert "".join(pieces) == text
    assert all(estimate_tokens(piece) <= most or len(piece) == 1 for piece in pieces)


@settings(max_examples=60)
@given(texts=st.lists(WORDS, max_size=6), most=st.integers(60, 200))
def test_parts_are_packed_into_pieces_that_fit(texts: list[str], most: int) -> None:
    """Every part says its label, and nothing is lost."""
    parts = [(f"page {number}" if number % 2 else "", text) for number, text in enumerate(texts)]
    pieces = in_pieces(parts, most_tokens=most)
    assert all(estimate_tokens(piece) <= most for piece in pieces)
    joined = "".join(pieces)
    for label, text in parts:
        assert label in joined
        assert all(joined.count(character) >= text.count(character) for character in set(text))


@given(name=st.text(max_size=300))
def test_a_name_stays_in_its_place(name: str) -> None:
    """On one line, short, with nothing that ends a quotation or a bracket."""
    plain = plain_name(name)
    assert 0 < len(plain) <= 81
    assert not set(plain) & set('\n\r"[]\x00')


@given(text=st.text(max_size=200))
def test_a_frame_ends_with_a_mark_that_the_text_cannot_know(text: str) -> None:
    """The same text has the same mark, so that providers' caches know the prompt again."""
    document = StoredDocument(unique_id="1", name="a", kind="text", pages=0, cut=False, parts=(("", text),))
    given_text = framed(document, text)
    mark = given_text.partition("up to the mark ")[2][:8]
    assert given_text.endswith(f"\n[End of the document, {mark}]")
    assert mark not in text
    assert framed(document, text) == given_text


def test_passages_are_found_by_words() -> None:
    """Rare ones count for more; passages come in the order of the document."""
    parts = [("page 1", "The rent is due."), ("page 2", "The cat."), ("page 3", "The rent of the deposit.")]
    assert find_passages(parts, "the RENT?", most_tokens=500) == [parts[0], parts[1], parts[2]]
    assert find_passages(parts, "rent", most_tokens=500) == [parts[0], parts[2]]
    assert find_passages(parts, "deposit rent", most_tokens=14) == [parts[2]]
    assert find_passages(parts, "zebra", most_tokens=500) == []


def test_passages_are_found_in_scripts_without_spaces() -> None:
    """By every two neighbouring characters."""
    parts = [("", "会议安排在周五下午。"), ("", "预算是三万元。")]
    assert find_passages(parts, "预算多少", most_tokens=500) == [parts[1]]


def test_pages_are_named_by_number_range_and_label() -> None:
    """Where parts have no pages, by their place."""
    assert pages_named(PAGES, "3") == [PAGES[2]]
    assert pages_named(PAGES, "pages 2-4") == PAGES[1:4]
    assert pages_named(PAGES, "2, 6") == [PAGES[1], PAGES[5]]
    assert pages_named(PAGES, "第5页") == [PAGES[4]]
    assert pages_named(PAGES, "99") == []
    assert pages_named([("Rent", "a"), ("Details", "b")], "detail") == [("Details", "b")]
    assert pages_named([("Rent", "a"), ("Details", "b")], "1") == [("Rent", "a")]

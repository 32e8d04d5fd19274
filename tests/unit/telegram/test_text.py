"""Text is read as it was typed, with links and code marked, and without what nobody sees."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aiogram.types import MessageEntity
from hypothesis import given
from hypothesis import strategies as st

from adapters.telegram.client import load_json
from adapters.telegram.text import clean, code_points, marked_up, utf16_length
from adapters.telegram.updates import read_update
from bot.messages import Incoming

from .support import ME, entity, read, text_of, update

texts = st.text(st.characters(), max_size=40)


@pytest.mark.parametrize(
    ("text", "entities", "wanted"),
    [
        ("see here", [entity("text_link", 4, 4, url="https://x.y/z")], "see here (https://x.y/z)"),
        ("https://x.y", [entity("text_link", 0, 11, url="https://x.y/")], "https://x.y"),
        ("run ls now", [entity("code", 4, 2)], "run `ls` now"),
        ("a`b", [entity("code", 0, 3)], "``a`b``"),
        ("x = 1", [entity("pre", 0, 5, language="python")], "```python\nx = 1\n```"),
        ("so x = 1 is", [entity("pre", 3, 5)], "so \n```\nx = 1\n```\n is"),
        ("😀 ls", [entity("code", 3, 2)], "😀 `ls`"),
        ("bold", [entity("bold", 0, 4)], "bold"),
        ("ab", [entity("code", 0, 1), entity("code", 1, 1)], "`a``b`"),
        ("ab", [entity("code", 5, 9), entity("code", -4, 2)], "ab"),
    ],
)
def test_links_and_code_are_marked_for_the_model(
    text: str, entities: list[dict[str, Any]], wanted: str
) -> None:
    """Link targets and code would be lost otherwise; offsets count UTF-16 units and may be nonsense."""
    assert text_of(read(text=text, entities=entities)) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("  hi\n", "hi"),
        ("a\u200bb\ufeff", "ab"),
        ("👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧"),
        ("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", None),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("a" + "\u200d" * 5000 + "b", "a\u200db"),
        ("\u200b\u200d\u2060" * 900, ""),
        ("\u202e\u202e\u202ereversed", "\u202ereversed"),
        ("nul\x00\x1b[31m", "nul[31m"),
        ("half \ud83d pair", "half \ufffd pair"),
        ("line\r\nline\ttab", "line\nline\ttab"),
        ("z\u0301", "z\u0301"),
    ],
)
def test_invisible_floods_go_and_spelling_stays(text: str, wanted: str | None) -> None:
    """Zero-width floods vanish; joiners that spell emoji and words stay."""
    assert clean(text) == (text if wanted is None else wanted)


@given(texts)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    """A cleaned text is clean, and can be stored: it is valid UTF-8."""
    once = clean(text)
    assert clean(once) == once
    once.encode()


@given(texts, st.integers(-5, 200))
def test_an_offset_falls_on_a_character(text: str, offset: int) -> None:
    """Any UTF-16 offset leads to an index in the text, and proper ones to the right one."""
    index = code_points(text, offset)
    assert 0 <= index <= len(text)
    if 0 <= offset <= utf16_length(text):
        assert utf16_length(text[:index]) in (offset, offset - 1)


marks = st.builds(
    MessageEntity,
    type=st.sampled_from(["code", "pre", "text_link", "bold", "unheard_of"]),
    offset=st.integers(-3, 60),
    length=st.integers(-3, 60),
    url=st.none() | st.just("https://x.y"),
)


@given(texts, st.lists(marks, max_size=6))
def test_marking_up_loses_no_character(text: str, entities: list[MessageEntity]) -> None:
    """Whatever the entities say, the typed characters are all there, in order."""
    written = iter(marked_up(text, entities))
    assert all(char in written for char in text)


leaves = st.none() | st.booleans() | st.integers(-9, 9) | st.text(st.characters(codec="utf-8"), max_size=9)


@given(st.recursive(leaves, st.lists, max_leaves=8))
def test_json_is_read_as_any_parser_reads_it(value: Any) -> None:
    """The fast parser and its lenient stand-in agree."""
    assert load_json(json.dumps(value)) == value


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (b'{"a": "\\ud83d"}', {"a": "?"}),
        (b"<html>", None),
        (b"", None),
        (b"\xff\xfe", None),
        (b"[" * 100_000, None),
        (b'{"a": "\\ud83d\\ude00"}', {"a": "😀"}),
    ],
)
def test_hostile_json_is_read_or_refused(body: bytes, wanted: Any) -> None:
    """Half a surrogate pair spoils a character, not the whole answer; what is no JSON is None."""
    assert load_json(body) == wanted


def test_half_a_surrogate_pair_does_not_spoil_an_update() -> None:
    """An update that the fast parser refuses is read all the same."""
    raw = json.dumps(update(text="a\ud83d"))
    event = read_update(load_json(raw), ME)
    assert isinstance(event, Incoming)
    assert event.text == "a?"

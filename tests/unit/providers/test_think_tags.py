"""Thinking inside the text is told from the answer."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.providers.think_tags import Kind, ThinkTags


def _split(text: str, cuts: list[int]) -> tuple[str, str]:
    tags = ThinkTags()
    pieces = []
    start = 0
    for cut in [*sorted(cuts), len(text)]:
        pieces += tags.split(text[start:cut])
        start = max(start, cut)
    pieces += tags.flush()
    thinking = "".join(piece for kind, piece in pieces if kind is Kind.THINKING)
    return thinking, "".join(piece for kind, piece in pieces if kind is Kind.TEXT)


@given(
    thought=st.text(alphabet="ab<>/think ", max_size=20).filter(lambda t: "</think>" not in t),
    answer=st.text(alphabet="ab<>/think", max_size=20),
    data=st.data(),
)
def test_the_split_does_not_depend_on_the_cuts(thought: str, answer: str, data: st.DataObject) -> None:
    """Tags cut anywhere are still tags."""
    text = f"\n<think>{thought}</think>\n\n{answer}"
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=8))
    assert _split(text, cuts) == (thought, answer)


@given(text=st.text(alphabet="ab<>/think \n", max_size=30), data=st.data())
def test_nothing_is_lost_without_an_opening_tag(text: str, data: st.DataObject) -> None:
    """Text that does not begin with the tag is text, to the last character."""
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=8))
    if not text.lstrip().startswith("<think>"):
        assert _split(text, cuts) == ("", text)


def test_a_tag_in_the_middle_is_text() -> None:
    """An answer may talk about the tag."""
    assert _split("Use <think> here</think>", []) == ("", "Use <think> here</think>")


def test_thinking_that_never_ends_is_thinking() -> None:
    """Without the closing tag there is no answer."""
    assert _split("<think>hm, </thi", [9]) == ("hm, </thi", "")

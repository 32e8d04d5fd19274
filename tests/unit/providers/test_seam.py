"""The rest of an answer joins what is shown: nothing twice, nothing lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.providers.seam import Seam, SeamKind

TEXTS = [
    "The quick brown fox jumps over the lazy dog. Then it rests beneath a tall oak, dreaming of geese.",
    (
        "Here is a list:\n\n- apples from Kent\n- pears, both kinds\n- plums\n\nAnd the code:\n\n"
        "```python\ndef add(left, right):\n    return left + right\n```\nThat is all there is to it."
    ),
    "春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少？这首诗写的是春天早晨的景色。",
    "Émile a mangé 3,50 € de crêpes 🥞 à l'hôtel — naïve façade, déjà vu!",
    "| name | price |\n| --- | --- |\n| tea | 2.50 |\n| milk | 1.20 |\n\nPrices include tax.",
]
_TEXT = st.sampled_from(TEXTS)


def _join(shown: str, rest: str, kind: SeamKind, sizes: list[int] | None = None, **more: bool) -> str:
    """What the person has in the end, when ``rest`` comes in pieces of these sizes."""
    seam = Seam(shown, kind, **more)
    given_text = shown
    start = 0
    for size in [*(sizes or []), len(rest)]:
        given_text += seam.feed(rest[start : start + size])
        start += size
    return given_text + seam.flush()


@given(text=_TEXT, data=st.data(), kind=st.sampled_from(SeamKind))
def test_an_exact_continuation_passes_unchanged(text: str, data: st.DataObject, kind: SeamKind) -> None:
    """Cut anywhere, also inside a word or between spaces, the whole is the text."""
    cut = data.draw(st.integers(1, len(text)))
    sizes = data.draw(st.lists(st.integers(1, 9), max_size=20))
    assert _join(text[:cut], text[cut:], kind, sizes) == text


@given(text=_TEXT, data=st.data(), kind=st.sampled_from([SeamKind.PREFIX, SeamKind.ASKED]))
def test_a_repeated_beginning_is_dropped(text: str, data: st.DataObject, kind: SeamKind) -> None:
    """A model that writes the whole answer again gives only what is new."""
    cut = data.draw(st.integers(5, len(text)))
    sizes = data.draw(st.lists(st.integers(1, 9), max_size=20))
    assert _join(text[:cut], text, kind, sizes) == text


@given(text=st.sampled_from(TEXTS[:2]), data=st.data())
def test_repeated_last_words_are_dropped(text: str, data: st.DataObject) -> None:
    """A model that was asked to go on begins with some of the last words."""
    cut = data.draw(st.integers(30, len(text) - 1))
    words_from = data.draw(
        st.integers(0, cut - 8).filter(lambda at: text[at - 1 : at + 1].strip(" ")[:1] == "")
    )
    while words_from and text[words_from - 1].isalnum():
        words_from -= 1
    sizes = data.draw(st.lists(st.integers(1, 9), max_size=20))
    assert _join(text[:cut], text[words_from:], SeamKind.ASKED, sizes) == text


def test_repeated_characters_are_dropped_in_chinese() -> None:
    """Where there are no spaces, any character may begin the overlap."""
    text = TEXTS[2]
    for cut in range(8, len(text)):
        assert _join(text[:cut], text[cut - 6 :], SeamKind.ASKED) == text


@pytest.mark.parametrize(
    ("shown", "rest", "whole"),
    [
        ("the quick brown ", "quick brown fox", "the quick brown fox"),
        ("the quick brown", "quick brown fox", "the quick brown fox"),
        ("the quick brown\n\n", "\n\nquick brown\n\nA fox", "the quick brown\n\nA fox"),
        ("the quick brown\n", " quick   brown fox", "the quick brown\nfox"),
        ("the quick brown", "\nthe quick brown fox", "the quick brown fox"),
    ],
)
def test_white_space_does_not_hide_an_overlap(shown: str, rest: str, whole: str) -> None:
    """Models drop and add blanks; the shown ones stay."""
    assert _join(shown, rest, SeamKind.ASKED) == whole


@pytest.mark.parametrize(
    ("shown", "rest"),
    [
        ("That was ha", "ha, funny"),
        ("I like cous", "cous and tea"),
        ("It is very, ", "very good"),
        ("| --- | --- |", " --- | --- |"),
        ("A Title\n==========", "==========\n"),
        ("a hel", "lo world"),
    ],
)
def test_small_chances_are_not_taken_for_overlaps(shown: str, rest: str) -> None:
    """Doubled syllables and rulers are what they are."""
    assert _join(shown, rest, SeamKind.ASKED) == shown + rest


def test_with_a_known_prefix_nothing_is_held_back() -> None:
    """A model that never repeats its prefix is trusted."""
    seam = Seam("ha ha ha", SeamKind.EXACT)
    assert seam.is_open
    assert seam.feed("ha ha ha") == "ha ha ha"


def test_text_flows_as_soon_as_it_leaves_what_is_shown() -> None:
    """Holding back ends with the first words that are new."""
    seam = Seam("The quick brown fox jumps over the lazy dog", SeamKind.ASKED)
    assert seam.feed("lazy") == ""
    assert seam.feed(" dog and") == " and"
    assert seam.is_open


def test_holding_back_is_bounded() -> None:
    """A refrain that is not a repetition comes out at last, whole."""
    line = "".join(f"{number} bottles, " for number in range(400))
    shown = line + "THE END. "
    seam = Seam(shown, SeamKind.ASKED)
    rest = line[200:2000]
    out = "".join(seam.feed(rest[at : at + 7]) for at in range(0, len(rest), 7))
    assert seam.is_open
    assert out == rest


def test_another_beginning_is_noticed() -> None:
    """A model that begins its answer anew and then goes elsewhere is not pasted on."""
    shown = TEXTS[0][:90]
    seam = Seam(shown, SeamKind.ASKED)
    seam.feed(TEXTS[0][:80] + " but this time it stays awake")
    assert seam.restarted


def test_another_beginning_is_taken_when_it_has_to_be() -> None:
    """The second time it may be a refrain: nothing is lost then."""
    rest = TEXTS[0][:80] + " but this time it stays awake"
    shown = TEXTS[0][:90]
    assert _join(shown, rest, SeamKind.ASKED, forbid_restart=False) == shown + rest


@pytest.mark.parametrize("repeats", [True, False])
def test_it_is_learned_whether_a_prefix_is_repeated(repeats: bool) -> None:
    """A long prefix leaves no doubt."""
    shown = TEXTS[0][:50]
    seam = Seam(shown, SeamKind.PREFIX)
    seam.feed(TEXTS[0] if repeats else TEXTS[0][50:])
    assert seam.repeated is repeats


def test_a_short_prefix_teaches_nothing() -> None:
    """It may be chance."""
    seam = Seam("Hello", SeamKind.PREFIX)
    seam.feed("Hello again, and more")
    assert seam.repeated is None


def test_a_rest_that_says_nothing_new_adds_nothing() -> None:
    """The answer was complete already."""
    assert _join(TEXTS[0], "beneath a tall oak, dreaming of geese.", SeamKind.ASKED) == TEXTS[0]
    assert _join(TEXTS[0], "", SeamKind.ASKED) == TEXTS[0]

"""Written answers become sentences to be heard, and are cut where people pause."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.speaking.pieces import shortened, speech_pieces
from bot.conversation.speaking.speakable import speakable_text, spoken_language
from tests.unit.rendering.strategies import markdown


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("# Plan\n\nWe **start** *now*", "Plan.\nWe start now."),
        ("Soft\nline", "Soft line."),
        ("第一行\n第二行", "第一行第二行。"),
        ("1. Milk\n2. Bread", "1: Milk.\n2: Bread."),
        ("1. 牛奶\n2. 面包", "1、牛奶。\n2、面包。"),
        ("- [x] Shopping\n- [ ] Cooking", "done: Shopping.\nCooking."),
        ("> Quoted words", "Quoted words."),
        ("Run `pip install my_tool` first", "Run pip install my tool first."),
        ("Try `!@#$%^`", "Try the code in the message."),
        ("See [the page](https://example.com/a/b?c=d).", "See the page."),
        ("See https://www.example.com/a/b?c=d, then go.", "See example.com, then go."),
        ("看 https://example.com/路径。好", "看 example.com。好。"),
        ("Great 🎉👍🏽 work 🇫🇷!", "Great work!"),
        ("It has 20 °C, ™ and №5 👨‍👩‍👧", "It has 20 °C, ™ and №5."),
        ("Home → Work", "Home, Work."),
        ("It is ~~four~~ five", "It is five."),
        ("$x = 5$ and $\\frac{a}{b}$", "x = 5 and the formula in the message."),
        ("![A red cat](https://example.com/c.png)", "A red cat."),
        ("🎉\n\n---", ""),
        ("```\n```", "The code is in the message."),
        ("$$\n.\n$$", "The formula is in the message."),
        ("**Step 1:** go\n**Step 2:** stop", "Step 1: go, Step 2: stop."),
        ("Milk\nEggs and\nbutter\n2 loaves", "Milk, Eggs and butter, 2 loaves."),
        ("H<sub>2</sub>O<br>is <b>water</b>, 1 < 2 > 0", "H2O is water, 1 < 2 > 0."),
        ("<details><summary>More</summary>\n\nHidden\n\n</details>", "More.\nHidden."),
        ("Bees fly[^1]【3†source】.\n\n[^1]: A note.", "Bees fly.\nA note."),
        ("an\u200b in\u00advisible\u202e mark", "an invisible mark."),
    ],
)
def test_what_is_written_and_what_is_said(written: str, said: str) -> None:
    """Marks are not heard, and every line ends where a voice falls."""
    assert speakable_text(written) == said


def test_what_cannot_be_heard_is_said_to_be_in_the_message_once() -> None:
    """Code and tables are not read, whatever their number; nor is anything said twice."""
    table = "| a | b |\n|---|---|\n| 1 | 2 |"
    answer = f"First:\n\n```py\nx = 1\n```\n\n{table}\n\n```\ny\n```\n\n{table}\n\nThat is all."
    assert speakable_text(answer).splitlines() == [
        "First:",
        "The code is in the message.",
        "The table is in the message.",
        "That is all.",
    ]


def test_our_own_words_are_in_the_answers_language() -> None:
    """By its script, not by the reader's settings."""
    assert speakable_text("代码如下：\n\n```\nx\n```") == "代码如下：\n代码请看消息。"
    assert spoken_language("用 Python 写一个 print 函数就可以了") == "zh"
    assert spoken_language("The word 你好 means hello") == "en"
    assert spoken_language("用 `sorted`：\n\n```python\nprint(sorted([3, 1, 2]))\n```\n就行。") == "zh"
    assert spoken_language("见 https://example.com/docs/sorting 里的说明。") == "zh"
    assert spoken_language("```python\nprint(1)\n```") == "en"
    assert spoken_language("これは日本語です") == "en"


@given(markdown)
def test_no_answer_is_too_odd_to_be_read(text: str) -> None:
    """Whatever a model writes becomes lines with something to be heard in each."""
    for line in speakable_text(text).splitlines():
        assert any(character.isalnum() for character in line)
        assert line == line.strip()


@given(st.text(), st.integers(1, 60), st.integers(1, 200))
def test_pieces_say_the_same_and_fit(text: str, first: int, longest: int) -> None:
    """Nothing is lost or added but space; none is empty or too long, the first one least of all."""
    pieces = speech_pieces(text, first=first, longest=longest)
    assert "".join("".join(pieces).split()) == "".join(text.split())
    assert all(piece.strip() == piece and 0 < len(piece) <= longest for piece in pieces)
    assert not pieces or len(pieces[0]) <= first


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("One is here. Two is here.", ("One is here.", "Two is here.")),
        ("一在这里。二在这里！三在这里？", ("一在这里。二在这里！", "三在这里？")),
        ("He said “Go!” Then he left.", ("He said “Go!”", "Then he left.")),
        ("Fruit, e.g. apples", ("Fruit, e.g. apples",)),
        ("A comma here, and so on it goes", ("A comma here,", "and so on it goes")),
    ],
)
def test_a_piece_ends_where_a_sentence_does(text: str, pieces: tuple[str, ...]) -> None:
    """At full stops of any script, not at abbreviations; a long sentence at its comma."""
    length = max(len(piece) for piece in pieces)
    assert speech_pieces(text, first=length, longest=length) == pieces


@given(st.text(min_size=1), st.integers(8, 300))
def test_a_shortened_text_is_a_beginning_that_fits(text: str, most: int) -> None:
    """In bytes, which are what is paid for."""
    kept, whole = shortened(text, most_bytes=most)
    assert whole == (len(text.encode()) <= most)
    assert len(kept.encode()) <= most
    assert "".join(text.split()).startswith("".join(kept.split()))

"""Who calls the bot by its name is heard; who speaks about something else that sounds like it is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.groups.calling import calls_by_name

NAMES = ("Parley", "派利")
WORD = st.text(alphabet="abcdefghijkmnoqstuvwxyz0123456789_", min_size=1, max_size=12)
TALK = st.lists(WORD, min_size=1, max_size=8).map(" ".join)


@pytest.mark.parametrize(
    "text",
    [
        "Parley, what is the time?",
        "parley what is the time",
        "What do you think, PARLEY?",
        "What do you think Parley",
        "ＰＡＲＬＥＹ，几点了？",
        "👋 Parley!",
        "**Parley**: sum this up",
        "“Parley”, sum this up",
        "Parley你觉得呢",
        "派利，几点了？",
        "派利几点了",
        "你觉得呢，派利？",
        "谢谢派利",
        "几点了 Parley。",
        "Parley",
    ],
)
def test_the_name_at_the_beginning_or_the_end_calls(text: str) -> None:
    """In whatever case and width, with or without punctuation; Chinese needs no space around it."""
    assert calls_by_name(text, NAMES)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I told Parley about it yesterday",
        "parleying is fun",
        "Let us go parleying",
        "Parley's idea was better",
        "see docs.parley",
        "thanks @parley",
        "@parley come here",
        "/parley help",
        "write to me@parley",
        "non-Parley",
        "昨天派利说过了",
    ],
)
def test_other_words_do_not(text: str) -> None:
    """The name inside a sentence, in another word, in a handle, an address or a command."""
    assert not calls_by_name(text, NAMES)


def test_a_name_of_one_chinese_character_stands_apart() -> None:
    """Else every word that begins with it would call."""
    assert calls_by_name("派，几点了", ("派",))
    assert not calls_by_name("派出所在哪", ("派",))


def test_a_name_may_hold_spaces_and_signs() -> None:
    """Whatever the platform calls the bot is taken as it is."""
    assert calls_by_name("Dr.  Parley (bot): hello", ("Dr. Parley (bot)",))
    assert not calls_by_name("DrX Parley (bot): hello", ("Dr. Parley (bot)",))
    assert not calls_by_name("anything", ("", " "))


@given(talk=TALK, sign=st.sampled_from([",", ":", "!", "?", "，", "？", "…", " -", ""]))
def test_any_talk_can_be_addressed_to_it(talk: str, sign: str) -> None:
    """Before or behind whatever is said."""
    assert calls_by_name(f"Parley{sign} {talk}", NAMES)
    assert calls_by_name(f"{talk}, Parley{sign}", NAMES)


@given(talk=st.text(alphabet=st.characters(exclude_characters="派"), max_size=80))
def test_no_talk_without_the_name_calls(talk: str) -> None:
    """And no text whatever makes the matching fail."""
    assert not calls_by_name(talk.casefold().replace("p", "").replace("P", ""), ("Parley", "派利"))


@given(before=WORD, behind=WORD)
def test_the_name_inside_a_longer_word_does_not_call(before: str, behind: str) -> None:
    """A word is a word."""
    assert not calls_by_name(f"{before}parley is here", NAMES)
    assert not calls_by_name(f"here is parley{behind}", NAMES)

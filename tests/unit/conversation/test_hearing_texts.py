"""Transcripts as text: parts and subtitles lose no word, times read as on a player, names are heard."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.hearing.gist import in_parts
from bot.conversation.hearing.names import speaks_to
from bot.conversation.hearing.transcript_files import as_srt
from bot.conversation.hearing.transcript_view import Look, clock_time
from bot.conversation.history import estimate_tokens
from bot.storage.transcripts import Passage, Transcript

TEXTS = st.text(alphabet=st.sampled_from("ab .!?。！你好\nä…,"), max_size=400)
PASSAGES = st.lists(TEXTS, min_size=1, max_size=4)


def transcript(*texts: str) -> Transcript:
    """A recording with a minute for each text."""
    passages = tuple(
        Passage(number=number, start_seconds=number * 60.0, seconds=60.0, text=text)
        for number, text in enumerate(texts)
    )
    return Transcript(id=1, model="m", seconds=60.0 * len(texts), passages=passages, complete=True)


def squeezed(text: str) -> str:
    """Without spaces, at which alone text may be cut."""
    return "".join(text.split())


@given(TEXTS, st.integers(min_value=8, max_value=60))
def test_parts_hold_every_word_and_fit(text: str, most: int) -> None:
    """In their order."""
    parts = in_parts(text, most_tokens=most)
    assert squeezed("".join(parts)) == squeezed(text)
    assert all(estimate_tokens(part) <= most for part in parts)


@given(PASSAGES)
def test_subtitles_hold_every_word_at_times_that_only_go_forward(texts: list[str]) -> None:
    """However long the sentences are."""
    blocks = as_srt(transcript(*texts), name="x").data.decode().strip().split("\n\n")
    said, last = "", ""
    for number, block in enumerate(filter(None, blocks), start=1):
        index, times, line = block.split("\n", 2)
        start, end = times.split(" --> ")
        assert index == str(number)
        assert re.fullmatch(r"\d\d:\d\d:\d\d,\d{3}", start)
        assert last <= start <= end
        last, said = end, said + line
    assert squeezed(said) == squeezed("".join(texts))


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00"), (7.4, "0:07"), (59.6, "1:00"), (723, "12:03"), (3753, "1:02:33")]
)
def test_times_read_as_on_a_player(seconds: float, shown: str) -> None:
    """Hours only where there are some."""
    assert clock_time(seconds) == shown


@given(PASSAGES)
def test_what_was_said_never_becomes_markup(texts: list[str]) -> None:
    """Whatever signs a model writes."""
    look = Look(speaker="*Ann*", language="en")
    marked = look.whole(transcript(*(f"**{text}** `code` [link](https://x.example)" for text in texts)))
    kinds = str(marked.document())
    assert "Link(" not in kinds
    assert kinds.count("Bold(") <= 1


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("Parley, is it open?", True),
        ("Hey Parlay, is it open?", True),
        ("Is it open, Barley?", True),
        ("hey parley", True),
        ("I told Parley yesterday that it is open, you know.", False),
        ("The party is over.", False),
        ("派利几点了", True),
        ("", False),
    ],
)
def test_a_name_is_heard_at_the_beginning_and_the_end(text: str, called: bool) -> None:
    """Also as a model that hears writes it."""
    assert speaks_to(text, ("Parley", "派利")) is called

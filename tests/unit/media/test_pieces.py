"""Recordings are cut in silence, nothing that is said gets lost, and no piece is too long."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.media import PieceLimits
from bot.media.pieces import FRAME_SECONDS, Cut, Cutter
from bot.media.voice_activity import FRAME_SAMPLES

_LIMITS = PieceLimits(shortest_seconds=6, longest_seconds=12, pause_seconds=0.4, gap_seconds=3)
_LEAST_RUN = 4

# Stretches of speech and silence by turns, in frames.
_stretches = st.lists(st.integers(min_value=1, max_value=160), max_size=24)


def _frame(number: int) -> bytes:
    """A frame that says which one it is."""
    return np.full(FRAME_SAMPLES, number, dtype="<i2").tobytes()


def _flags(stretches: list[int]) -> list[bool]:
    return [index % 2 == 0 for index, length in enumerate(stretches) for _ in range(length)]


def _cut(flags: list[bool], limits: PieceLimits = _LIMITS) -> list[Cut]:
    cutter = Cutter(limits)
    cuts = [cut for number, flag in enumerate(flags) for cut in cutter.feed(_frame(number), is_speech=flag)]
    return cuts + cutter.finish()


def _numbers(cut: Cut) -> list[int]:
    return [int(number) for number in np.frombuffer(cut.samples, dtype="<i2")[::FRAME_SAMPLES]]


def _surely_speech(flags: list[bool]) -> set[int]:
    """The frames of every stretch that is long enough to be a word."""
    sure: set[int] = set()
    start = 0
    for end in range(1, len(flags) + 1):
        if end == len(flags) or flags[end] != flags[start]:
            if flags[start] and end - start >= _LEAST_RUN:
                sure.update(range(start, end))
            start = end
    return sure


@settings(deadline=None)
@given(_stretches)
def test_every_word_is_in_one_piece_and_pieces_follow_each_other(stretches: list[int]) -> None:
    """Pieces are stretches of the recording in order, none twice, and hold all the speech."""
    flags = _flags(stretches)
    numbers = [_numbers(cut) for cut in _cut(flags)]

    kept = [number for piece in numbers for number in piece]
    assert kept == sorted(set(kept))
    assert all(piece == list(range(piece[0], piece[-1] + 1)) for piece in numbers)
    assert _surely_speech(flags) <= set(kept)


@settings(deadline=None)
@given(_stretches)
def test_pieces_know_where_they_stand_and_stay_within_their_limit(stretches: list[int]) -> None:
    """Offsets are those of the recording; each piece has speech and is no longer than allowed."""
    flags = _flags(stretches)
    for cut in _cut(flags):
        numbers = _numbers(cut)
        assert cut.start_seconds == pytest.approx(numbers[0] * FRAME_SECONDS)
        assert cut.seconds <= _LIMITS.longest_seconds + FRAME_SECONDS
        assert cut.speech_seconds == pytest.approx(sum(flags[number] for number in numbers) * FRAME_SECONDS)
        assert cut.speech_seconds > 0


def test_silence_and_clicks_give_no_piece() -> None:
    """Bursts shorter than a word are not speech, however many."""
    assert _cut([False] * 1_000) == []
    assert _cut(([True] * 3 + [False] * 20) * 40) == []


def test_a_piece_ends_at_the_first_pause_after_its_shortest_length() -> None:
    """Early text: the first piece does not wait for the longest length."""
    second = round(1 / FRAME_SECONDS)
    flags = ([True] * (2 * second) + [False] * (second // 2)) * 6

    first = _cut(flags)[0]

    assert 6.0 <= first.seconds < 8.5


def test_a_long_silence_ends_a_piece_and_is_left_out() -> None:
    """What two people say ten seconds apart is two pieces, with only a little silence around."""
    second = round(1 / FRAME_SECONDS)
    flags = [False] * (20 * second) + [True] * second + [False] * (10 * second) + [True] * second

    first, then = _cut(flags)

    assert first.start_seconds == pytest.approx(20, abs=0.8)
    assert then.start_seconds == pytest.approx(31, abs=0.8)
    assert first.seconds < 2.5
    assert then.seconds < 2.5


def test_speech_without_a_pause_is_cut_in_its_faintest_moment() -> None:
    """Where nobody breathes the cut falls between loud words, not inside one."""
    frames = round(14 / FRAME_SECONDS)
    faint = round(9 / FRAME_SECONDS)
    cutter = Cutter(_LIMITS)
    cuts: list[Cut] = []
    for number in range(frames):
        loud = 200 if abs(number - faint) < 4 else 9_000
        frame = np.full(FRAME_SAMPLES, loud, dtype="<i2").tobytes()
        cuts += cutter.feed(frame, is_speech=True)

    assert [cut.seconds for cut in cuts] == [pytest.approx(9, abs=0.2)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"pause_seconds": 0.0},
        {"pause_seconds": 9.0},
        {"shortest_seconds": 0.5},
        {"shortest_seconds": 200.0},
    ],
)
def test_limits_that_contradict_each_other_are_refused(wrong: dict[str, float]) -> None:
    """A wrong configuration fails when it is made, not in the first long recording."""
    with pytest.raises(ValueError, match="_seconds"):
        PieceLimits(**wrong)

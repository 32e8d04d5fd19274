"""A bucket lets through what it promises and no more, and tells truly how long to wait."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.access import limits as module
from bot.conversation.access.limits import Limits, Scope, TokenBucket
from bot.messages import Author, ConversationKey
from tests.fakes.clock import ManualClock

KEY = ConversationKey(platform="fake", account="1", chat="7")
ELSEWHERE = ConversationKey(platform="fake", account="1", chat="8")
ANN = Author(id="1", name="Ann")
BEN = Author(id="2", name="Ben")

pauses = st.lists(st.floats(min_value=0, max_value=90, allow_nan=False), max_size=60)


@given(amount=st.integers(1, 50), waits=pauses)
def test_no_stretch_of_time_lets_more_through_than_was_promised(amount: int, waits: list[float]) -> None:
    """Between any two moments: the bucket's content, and what flowed in meanwhile."""
    bucket, now, passed = TokenBucket(amount, seconds=60.0, now=0.0), 0.0, []
    for wait in waits:
        now += wait
        passed += [now for _ in range(amount + 1) if bucket.take(now)]
    for first in range(len(passed)):
        for last in range(first, len(passed)):
            span = passed[last] - passed[first]
            assert last - first + 1 <= amount + span * amount / 60 + 1e-3


@given(amount=st.integers(1, 50), waits=pauses)
def test_who_waits_as_long_as_told_is_let_through(amount: int, waits: list[float]) -> None:
    """And a moment earlier is not; a refusal costs nothing."""
    bucket, now = TokenBucket(amount, seconds=60.0, now=0.0), 0.0
    for pause in waits:
        now += pause
        while bucket.take(now):
            pass
        wait = bucket.wait(now)
        assert 0 < wait <= 60.0 / amount + 1e-6
        assert not bucket.take(now + wait * 0.9)
        now += wait
        assert bucket.take(now)


@given(amount=st.integers(1, 50), taken=st.integers(0, 60))
def test_what_is_left_can_be_taken(amount: int, taken: int) -> None:
    """The number /whoami tells is the number that passes at once."""
    bucket = TokenBucket(amount, seconds=60.0, now=0.0)
    for _ in range(taken):
        bucket.take(0.0)
    left = bucket.left(0.0)
    assert left == max(0, amount - taken)
    assert [bucket.take(0.0) for _ in range(left + 1)] == [True] * left + [False]


def opened(*, person: int = 0, chat: int = 0) -> tuple[Limits, ManualClock]:
    """Limits on a clock that stands still."""
    clock = ManualClock()
    return Limits(person_per_minute=person, chat_per_minute=chat, clock=clock), clock


def test_a_person_is_limited_over_all_chats_and_told_once_a_wait() -> None:
    """Others are not; after the wait one more question passes."""
    limits, clock = opened(person=2)
    assert [limits.take(KEY, ANN), limits.take(ELSEWHERE, ANN)] == [None, None]
    first, second = limits.take(KEY, ANN), limits.take(KEY, ANN)
    assert first is not None
    assert second is not None
    assert (first.scope, first.wait_seconds, first.tell) == (Scope.PERSON, 30.0, True)
    assert second.tell is False
    assert limits.take(KEY, BEN) is None
    clock.advance(30)
    assert limits.take(KEY, ANN) is None
    again = limits.take(KEY, ANN)
    assert again is not None
    assert again.tell is True


def test_a_chat_is_limited_over_all_its_people() -> None:
    """What a full chat turns away does not count against the person."""
    limits, clock = opened(person=2, chat=2)
    assert [limits.take(KEY, ANN), limits.take(KEY, BEN)] == [None, None]
    excess = limits.take(KEY, BEN)
    assert excess is not None
    assert excess.scope is Scope.CHAT
    assert limits.left(KEY, BEN) == 1
    assert limits.take(ELSEWHERE, BEN) is None
    clock.advance(60)
    assert limits.take(KEY, ANN) is None


def test_nought_is_no_limit() -> None:
    """Nothing is counted, and /whoami has nothing to tell."""
    limits, _ = opened()
    assert {limits.take(KEY, ANN) for _ in range(500)} == {None}
    assert limits.left(KEY, ANN) is None


def test_only_the_latest_people_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many ask, memory stays bounded."""
    monkeypatch.setattr(module, "_MOST_REMEMBERED", 2)
    limits, _ = opened(person=1)
    for author in (ANN, BEN, Author(id="3", name="Cy")):
        assert limits.take(KEY, author) is None
    assert limits.take(KEY, BEN) is not None
    assert limits.take(KEY, ANN) is None

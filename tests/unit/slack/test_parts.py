"""The small parts: budgets that keep to the tiers, a turnstile that keeps the order."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack.adapter import SlackAdapter
from adapters.slack.budget import Budget
from adapters.slack.turnstile import Turnstile
from bot.errors import PlatformBusy
from bot.messages import ConversationKey
from tests.fakes.slack import FakeSlack
from tests.unit.slack.support import HastyClock, Store, adapter_for, rendered, running, until


class StillClock(HastyClock):
    """Time stands still but for ``skip`` and sleeping."""

    def monotonic(self) -> float:
        return self.ahead

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.skip(seconds)


def budget(clock: StillClock, *, per_minute: float = 60, burst: int = 3) -> Budget:
    """A budget of one call a second."""
    return Budget(method="chat.update", per_minute=per_minute, burst=burst, clock=clock)


@given(steps=st.lists(st.floats(0, 9), max_size=200))
def test_no_minute_holds_more_than_rate_and_burst(steps: list[float]) -> None:
    """Whatever the rhythm of the asking."""
    clock = StillClock()
    calls, made = budget(clock, per_minute=14, burst=6), []
    for seconds in steps:
        clock.skip(seconds)
        if calls.spare():
            made.append(clock.ahead)
    assert all(sum(start <= at < start + 60 for at in made) <= 20 for start in made)


async def test_a_call_that_has_to_be_made_waits_its_turn_or_is_put_off() -> None:
    """Calls that wait are counted, so that two do not wait for the same turn; no chat gets a pause."""
    clock = StillClock()
    calls = budget(clock)
    for _ in range(5):
        await calls.slot(longest_seconds=2)
    assert clock.naps == pytest.approx([1.0, 1.0])
    calls.close_for(30)
    assert not calls.spare()
    with pytest.raises(PlatformBusy) as caught:
        await calls.slot(longest_seconds=2)
    assert caught.value.retry_after_seconds == 0
    clock.skip(40)
    assert calls.spare()
    assert not calls.spare(reserve=3)


async def test_of_those_who_wait_the_older_message_goes_first() -> None:
    """Also of those who come in the same moment; and another channel waits for none of them."""
    turnstile, order = Turnstile(), []

    async def pass_through(channel: str, ts: str) -> None:
        async with turnstile.turn(channel, ts):
            order.append(ts)
            await asyncio.sleep(0.01)

    async with asyncio.TaskGroup() as tasks:
        for channel, ts in (("C1", "1.0"), ("C1", "9.0"), ("C1", "2.0"), ("C2", "5.0"), ("C1", "none")):
            tasks.create_task(pass_through(channel, ts))
    assert [ts for ts in order if ts != "5.0"] == ["none", "1.0", "2.0", "9.0"]
    assert order.index("5.0") < 2


async def test_who_gives_up_before_the_turnstile_is_open_leaves_it_to_the_others() -> None:
    """Whoever came first opens it, or nobody would."""
    for ticks in range(6):
        turnstile, passed = Turnstile(), list[str]()
        first, second = (asyncio.create_task(_through(turnstile, passed, ts)) for ts in ("1", "2"))
        for _ in range(ticks):
            await asyncio.sleep(0)
        first.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await first
        async with asyncio.timeout(30):
            await second
            await _through(turnstile, passed, "3")
        assert passed[-2:] == ["2", "3"]


async def test_who_gives_up_waiting_lets_the_next_one_through() -> None:
    """Also in the moment in which it would have been let in."""
    turnstile = Turnstile()
    passed: list[str] = []
    for ticks in range(4):
        async with turnstile.turn("C1", "1"):
            waiting = [asyncio.create_task(_through(turnstile, passed, str(n))) for n in (2, 3)]
            await asyncio.sleep(0)
        for _ in range(ticks):
            await asyncio.sleep(0)
        waiting[0].cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await waiting[0]
        async with asyncio.timeout(30):
            await waiting[1]
        assert passed[-1] == "3"


async def _through(turnstile: Turnstile, passed: list[str], ts: str) -> None:
    async with turnstile.turn("C1", ts):
        passed.append(ts)


async def test_many_threads_at_once_stay_within_slacks_tiers() -> None:
    """Forty answers grow at once: no call is refused for being one too many, and each is whole in the end."""
    clock = HastyClock()
    async with FakeSlack(tiers="real", clock=clock.monotonic) as slack:
        store, adapter = Store(), adapter_for(slack, clock)
        people = [slack.person(f"Person{number}") for number in range(40)]
        async with running(adapter, store):
            for person in people:
                await slack.dm(person).say("hello")
            await until(lambda: len(store.addressed) == 40)
            keys = [event.key for event in store.addressed]
            ids = [await _begin(adapter, key) for key in keys]
            assert any(ids)
            for step in range(5):
                clock.skip(1.2)
                for key, ts in zip(keys, ids, strict=True):
                    if ts:
                        words = rendered(adapter, "The first " + "word " * step)
                        await adapter.edit(key, ts, words, live=True)
            clock.skip(60)
            for key, ts in zip(keys, ids, strict=True):
                await _finish(adapter, clock, key, ts)
        assert {slack.dm(person).texts[-1] for person in people} == {"The first and last"}
        assert slack.flooded == 0


async def test_of_many_that_begin_in_the_same_moment_few_grow_by_edits(slack: FakeSlack) -> None:
    """Each that does needs an update for its final form; the others hear at once that there is no room."""
    slack.native_streams = False
    adapter, ann = adapter_for(slack), slack.person("Ann")
    room = slack.channel("general", [ann])
    roots = [await room.say(ann, f"question {number}") for number in range(40)]
    keys = [ConversationKey(platform="slack", account="T", chat=room.id, thread=root.ts) for root in roots]
    begun = await asyncio.gather(*(_begin(adapter, key) for key in keys))
    assert 0 < sum(map(bool, begun)) <= 7


async def _begin(adapter: SlackAdapter, key: ConversationKey) -> str:
    """The ts of a message that may grow; empty for one that has to wait until it is whole."""
    try:
        return await adapter.send(key, rendered(adapter, "The first"), live=True)
    except PlatformBusy:
        return ""


async def _finish(adapter: SlackAdapter, clock: HastyClock, key: ConversationKey, ts: str) -> None:
    """As the core does it: again when it is told to wait."""
    for _ in range(200):
        try:
            if ts:
                await adapter.edit(key, ts, rendered(adapter, "The first and last"))
            else:
                await adapter.send(key, rendered(adapter, "The first and last"))
        except PlatformBusy as exc:
            clock.skip(exc.retry_after_seconds or 1.1)
        else:
            return
    raise AssertionError("busy for ever")

"""One outbound budget a chat: paced, fair to what matters, and taught by the platform."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.delivery import Governor, Priority
from bot.ports import Pace, SystemClock
from tests.fakes.clock import ManualClock

PACE = Pace(interval_seconds=1.0, burst=3)


async def granted(governor: Governor, priority: Priority, peer: str = "a") -> bool:
    """Whether a call is granted at this very moment."""
    try:
        async with asyncio.timeout(0):
            await governor.permit(peer, PACE, priority)
    except TimeoutError:
        return False
    return True


async def test_a_chat_bears_a_few_calls_at_once_and_then_its_pace() -> None:
    """The burst is spent, then one call an interval."""
    clock = ManualClock()
    governor = Governor(clock=clock)
    assert [await granted(governor, Priority.FINAL) for _ in range(4)] == [True, True, True, False]
    clock.advance(1.0)
    assert [await granted(governor, Priority.FINAL) for _ in range(2)] == [True, False]


async def test_a_stream_edit_leaves_a_call_for_the_final() -> None:
    """However busy a stream is, its end can be shown at once."""
    clock = ManualClock()
    governor = Governor(clock=clock)
    for _ in range(10):
        await granted(governor, Priority.EDIT)
        clock.advance(0.4)
    assert await granted(governor, Priority.FINAL)


async def test_stream_edits_keep_an_interval_between_them() -> None:
    """A full budget is no reason to edit twice within a second."""
    clock = ManualClock()
    governor = Governor(clock=clock)
    assert [await granted(governor, Priority.EDIT) for _ in range(2)] == [True, False]


async def test_chats_do_not_share_a_budget() -> None:
    """A flood in one chat costs the others nothing."""
    governor = Governor(clock=ManualClock())
    for _ in range(5):
        await granted(governor, Priority.FINAL, "a")
    assert await granted(governor, Priority.FINAL, "b")


async def test_a_pause_the_platform_asks_for_is_kept_and_remembered() -> None:
    """Nothing is sent before its end; afterwards the chat is treated more gently."""
    clock = ManualClock()
    governor = Governor(clock=clock)
    governor.hold_off("a", PACE, 30.0)
    clock.advance(29.9)
    assert not await granted(governor, Priority.FINAL)
    assert not governor.spare("a", PACE, what="typing", every_seconds=4)
    clock.advance(0.2)
    assert await granted(governor, Priority.FINAL)
    clock.advance(1.2)
    assert not await granted(governor, Priority.FINAL)
    clock.advance(0.4)
    assert await granted(governor, Priority.FINAL)


async def test_a_refusal_that_is_no_fault_of_the_chats_is_not_held_against_it() -> None:
    """Only calls like the one refused wait, for one interval; the budget and the pace stay what they were."""
    clock = ManualClock()
    governor = Governor(clock=clock)
    assert await granted(governor, Priority.NEW_PART)
    governor.hold_off("a", PACE, 0.0)
    assert not await granted(governor, Priority.NEW_PART)
    assert governor.spare("a", PACE, what="typing", every_seconds=4)
    clock.advance(1.0)
    assert [await granted(governor, Priority.FINAL) for _ in range(4)] == [True, True, True, False]
    clock.advance(1.0)
    assert await granted(governor, Priority.FINAL)


async def test_what_was_refused_is_tried_again_after_an_interval_and_others_go_before() -> None:
    """A final does not wait for a beginning that found no room, and is not tried in a loop itself."""
    clock = ManualClock()
    governor = Governor(clock=clock)
    await granted(governor, Priority.NEW_PART)
    governor.hold_off("a", PACE, 0.0)
    assert await granted(governor, Priority.FINAL)
    governor.hold_off("a", PACE, 0.0)
    assert [await granted(governor, priority) for priority in (Priority.FINAL, Priority.NEW_PART)] == [
        False,
        False,
    ]
    clock.advance(1.0)
    assert await granted(governor, Priority.FINAL)


async def test_cosmetic_calls_are_dropped_and_never_wait() -> None:
    """Typing is shown now or not at all."""
    clock = ManualClock()
    governor = Governor(clock=clock)
    assert governor.spare("a", PACE, what="typing", every_seconds=4)
    assert not governor.spare("a", PACE, what="typing", every_seconds=4)
    assert governor.spare("a", PACE, what="preview", every_seconds=1)
    clock.advance(4)
    assert governor.spare("a", PACE, what="typing", every_seconds=4)


async def test_what_matters_more_goes_first() -> None:
    """Of those who wait for the same chat, a final overtakes edits that came before it."""
    clock = ManualClock()
    governor, pace, order = Governor(clock=clock), Pace(interval_seconds=1.0, burst=1), []

    async def call(name: str, priority: Priority) -> None:
        await governor.permit("a", pace, priority)
        order.append(name)

    await call("first", Priority.FINAL)
    async with asyncio.TaskGroup() as group:
        for name, priority in (
            ("edit", Priority.EDIT),
            ("notice", Priority.NOTICE),
            ("final", Priority.FINAL),
        ):
            group.create_task(call(name, priority))
            await asyncio.sleep(0)
        while len(order) < 4:
            clock.advance(1.0)
            await asyncio.sleep(0)
    assert order == ["first", "final", "notice", "edit"]


async def test_one_who_gives_up_waiting_costs_nothing() -> None:
    """A cancelled wait leaves the budget to the next."""
    governor, pace = Governor(clock=SystemClock()), Pace(interval_seconds=0.02, burst=1)
    await governor.permit("a", pace, Priority.FINAL)
    waiting = asyncio.create_task(governor.permit("a", pace, Priority.FINAL))
    await asyncio.sleep(0)
    waiting.cancel()
    async with asyncio.timeout(60):
        await governor.permit("a", pace, Priority.FINAL)


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(st.tuples(st.sampled_from(list(Priority)), st.floats(0, 2)), max_size=60))
def test_no_sequence_of_calls_passes_the_budget(steps: list[tuple[Priority, float]]) -> None:
    """Over any stretch of time a chat gets at most its burst and one call an interval."""

    async def run() -> None:
        clock = ManualClock()
        governor, times = Governor(clock=clock), []
        for priority, pause in steps:
            if await granted(governor, priority):
                times.append(clock.monotonic())
            clock.advance(pause)
        for start, first in enumerate(times):
            for count, last in enumerate(times[start:], 1):
                assert count <= PACE.burst + (last - first) / PACE.interval_seconds + 1e-6

    asyncio.run(run())

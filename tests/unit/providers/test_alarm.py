"""One timer ends any of many waits at a moment that moves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from bot.providers.alarm import Alarm

_PATIENT_SECONDS = 60


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _wait_for_ever(alarm: Alarm) -> None:
    with alarm:
        await asyncio.Event().wait()


async def test_a_wait_ends_when_the_moment_has_come() -> None:
    """As a time-out and not before; the task is not left cancelled."""
    alarm = Alarm(_now() + 0.02)
    async with asyncio.timeout(_PATIENT_SECONDS):
        with pytest.raises(TimeoutError):
            await _wait_for_ever(alarm)
    assert alarm.is_due
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_a_wait_that_begins_too_late_ends_as_well() -> None:
    """A moment in the past rings at once."""
    alarm = Alarm(_now() - 1.0)
    async with asyncio.timeout(_PATIENT_SECONDS):
        with pytest.raises(TimeoutError):
            await _wait_for_ever(alarm)


async def test_a_moment_moved_away_lets_the_wait_go_on() -> None:
    """The timer that goes off too early is set anew."""
    alarm = Alarm(_now() + 0.01)
    moved = _now() + 0.05
    asyncio.get_running_loop().call_soon(setattr, alarm, "rings_at", moved)
    async with asyncio.timeout(_PATIENT_SECONDS):
        with pytest.raises(TimeoutError):
            await _wait_for_ever(alarm)
    assert _now() >= moved


async def test_a_moment_moved_nearer_counts_for_the_next_wait() -> None:
    """A timer that would be late is set anew too."""
    alarm = Alarm(_now() + 600)
    with alarm:
        await asyncio.sleep(0)
    alarm.rings_at = _now() + 0.01
    async with asyncio.timeout(_PATIENT_SECONDS):
        with pytest.raises(TimeoutError):
            await _wait_for_ever(alarm)


async def test_nothing_but_a_wait_is_interrupted() -> None:
    """A moment that passes between two waits is met by the next one."""
    alarm = Alarm(_now() + 0.01)
    with alarm:
        pass  # it sets its timer; without an await even a late machine cannot be interrupted here
    await asyncio.sleep(0.03)
    async with asyncio.timeout(_PATIENT_SECONDS):
        with pytest.raises(TimeoutError):
            await _wait_for_ever(alarm)


async def test_a_cancelled_wait_stays_cancelled() -> None:
    """Somebody else's cancellation is no time-out."""
    alarm = Alarm(_now() + 600)
    task = asyncio.create_task(_wait_for_ever(alarm))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    alarm.close()


async def test_a_wait_that_is_cancelled_as_it_rings_stays_cancelled() -> None:
    """Both at the same moment: the task must not live on."""
    loop = asyncio.get_running_loop()
    alarm = Alarm(_now() + 0.01)
    task = asyncio.create_task(_wait_for_ever(alarm))
    loop.call_at(alarm.rings_at, task.cancel)
    # Both timers are late afterwards, so the loop serves them in one round.
    loop.call_soon(time.sleep, 0.03)
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_inside_a_wait_passes() -> None:
    """It is the caller's to handle."""
    alarm = Alarm(_now() + 600)
    with pytest.raises(OSError, match="broken"), alarm:
        raise OSError("broken")
    alarm.close()


async def test_many_waits_share_one_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    """That is what it is for; closing drops the timer."""
    loop = asyncio.get_running_loop()
    timers: list[asyncio.TimerHandle] = []
    set_timer = loop.call_at

    def note(when: float, callback: Callable[..., object], *args: Any, **options: Any) -> asyncio.TimerHandle:
        timers.append(set_timer(when, callback, *args, **options))
        return timers[-1]

    monkeypatch.setattr(loop, "call_at", note)
    alarm = Alarm(_now() + 600)
    for _ in range(100):
        with alarm:
            await asyncio.sleep(0)
        alarm.rings_at = _now() + 600
    alarm.close()
    assert len(timers) == 1
    assert timers[0].cancelled()


def test_without_a_task_there_is_nobody_to_wake() -> None:
    """Said at once instead of waiting without an end."""
    loop = asyncio.new_event_loop()
    failures: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: failures.append(context))

    def enter() -> None:
        Alarm(0.0).__enter__()

    loop.call_soon(enter)
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.close()
    assert "needs a task" in str(failures[0]["exception"])

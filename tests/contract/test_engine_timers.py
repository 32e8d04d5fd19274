"""The engine's contract: what is scheduled is taken in when it is due, once, also after a restart."""

from __future__ import annotations

from datetime import timedelta

from bot.ports import Timer
from tests.contract.engine_bench import EngineBench, Recorder, eventually, message


def _timer(bench: EngineBench, timer_id: str, seconds: float, *, text: str = "") -> Timer:
    at = bench.clock.now() + timedelta(seconds=seconds)
    return Timer(id=timer_id, at=at, event=message(text or timer_id))


def _texts(recorder: Recorder) -> list[str]:
    return [turn.events[0].text for turn in recorder.turns if hasattr(turn.events[0], "text")]


async def test_timers_fire_when_they_are_due(bench: EngineBench) -> None:
    """The earliest first, also when it was scheduled last; none early, each once."""
    recorder = Recorder()
    bench.serve(recorder)
    await bench.engine.schedule(_timer(bench, "late", 100))
    await bench.engine.schedule(_timer(bench, "early", 10))
    bench.clock.advance(9)
    assert (await bench.stats()).timers == 2
    assert _texts(recorder) == []
    bench.clock.advance(1)
    await eventually(lambda: _texts(recorder) == ["early"])
    for _ in range(10):
        bench.clock.advance(10)
    await eventually(lambda: _texts(recorder) == ["early", "late"])
    assert (await bench.stats()).timers == 0


async def test_a_timer_can_be_replaced_and_dropped(bench: EngineBench) -> None:
    """The same id again moves it; unschedule says whether there was one."""
    recorder = Recorder()
    bench.serve(recorder)
    await bench.engine.schedule(_timer(bench, "one", 10, text="before"))
    await bench.engine.schedule(_timer(bench, "one", 20, text="after"))
    await bench.engine.schedule(_timer(bench, "two", 10))
    assert await bench.engine.unschedule("two")
    assert not await bench.engine.unschedule("two")
    bench.clock.advance(10)
    await bench.engine.accept(message("now", chat="other"))
    await eventually(lambda: _texts(recorder) == ["now"])
    bench.clock.advance(10)
    await eventually(lambda: _texts(recorder) == ["now", "after"])


async def test_the_same_timer_may_fire_again(bench: EngineBench) -> None:
    """Each firing is an event of its own, not a duplicate of the one before."""
    recorder = Recorder()
    bench.serve(recorder)
    for count in (1, 2):
        await bench.engine.schedule(_timer(bench, "daily", 5))
        bench.clock.advance(5)
        await eventually(lambda count=count: _texts(recorder) == ["daily"] * count)
    assert len({turn.events[0].event_id for turn in recorder.turns}) == 2


async def test_timers_survive_a_restart_and_overdue_ones_fire_at_once(bench: EngineBench) -> None:
    """What came due while nothing ran is fired at the start."""
    await bench.engine.schedule(_timer(bench, "overdue", 10))
    await bench.engine.schedule(_timer(bench, "future", 1000))
    bench.clock.advance(500)
    await bench.restart()
    recorder = Recorder()
    bench.serve(recorder)
    await eventually(lambda: _texts(recorder) == ["overdue"])
    bench.clock.advance(500)
    await eventually(lambda: _texts(recorder) == ["overdue", "future"])


async def test_many_timers_of_the_same_instant_all_fire(bench: EngineBench) -> None:
    """More than one round of them, in conversations of their own."""
    recorder = Recorder()
    bench.serve(recorder)
    for number in range(120):
        timer = _timer(bench, str(number), 10)
        await bench.engine.schedule(Timer(id=timer.id, at=timer.at, event=message(timer.id, timer.id)))
    bench.clock.advance(10)
    await eventually(lambda: sorted(map(int, _texts(recorder))) == list(range(120)))

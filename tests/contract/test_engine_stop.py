"""The engine's contract: a stop reaches the right turn, at once, and is not forgotten."""

from __future__ import annotations

import asyncio

from bot.ports import CancelReason, Lane, Turn
from tests.contract.engine_bench import (
    WAIT_SECONDS,
    EngineBench,
    Recorder,
    eventually,
    idle,
    key,
    message,
    note,
)


async def _blocked(bench: EngineBench, *names: str) -> tuple[Recorder, list[int]]:
    """The first of the named messages running and blocked, the others waiting behind it."""
    recorder = Recorder(blocks={names[0]})
    bench.serve(recorder)
    ids = [await bench.engine.accept(message(name)) for name in names]
    await eventually(lambda: recorder.began == [names[0]])
    return recorder, [turn_id for turn_id in ids if turn_id is not None]


async def test_stop_cancels_the_running_turn(bench: EngineBench) -> None:
    """The handler sees the reason on the turn before the cancellation; the next message goes on."""
    recorder, ids = await _blocked(bench, "a", "b")
    assert await bench.engine.stop(key("chat"), reason=CancelReason.USER) == ids[:1]
    await eventually(lambda: recorder.ended == ["b"])
    assert recorder.cancelled == [("a", CancelReason.USER)]
    assert (await bench.stats()).dead == 0


async def test_stop_leaves_other_conversations_alone(bench: EngineBench) -> None:
    """Where nothing is open there is nothing to stop."""
    recorder, _ = await _blocked(bench, "a")
    assert await bench.engine.stop(key("other"), reason=CancelReason.USER) == []
    recorder.go.set()
    await eventually(lambda: recorder.ended == ["a"])
    await idle(bench)
    assert await bench.engine.stop(key("chat"), reason=CancelReason.USER) == []


async def test_a_named_waiting_turn_is_handed_over_as_stopping(bench: EngineBench) -> None:
    """The handler gets the turn in its place in the queue, marked, so that it can tidy up."""
    recorder, ids = await _blocked(bench, "a", "b", "c")
    named = await bench.engine.stop(key("chat"), reason=CancelReason.SUPERSEDED, turn_id=ids[1])
    assert named == ids[1:2]
    assert recorder.began == ["a"]
    recorder.go.set()
    await eventually(lambda: recorder.ended == ["a", "b", "c"])
    assert recorder.stopping == [None, CancelReason.SUPERSEDED, None]


async def test_stop_without_a_running_turn_takes_the_oldest_waiting(bench: EngineBench) -> None:
    """A stop may come before the turn it is meant for has begun; a hold ends with it."""
    first = await bench.engine.accept(message("a"), join="x", hold_seconds=60)
    await bench.engine.accept(message("b"))
    assert await bench.engine.stop(key("chat"), reason=CancelReason.USER) == [first]
    recorder = Recorder()
    bench.serve(recorder)
    await eventually(lambda: recorder.ended == ["a", "b"])
    assert recorder.stopping == [CancelReason.USER, None]


async def test_a_second_stop_changes_nothing(bench: EngineBench) -> None:
    """The turn keeps its first reason and its clean-up is not cancelled again."""
    begun, cleaning, go = asyncio.Event(), asyncio.Event(), asyncio.Event()
    seen: list[CancelReason | None] = []

    async def handler(turn: Turn) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cleaning.set()
            await go.wait()
            seen.append(turn.stopping)
            raise

    bench.serve(handler)
    await bench.engine.accept(message("a"))
    await asyncio.wait_for(begun.wait(), WAIT_SECONDS)
    first = await bench.engine.stop(key("chat"), reason=CancelReason.USER)
    await asyncio.wait_for(cleaning.wait(), WAIT_SECONDS)
    assert await bench.engine.stop(key("chat"), reason=CancelReason.SUPERSEDED) == first
    go.set()
    await eventually(lambda: seen == [CancelReason.USER])


async def test_a_stop_by_a_control_turn_does_not_stop_itself(bench: EngineBench) -> None:
    """The command that stops runs in the same conversation."""
    stopped: list[int] = []
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def handler(turn: Turn) -> None:
        if turn.events[0].event_id == "stop":
            stopped.extend(await bench.engine.stop(turn.key, reason=CancelReason.USER))
            return
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    bench.serve(handler)
    turn_id = await bench.engine.accept(message("a"))
    await asyncio.wait_for(begun.wait(), WAIT_SECONDS)
    await bench.engine.accept(message("stop"), lane=Lane.CONTROL)
    await asyncio.wait_for(cancelled.wait(), WAIT_SECONDS)
    await eventually(lambda: stopped == [turn_id])


async def test_a_handler_may_finish_while_it_is_stopped(bench: EngineBench) -> None:
    """Effects and finish still work after the cancellation: the turn is still its own."""

    async def handler(turn: Turn) -> None:
        try:
            await turn.effect(note("begun"))
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await turn.finish(note("stopped"))

    bench.serve(handler)
    await bench.engine.accept(message("a"))

    async def begun() -> bool:
        return await bench.notes() == ["begun"]

    async def stopped() -> bool:
        return await bench.notes() == ["begun", "stopped"]

    await eventually(begun)
    await bench.engine.stop(key("chat"), reason=CancelReason.USER)
    await eventually(stopped)
    assert (await bench.stats()).queued == 0


async def test_a_stop_mark_survives_a_restart(bench: EngineBench) -> None:
    """What was asked to stop is still asked to stop in the next process."""
    turn_id = await bench.engine.accept(message("a"))
    assert await bench.engine.stop(key("chat"), reason=CancelReason.USER, turn_id=turn_id) == [turn_id]
    await bench.restart()
    recorder = Recorder()
    bench.serve(recorder)
    await eventually(lambda: recorder.ended == ["a"])
    assert recorder.stopping == [CancelReason.USER]


async def test_a_stop_ends_a_back_off(bench: EngineBench) -> None:
    """A turn waiting to be tried again comes up at once when it is stopped."""
    recorder = Recorder(fails={"a"})
    bench.serve(recorder)
    turn_id = await bench.engine.accept(message("a"))

    async def put_off() -> bool:
        return recorder.attempts == [1] and (await bench.stats()).queued == 1

    await eventually(put_off)
    recorder.fails.clear()
    assert await bench.engine.stop(key("chat"), reason=CancelReason.USER) == [turn_id]
    await eventually(lambda: recorder.ended == ["a"])
    assert recorder.stopping == [None, CancelReason.USER]


async def test_thirty_stops_racing_with_the_start_of_their_turn_all_arrive(bench: EngineBench) -> None:
    """Whether it had begun or not, the handler of a stopped turn learns of it, and nothing is lost."""
    told: set[str] = set()

    async def handler(turn: Turn) -> None:
        name = turn.events[0].event_id
        try:
            if turn.stopping is None:
                await asyncio.Event().wait()
        finally:
            assert turn.stopping is CancelReason.USER
            told.add(name)

    bench.serve(handler)

    async def race(number: int) -> None:
        turn_id = await bench.engine.accept(message(str(number), chat=str(number)))
        await asyncio.sleep(number * 0.0003)
        assert await bench.engine.stop(key(str(number)), reason=CancelReason.USER) == [turn_id]

    await asyncio.gather(*(race(number) for number in range(30)))
    await eventually(lambda: len(told) == 30)

"""The engine's contract: failures and shutdowns leave nothing undone and nothing done twice."""

from __future__ import annotations

import asyncio

import pytest

from bot.errors import Fenced
from bot.ports import CancelReason, Turn
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


async def _fail_until_dead(bench: EngineBench, recorder: Recorder) -> None:
    for attempt, delay in enumerate(bench.delays, start=1):
        await eventually(lambda attempt=attempt: len(recorder.attempts) == attempt)
        await idle(bench)
        bench.clock.advance(delay)
    await eventually(lambda: len(recorder.attempts) > len(bench.delays))


async def test_a_failing_turn_is_tried_five_times_and_given_up(bench: EngineBench) -> None:
    """Later messages of the conversation wait for it; after the last attempt they go on."""
    recorder = Recorder(fails={"a"})
    bench.serve(recorder)
    turn_id = await bench.engine.accept(message("a"))
    await bench.engine.accept(message("b"))
    await _fail_until_dead(bench, recorder)
    await eventually(lambda: recorder.ended == ["b"])
    assert recorder.began == ["a"] * 5 + ["b"]
    assert recorder.attempts[:5] == [1, 2, 3, 4, 5]
    assert [turn.last_attempt for turn in recorder.turns[:5]] == [False, False, False, False, True]
    assert await bench.engine.dead() == [turn_id]


async def test_a_dead_turn_can_be_tried_again(bench: EngineBench) -> None:
    """retry() gives it all its attempts anew; it works only on a dead turn."""
    recorder = Recorder(fails={"a"})
    bench.serve(recorder)
    turn_id = await bench.engine.accept(message("a"))
    assert turn_id is not None
    await _fail_until_dead(bench, recorder)

    async def dead() -> bool:
        return await bench.engine.dead() == [turn_id]

    await eventually(dead)
    recorder.fails.clear()
    assert await bench.engine.retry(turn_id)
    await eventually(lambda: recorder.ended == ["a"])
    assert recorder.attempts[-1] == 6
    assert not await bench.engine.retry(turn_id)
    assert not await bench.engine.retry(turn_id + 1000)


async def test_a_back_off_survives_a_restart(bench: EngineBench) -> None:
    """The failed attempt is counted and the pause goes on in the next process."""
    recorder = Recorder(fails={"a"})
    bench.serve(recorder)
    await bench.engine.accept(message("a"))
    await eventually(lambda: recorder.attempts == [1])
    await idle(bench)
    await bench.restart()
    bench.serve(recorder)
    recorder.fails.clear()
    await bench.engine.accept(message("b", chat="other"))
    await eventually(lambda: recorder.ended == ["b"])
    assert recorder.began == ["a", "b"]
    bench.clock.advance(bench.delays[0])
    await eventually(lambda: recorder.ended == ["b", "a"])


async def test_shutdown_leaves_a_turn_to_go_on(bench: EngineBench) -> None:
    """The handler is cancelled for SHUTDOWN; the turn runs again, with what it stored, at no cost."""
    recorder = Recorder(blocks={"a"})
    bench.serve(recorder)
    await bench.engine.accept(message("a"))
    await bench.engine.accept(message("b"))
    for count in range(1, 8):
        await eventually(lambda count=count: len(recorder.began) == count)
        await recorder.turns[-1].effect(note(f"attempt {recorder.attempts[-1]}"))
        await bench.restart()
        assert recorder.cancelled[-1] == ("a", CancelReason.SHUTDOWN)
        bench.serve(recorder)
    recorder.go.set()
    await eventually(lambda: recorder.ended == ["a", "b"])
    assert await bench.notes() == [f"attempt {number}" for number in range(1, 8)]
    assert recorder.stopping == [None] * 9
    assert await bench.engine.dead() == []


async def test_a_turn_that_finishes_during_shutdown_is_done(bench: EngineBench) -> None:
    """Clean-up has time to store the end of the turn."""

    async def handler(turn: Turn) -> None:
        try:
            await turn.effect(note("begun"))
            await asyncio.Event().wait()
        finally:
            await turn.finish(note("finished"))

    bench.serve(handler)
    await bench.engine.accept(message("a"))

    async def begun() -> bool:
        return await bench.notes() == ["begun"]

    await eventually(begun)
    await bench.restart()
    stats = await bench.stats()
    assert (stats.queued, stats.running) == (0, 0)
    assert await bench.notes() == ["begun", "finished"]


async def test_a_handler_that_does_not_let_go_is_left_behind(bench: EngineBench) -> None:
    """Shutdown waits for it only so long; whatever it does later is fenced and the turn runs again."""
    fenced = asyncio.Event()
    begun = asyncio.Event()
    let_go = asyncio.Event()

    async def stubborn(turn: Turn) -> None:
        begun.set()
        while not let_go.is_set():
            try:
                await let_go.wait()
            except asyncio.CancelledError:
                continue
        with pytest.raises(Fenced):
            await turn.effect(note("too late"))
        fenced.set()

    bench.serve(stubborn)
    await bench.engine.accept(message("a"))
    await asyncio.wait_for(begun.wait(), WAIT_SECONDS)
    await bench.abandon()
    recorder = Recorder(blocks={"a"})
    bench.serve(recorder)
    await eventually(lambda: recorder.attempts == [2])
    let_go.set()
    await asyncio.wait_for(fenced.wait(), WAIT_SECONDS)
    recorder.go.set()
    await eventually(lambda: recorder.ended == ["a"])
    assert await bench.notes() == []


async def test_an_old_attempt_can_change_nothing(bench: EngineBench) -> None:
    """The turn object of a failed attempt is fenced, before and while the next one runs."""
    recorder = Recorder(fails={"a"})
    bench.serve(recorder)
    await bench.engine.accept(message("a"))
    await eventually(lambda: recorder.attempts == [1])
    await idle(bench)
    old = recorder.turns[0]
    with pytest.raises(Fenced):
        await old.effect(note("between"))
    recorder.fails.clear()
    recorder.blocks.add("a")
    bench.clock.advance(bench.delays[0])
    await eventually(lambda: recorder.attempts == [1, 2])
    with pytest.raises(Fenced):
        await old.effect(note("beside"))
    with pytest.raises(Fenced):
        await old.finish(note("beside"))
    await recorder.turns[1].effect(note("mine"))
    recorder.go.set()
    await eventually(lambda: recorder.ended == ["a"])
    assert await bench.notes() == ["mine"]


async def test_a_change_that_raises_leaves_the_turn_open(bench: EngineBench) -> None:
    """finish() with a failing change neither changes anything nor ends the turn."""

    def broken(conn: object) -> None:
        note("half")(conn)  # type: ignore[arg-type]
        raise KeyError("broken")

    attempts: list[int] = []

    async def handler(turn: Turn) -> None:
        attempts.append(turn.attempt)
        await turn.finish(broken if turn.attempt == 1 else note("whole"))

    bench.serve(handler)
    await bench.engine.accept(message("a"))
    await eventually(lambda: attempts == [1])
    await idle(bench)
    bench.clock.advance(bench.delays[0])

    async def whole() -> bool:
        return await bench.notes() == ["whole"]

    await eventually(whole)


async def test_a_cancellation_nobody_asked_for_is_a_failure(bench: EngineBench) -> None:
    """CancelledError out of the handler's own doing is tried again like any other failure."""
    attempts: list[int] = []

    async def handler(turn: Turn) -> None:
        attempts.append(turn.attempt)
        if turn.attempt == 1:
            raise asyncio.CancelledError

    bench.serve(handler)
    await bench.engine.accept(message("a"))
    await eventually(lambda: attempts == [1])
    await idle(bench)
    bench.clock.advance(bench.delays[0])
    await eventually(lambda: attempts == [1, 2])
    assert await bench.engine.stop(key("other"), reason=CancelReason.USER) == []

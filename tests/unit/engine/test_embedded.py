"""What the embedded engine promises beyond the port: storage outages, pruning, its view of running turns."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import Connection
from structlog.testing import capture_logs

from bot.engine import EmbeddedEngine
from bot.engine.runner import Runner
from bot.engine.work import Work
from bot.errors import StorageError
from bot.ports import CancelReason, Lane, Timer, Turn
from bot.storage.database import _SqliteDatabase
from tests.contract.engine_bench import EmbeddedBench, Recorder, eventually, idle, key, message


async def _set_read_only(bench: EmbeddedBench, *, on: bool) -> None:
    assert isinstance(bench.database, _SqliteDatabase)
    writer = bench.database._writer
    statement = f"PRAGMA query_only = {'ON' if on else 'OFF'}"
    await writer.run(lambda: writer.raw.execute(statement).close())


def _count(table: str) -> str:
    return f"SELECT count(*) FROM {table}"


async def _rows(bench: EmbeddedBench, table: str) -> int:
    found: int = await bench.database.read(lambda conn: conn.exec_driver_sql(_count(table)).scalar_one())
    return found


async def test_an_event_that_cannot_be_stored_is_refused(bench: EmbeddedBench) -> None:
    """The platform hears of it and delivers again later; then it is taken in as usual."""
    recorder = Recorder()
    bench.serve(recorder)
    await bench.engine.accept(message("a"))
    await eventually(lambda: recorder.ended == ["a"])
    await idle(bench)
    await _set_read_only(bench, on=True)
    with pytest.raises(StorageError):
        await bench.engine.accept(message("b"))
    await _set_read_only(bench, on=False)
    assert await bench.engine.accept(message("b")) is not None
    await eventually(lambda: recorder.ended == ["a", "b"])


async def test_a_turn_whose_end_cannot_be_stored_is_ended_later(bench: EmbeddedBench) -> None:
    """The engine tries again after a pause; the handler is not called again, its neighbours wait."""
    recorder = Recorder(blocks={"a"})
    bench.serve(recorder)
    await bench.engine.accept(message("a"))
    await bench.engine.accept(message("b"))
    await eventually(lambda: recorder.began == ["a"])
    await _set_read_only(bench, on=True)
    recorder.go.set()
    await eventually(lambda: 1.0 in bench.clock.sleeping())
    bench.clock.advance(1.0)
    await eventually(lambda: 2.0 in bench.clock.sleeping())
    await _set_read_only(bench, on=False)
    bench.clock.advance(2.0)
    await eventually(lambda: recorder.ended == ["a", "b"])
    assert recorder.began == ["a", "b"]


async def test_a_turn_whose_start_cannot_be_stored_starts_later(bench: EmbeddedBench) -> None:
    """Nothing is lost and nothing spins while the database is away."""
    recorder = Recorder()
    await bench.engine.accept(message("a"), hold_seconds=10)
    bench.serve(recorder)
    await eventually(lambda: 10.0 in bench.clock.sleeping())
    await _set_read_only(bench, on=True)
    bench.clock.advance(10.0)
    await eventually(lambda: 1.0 in bench.clock.sleeping())
    assert recorder.began == []
    await _set_read_only(bench, on=False)
    bench.clock.advance(1.0)
    await eventually(lambda: recorder.ended == ["a"])


async def _schedule(bench: EmbeddedBench, timer_id: str, seconds: float) -> None:
    at = bench.clock.now() + timedelta(seconds=seconds)
    await bench.engine.schedule(Timer(id=timer_id, at=at, event=message(timer_id)))


async def test_timers_wait_for_the_database_too(bench: EmbeddedBench) -> None:
    """A due timer is neither lost nor fired twice by an outage."""
    recorder = Recorder()
    await _schedule(bench, "t", 10)
    bench.serve(recorder)
    await eventually(lambda: 10.0 in bench.clock.sleeping())
    await _set_read_only(bench, on=True)
    bench.clock.advance(10)
    await eventually(lambda: 5.0 in bench.clock.sleeping())
    await _set_read_only(bench, on=False)
    bench.clock.advance(5)
    await eventually(lambda: len(recorder.ended) == 1)
    assert (await bench.stats()).timers == 0


async def test_a_timer_that_cannot_be_read_any_more_does_not_stop_the_others(bench: EmbeddedBench) -> None:
    """It is dropped with a line in the log."""
    recorder = Recorder()
    await _schedule(bench, "broken", 1)
    await _schedule(bench, "good", 2)
    change = "UPDATE timers SET payload = '{}' WHERE id = 'broken'"
    await bench.database.write(lambda conn: conn.exec_driver_sql(change).close())
    bench.clock.advance(5)
    with capture_logs() as lines:
        bench.serve(recorder)
        await eventually(lambda: len(recorder.ended) == 1)
    assert [line["timer_id"] for line in lines if line["event"] == "timer_unreadable"] == ["broken"]


async def test_an_event_that_cannot_be_read_any_more_ends_dead(bench: EmbeddedBench) -> None:
    """After a restart its turn fails like any other and the conversation goes on."""
    recorder = Recorder()
    turn_id = await bench.engine.accept(message("a"))
    await bench.engine.accept(message("b"))
    change = "UPDATE inbound SET payload = '{}' WHERE event_id = 'a'"
    await bench.database.write(lambda conn: conn.exec_driver_sql(change).close())
    await bench.restart()
    bench.serve(recorder)

    async def dead() -> bool:
        bench.clock.advance(200)
        return await bench.engine.dead() == [turn_id]

    await eventually(dead)
    await eventually(lambda: recorder.ended == ["b"])


async def test_running_turns_can_be_seen(bench: EmbeddedBench) -> None:
    """With their conversation, attempt and age."""
    assert bench.engine.running() == []
    recorder = Recorder(blocks={"a"})
    bench.serve(recorder)
    turn_id = await bench.engine.accept(message("a"))
    await eventually(lambda: recorder.began == ["a"])
    bench.clock.advance(7)
    (seen,) = bench.engine.running()
    assert (seen.id, seen.key, seen.lane) == (turn_id, key("chat"), Lane.QUEUE)
    assert (seen.attempt, seen.seconds) == (1, 7)
    recorder.go.set()
    await eventually(lambda: bench.engine.running() == [])


async def test_the_oldest_waiting_turn_shows_in_the_stats(bench: EmbeddedBench) -> None:
    """For alerts: how long the oldest queued turn has waited."""
    await bench.engine.accept(message("a"))
    bench.clock.advance(30)
    await bench.engine.accept(message("b"))
    stats = await bench.stats()
    assert (stats.queued, stats.oldest_queued_seconds) == (2, 30)


async def test_pruning_forgets_old_finished_turns_only(bench: EmbeddedBench) -> None:
    """Open, recent and given-up turns stay, and so do their events."""
    recorder = Recorder(fails={"dead"})
    bench.serve(recorder)
    await bench.engine.accept(message("old"))
    await bench.engine.accept(message("dead", chat="other"))
    for attempt in range(1, 6):
        await eventually(lambda attempt=attempt: recorder.began.count("dead") == attempt)
        await idle(bench)
        bench.clock.advance(200)
    bench.clock.advance(86_400)
    recorder.blocks.add("open")
    await bench.engine.accept(message("recent"))
    await bench.engine.accept(message("open"))
    await eventually(lambda: recorder.began[-1] == "open")
    assert await bench.engine.prune(older_than_seconds=3_600) == 1
    assert (await _rows(bench, "turns"), await _rows(bench, "inbound")) == (3, 3)
    assert await bench.engine.accept(message("recent")) is None
    assert await bench.engine.accept(message("old")) is not None


async def test_pruning_forgets_what_was_refused_as_flood(bench: EmbeddedBench) -> None:
    """Otherwise a flood would stay in the database for ever."""
    engine = EmbeddedEngine(database=bench.database, clock=bench.clock, max_open_turns=1)
    for number in range(5):
        await engine.accept(message(str(number)))
    assert len(await engine.dead()) == 4
    bench.clock.advance(100)
    assert await engine.prune(older_than_seconds=50) == 4
    assert await _rows(bench, "inbound") == 1


async def test_beside_the_queue_ten_times_as_many_may_be_open(bench: EmbeddedBench) -> None:
    """Recordings posted faster than a group bears replies wait there, and hold up no question."""
    engine = EmbeddedEngine(database=bench.database, clock=bench.clock, max_open_turns=2)
    for number in range(21):
        await engine.accept(message(str(number)), lane=Lane.CONTROL)
    assert len(await engine.dead()) == 1
    await engine.accept(message("a question"))
    assert len(await engine.dead()) == 1


async def test_a_flood_is_one_line_in_the_log(bench: EmbeddedBench) -> None:
    """The log is not flooded in its turn."""
    bench.serve(Recorder(blocks={"0"}))
    with capture_logs() as lines:
        await asyncio.gather(*(bench.engine.accept(message(str(number))) for number in range(200)))
    assert [line["error"] for line in lines if line["event"] == "turn_dead"] == ["flood"]


async def test_the_log_names_the_turn_and_not_what_was_said(bench: EmbeddedBench) -> None:
    """turn_finished and turn_failed carry ids; the event's text is nowhere."""
    recorder = Recorder(fails={"fails"})
    with capture_logs() as lines:
        bench.serve(recorder)
        await bench.engine.accept(message("user text"))
        await bench.engine.accept(message("fails"))
        await eventually(lambda: any(line["event"] == "turn_failed" for line in lines))
    (finished,) = [line for line in lines if line["event"] == "turn_finished"]
    assert (finished["turn_id"], finished["conversation"], finished["attempt"]) == (1, "test/bot/chat/", 1)
    (failed,) = [line for line in lines if line["event"] == "turn_failed"]
    assert failed["error"] == "ValueError"
    assert "user text" not in repr(lines)


async def test_an_engine_serves_once_at_a_time(bench: EmbeddedBench) -> None:
    """A second serve() is a defect of the caller."""
    recorder = Recorder(blocks={"a"})
    bench.serve(recorder)
    await bench.engine.accept(message("a"))
    await eventually(lambda: recorder.began == ["a"])
    with pytest.raises(RuntimeError, match="serving already"):
        await bench.engine.serve(recorder)


async def test_a_cancelled_accept_is_worked_on_all_the_same(bench: EmbeddedBench) -> None:
    """Once asked for, the event is stored; the platform's copy of it is then a duplicate."""
    recorder = Recorder()
    bench.serve(recorder)
    await bench.engine.accept(message("a"))
    accepting = asyncio.create_task(bench.engine.accept(message("b")))
    await asyncio.sleep(0)
    accepting.cancel()
    await asyncio.wait({accepting})
    assert accepting.cancelled()
    await eventually(lambda: recorder.ended == ["a", "b"])
    assert await bench.engine.accept(message("b")) is None


async def test_nothing_is_kept_for_conversations_without_work(bench: EmbeddedBench) -> None:
    """A hundred thousand idle chats must cost nothing."""
    recorder = Recorder()
    bench.serve(recorder)
    await asyncio.gather(*(bench.engine.accept(message(str(n), chat=str(n))) for n in range(100)))
    await eventually(lambda: len(recorder.ended) == 100)
    mailboxes = bench.engine._mailboxes
    assert mailboxes is not None
    await eventually(lambda: not mailboxes._boxes and not mailboxes._works)


async def test_a_turn_that_vanished_is_dropped(bench: EmbeddedBench) -> None:
    """An operator may delete rows by hand; the conversation's other turns go on."""
    recorder = Recorder(blocks={"a"})
    bench.serve(recorder)
    await bench.engine.accept(message("a"))
    await eventually(lambda: recorder.began == ["a"])
    turn_id = await bench.engine.accept(message("b"))
    await bench.engine.accept(message("c"))

    def vanish(conn: Connection) -> None:
        conn.exec_driver_sql("DELETE FROM turns WHERE id = ?", (turn_id,))

    await bench.database.write(vanish)
    recorder.go.set()
    await eventually(lambda: recorder.ended == ["a", "c"])


async def test_an_error_after_finish_changes_nothing(bench: EmbeddedBench) -> None:
    """What is finished stays finished; the error is in the log."""
    calls: list[int] = []

    async def handler(turn: Turn) -> None:
        calls.append(turn.id)
        await turn.finish(lambda _: None)
        raise ValueError("too late")

    with capture_logs() as lines:
        bench.serve(handler)
        await bench.engine.accept(message("a"))
        await bench.engine.accept(message("b"))
        await eventually(lambda: [line["event"] for line in lines].count("turn_raised_after_finish") == 2)
    assert len(calls) == 2
    assert await bench.engine.stop(key("chat"), reason=CancelReason.USER) == []


@pytest.mark.parametrize("fails", [False, True])
async def test_a_turn_that_vanished_while_it_ran_is_let_go(bench: EmbeddedBench, fails: bool) -> None:
    """However its handler ends, there is nothing to store, and the conversation goes on."""
    recorder = Recorder(blocks={"a"}, fails={"a"} if fails else set())
    bench.serve(recorder)
    await bench.engine.accept(message("a"))
    await bench.engine.accept(message("b"))
    await eventually(lambda: recorder.began == ["a"])
    change = "DELETE FROM turns WHERE state = 'running'"
    await bench.database.write(lambda conn: conn.exec_driver_sql(change).close())
    with capture_logs() as lines:
        recorder.go.set()
        await eventually(lambda: recorder.ended[-1:] == ["b"])
    assert [line["turn_id"] for line in lines if line["event"] == "turn_fenced"] == [1]


async def test_a_shutdown_that_cannot_be_stored_costs_an_attempt(bench: EmbeddedBench) -> None:
    """The turn is found running at the next start and taken over as after a crash."""
    recorder = Recorder(blocks={"a"})
    bench.serve(recorder)
    await bench.engine.accept(message("a"))
    await eventually(lambda: recorder.began == ["a"])
    await _set_read_only(bench, on=True)
    await bench.restart()
    assert (await bench.stats()).running == 1
    recorder.go.set()
    bench.serve(recorder)
    await eventually(lambda: recorder.ended == ["a"])
    assert recorder.attempts == [1, 2]
    failures = "SELECT failures FROM turns"
    assert await bench.database.read(lambda conn: conn.exec_driver_sql(failures).scalar()) == 1


async def test_a_defect_in_one_mailbox_leaves_the_others_alone(
    bench: EmbeddedBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of the engine's own is logged; the turn is tried again after a pause."""
    run = Runner.run
    broken = {1}

    async def run_or_break(self: Runner, work: Work) -> bool:
        if work.id in broken:
            broken.clear()
            raise LookupError("a defect")
        return await run(self, work)

    monkeypatch.setattr(Runner, "run", run_or_break)
    recorder = Recorder()
    bench.serve(recorder)
    await bench.engine.accept(message("a"))
    await bench.engine.accept(message("b", chat="other"))
    await eventually(lambda: recorder.ended == ["b"])
    await eventually(lambda: 5.0 in bench.clock.sleeping())
    bench.clock.advance(5.0)
    await eventually(lambda: recorder.ended == ["b", "a"])

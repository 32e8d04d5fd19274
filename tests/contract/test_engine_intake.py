"""The engine's contract: what is accepted is worked on once, in order, one at a time a conversation."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from dataclasses import replace

from bot.ports import Lane, Turn
from tests.contract.engine_bench import EngineBench, Recorder, eventually, key, message, note


async def test_the_same_event_makes_one_turn(bench: EngineBench) -> None:
    """Five copies at once give one turn id and four times None; so does a copy after the turn is done."""
    recorder = Recorder()
    bench.serve(recorder)
    ids = await asyncio.gather(*(bench.engine.accept(message("a")) for _ in range(5)))
    assert sum(turn_id is not None for turn_id in ids) == 1
    await eventually(lambda: recorder.ended == ["a"])
    assert await bench.engine.accept(message("a")) is None
    assert await bench.engine.accept(message("b")) is not None
    await eventually(lambda: recorder.ended == ["a", "b"])


async def test_the_same_event_id_from_another_account_is_another_event(bench: EngineBench) -> None:
    """Event ids are unique only within a platform's account."""
    first = message("a")
    other = replace(first, key=replace(key("chat"), account="second"))
    assert await bench.engine.accept(first) is not None
    assert await bench.engine.accept(other) is not None


async def test_messages_of_a_conversation_are_handled_in_order_without_overlap(bench: EngineBench) -> None:
    """Four hundred messages over twenty conversations: each conversation sees its own in order, alone."""
    chance = random.Random(7)
    busy: set[str] = set()
    seen: dict[str, list[int]] = defaultdict(list)
    two_at_once = asyncio.Event()

    async def handler(turn: Turn) -> None:
        chat = turn.key.chat
        assert chat not in busy
        busy.add(chat)
        if len(busy) > 1:
            two_at_once.set()
        await two_at_once.wait()
        await asyncio.sleep(chance.uniform(0, 0.004))
        seen[chat].append(int(turn.events[0].event_id))
        busy.discard(chat)

    bench.serve(handler)
    for begin in range(0, 400, 40):
        chats = [(number, f"chat {chance.randrange(20)}") for number in range(begin, begin + 40)]
        await asyncio.gather(*(bench.engine.accept(message(str(n), chat)) for n, chat in chats))
    await eventually(lambda: sum(len(numbers) for numbers in seen.values()) == 400)
    assert all(numbers == sorted(numbers) for numbers in seen.values())
    assert (await bench.stats()).dead == 0


async def test_what_is_accepted_before_serving_is_served(bench: EngineBench) -> None:
    """A platform may deliver while the service still starts."""
    for name in ("a", "b"):
        await bench.engine.accept(message(name))
    recorder = Recorder()
    bench.serve(recorder)
    await bench.engine.accept(message("c"))
    await eventually(lambda: recorder.ended == ["a", "b", "c"])


async def test_a_held_turn_gathers_what_joins_it(bench: EngineBench) -> None:
    """Events with the same join become one turn, which starts when the last hold is over."""
    recorder = Recorder()
    bench.serve(recorder)
    first = await bench.engine.accept(message("a"), join="album", hold_seconds=1.0)
    bench.clock.advance(0.75)
    assert await bench.engine.accept(message("b"), join="album", hold_seconds=1.0) == first
    bench.clock.advance(0.75)
    assert await bench.engine.accept(message("c"), join="album", hold_seconds=1.0) == first
    assert recorder.began == []
    bench.clock.advance(1.0)
    await eventually(lambda: recorder.ended == ["a+b+c"])


async def test_a_joining_event_without_a_hold_releases_the_turn(bench: EngineBench) -> None:
    """The last event's own hold decides: none means now."""
    recorder = Recorder()
    bench.serve(recorder)
    await bench.engine.accept(message("a"), join="long text", hold_seconds=60.0)
    await bench.engine.accept(message("b"), join="long text")
    await eventually(lambda: recorder.ended == ["a+b"])


async def test_only_the_same_join_of_the_same_conversation_joins(bench: EngineBench) -> None:
    """Another join, no join or another chat makes another turn; a hold that is over takes nothing more."""
    ids = [
        await bench.engine.accept(message("a"), join="one", hold_seconds=1.0),
        await bench.engine.accept(message("b"), join="two", hold_seconds=1.0),
        await bench.engine.accept(message("c"), hold_seconds=1.0),
        await bench.engine.accept(message("d", chat="other"), join="one", hold_seconds=1.0),
    ]
    bench.clock.advance(1.5)
    ids.append(await bench.engine.accept(message("e"), join="one", hold_seconds=1.0))
    assert len(set(ids)) == 5


async def test_a_later_message_waits_for_the_held_one(bench: EngineBench) -> None:
    """Order is by the turn's beginning, also when it is held."""
    recorder = Recorder()
    bench.serve(recorder)
    await bench.engine.accept(message("a"), join="album", hold_seconds=1.0)
    await bench.engine.accept(message("b"))
    await bench.engine.accept(message("c"), join="album", hold_seconds=1.0)
    bench.clock.advance(1.0)
    await eventually(lambda: recorder.ended == ["a+c", "b"])


async def test_a_hold_survives_a_restart(bench: EngineBench) -> None:
    """The turn is still held, still takes what joins it, and starts when its time has come."""
    first = await bench.engine.accept(message("a"), join="album", hold_seconds=5.0)
    await bench.restart()
    recorder = Recorder()
    bench.serve(recorder)
    assert await bench.engine.accept(message("b"), join="album", hold_seconds=5.0) == first
    bench.clock.advance(4.0)
    assert recorder.began == []
    bench.clock.advance(1.0)
    await eventually(lambda: recorder.ended == ["a+b"])


async def test_a_control_turn_passes_the_queue(bench: EngineBench) -> None:
    """It runs beside the running turn of its conversation and before those that wait."""
    recorder = Recorder(blocks={"a"})
    bench.serve(recorder)
    await bench.engine.accept(message("a"))
    await eventually(lambda: recorder.began == ["a"])
    await bench.engine.accept(message("b"))
    await bench.engine.accept(message("stop"), lane=Lane.CONTROL)
    await eventually(lambda: recorder.ended == ["stop"])
    recorder.go.set()
    await eventually(lambda: recorder.ended == ["stop", "a", "b"])


async def test_a_flood_is_cut_off_and_the_rest_is_served(bench: EngineBench) -> None:
    """Beyond fifty open turns a conversation's events are stored and given up; others do not notice."""
    recorder = Recorder(blocks={"0"})
    bench.serve(recorder)
    ids = await asyncio.gather(*(bench.engine.accept(message(str(n), "flooder")) for n in range(300)))
    assert len(set(ids)) == 300
    await bench.engine.accept(message("calm", "other"))
    await eventually(lambda: recorder.ended == ["calm"])

    async def counted() -> bool:
        stats = await bench.stats()
        return (stats.queued, stats.running, stats.dead) == (49, 1, 250)

    await eventually(counted)
    assert await bench.engine.accept(message("299", "flooder")) is None
    recorder.go.set()
    await eventually(lambda: recorder.ended == ["calm", *map(str, range(50))])
    await bench.engine.accept(message("later", "flooder"))
    await eventually(lambda: recorder.ended[-1] == "later")


async def test_a_finished_turn_is_not_run_again(bench: EngineBench) -> None:
    """finish() stores its change and the end of the turn together."""

    async def handler(turn: Turn) -> None:
        await turn.effect(note("effect"))
        assert await turn.finish(lambda conn: note("finish")(conn) or "result") == "result"

    bench.serve(handler)
    await bench.engine.accept(message("a"))

    async def done() -> bool:
        return await bench.notes() == ["effect", "finish"]

    await eventually(done)
    await bench.restart()
    recorder = Recorder()
    bench.serve(recorder)
    await bench.engine.accept(message("b"))
    await eventually(lambda: recorder.ended == ["b"])
    assert recorder.began == ["b"]

"""A chat that gets a new id takes its open turns, history and settings along."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from sqlalchemy import Connection

from bot.messages import ConversationKey, Edited
from bot.ports import CancelReason, Timer, Turn
from tests.contract.engine_bench import EmbeddedBench, Recorder, eventually, key, message

_ROWS = """
INSERT INTO exchanges (turn_id, conversation, request, created_at) VALUES (1, 'test/bot/old/', '?', 1);
INSERT INTO exchanges (turn_id, conversation, request, created_at) VALUES (2, 'test/bot/old/7', '?', 1);
INSERT INTO exchanges (turn_id, conversation, request, created_at) VALUES (3, 'test/bot/older/', '?', 1);
INSERT INTO summaries (turn_id, conversation, text, created_at) VALUES (1, 'test/bot/old/', '', 1);
INSERT INTO deliveries (turn_id, part, conversation) VALUES (1, 0, 'test/bot/old/');
INSERT INTO conversations (key, head) VALUES ('test/bot/old/', 1);
INSERT INTO conversations (key, head) VALUES ('test/bot/old/7', 2);
INSERT INTO conversations (key, head) VALUES ('test/bot/new/7', NULL);
INSERT INTO chats (peer, settings, closed_at) VALUES ('test/bot/old/', '{"a": 1, "b": 1}', 5);
"""


async def _fill(bench: EmbeddedBench, script: str) -> None:
    def change(conn: Connection) -> None:
        for statement in script.split(";"):
            conn.exec_driver_sql(statement)

    await bench.database.write(change)


async def _all(bench: EmbeddedBench, query: str) -> list[tuple[object, ...]]:
    return await bench.database.read(lambda conn: [tuple(row) for row in conn.exec_driver_sql(query)])


async def _rekey(bench: EmbeddedBench, old: str = "old", new: str = "new") -> None:
    await bench.engine.rekey(platform="test", account="bot", old_chat=old, new_chat=new)


async def test_everything_stored_moves(bench: EmbeddedBench) -> None:
    """All threads of the chat, and of no other chat; an empty place in the new chat is filled."""
    await _fill(bench, _ROWS)
    await _rekey(bench)
    assert await _all(bench, "SELECT conversation FROM exchanges ORDER BY turn_id") == [
        ("test/bot/new/",),
        ("test/bot/new/7",),
        ("test/bot/older/",),
    ]
    assert await _all(bench, "SELECT conversation FROM summaries") == [("test/bot/new/",)]
    assert await _all(bench, "SELECT key, head FROM conversations ORDER BY key") == [
        ("test/bot/new/", 1),
        ("test/bot/new/7", 2),
    ]
    assert await _all(bench, "SELECT peer, settings, closed_at FROM chats") == [
        ("test/bot/new/", '{"a": 1, "b": 1}', None)
    ]


async def test_message_ids_of_the_old_chat_are_forgotten(bench: EmbeddedBench) -> None:
    """The new chat numbers its messages anew: an old id must not name another message there."""
    await _fill(bench, _ROWS)
    await _fill(bench, "UPDATE exchanges SET message_id = '5'")
    await _rekey(bench)
    assert await _all(bench, "SELECT message_id FROM exchanges ORDER BY turn_id") == [("",), ("",), ("5",)]
    assert await _all(bench, "SELECT * FROM deliveries") == []


async def test_what_the_new_chat_has_is_kept(bench: EmbeddedBench) -> None:
    """Its own place in history and its own settings win; the others are added."""
    await _fill(bench, _ROWS)
    await _fill(
        bench,
        "INSERT INTO conversations (key, head) VALUES ('test/bot/new/', 9);"
        """INSERT INTO chats (peer, settings) VALUES ('test/bot/new/', '{"b": 2, "c": 2}')""",
    )
    await _rekey(bench)
    heads = await _all(bench, "SELECT key, head FROM conversations ORDER BY key")
    assert heads[0] == ("test/bot/new/", 9)
    assert await _all(bench, "SELECT settings FROM chats") == [('{"a":1,"b":2,"c":2}',)]


async def test_the_running_turn_and_those_behind_it_follow(bench: EmbeddedBench) -> None:
    """The turn at work sees its new key at once; the waiting ones stay behind it, new ones behind them."""
    recorder = Recorder(blocks={"a"})
    bench.serve(recorder)
    await bench.engine.accept(message("a", chat="old"))
    await bench.engine.accept(message("b", chat="old"))
    await eventually(lambda: recorder.began == ["a"])
    await _rekey(bench)
    assert recorder.turns[0].key == key("new")
    assert recorder.turns[0].events[0].key == key("new")
    await bench.engine.accept(message("c", chat="new"))
    assert recorder.began == ["a"]
    recorder.go.set()
    await eventually(lambda: recorder.ended == ["a", "b", "c"])
    assert {turn.key for turn in recorder.turns} == {key("new")}
    assert await _all(bench, "SELECT DISTINCT conversation FROM inbound") == [("test/bot/new/",)]


async def test_a_moved_turn_can_be_stopped_under_its_new_key(bench: EmbeddedBench) -> None:
    """And not under the old one."""
    recorder = Recorder(blocks={"a"})
    bench.serve(recorder)
    turn_id = await bench.engine.accept(message("a", chat="old"))
    await eventually(lambda: recorder.began == ["a"])
    await _rekey(bench)
    assert await bench.engine.stop(key("old"), reason=CancelReason.USER) == []
    assert await bench.engine.stop(key("new"), reason=CancelReason.USER) == [turn_id]
    await eventually(lambda: recorder.cancelled == [("a", CancelReason.USER)])


async def test_two_busy_chats_become_one_queue(bench: EmbeddedBench) -> None:
    """What runs in both goes on; nothing new starts before both are done, then all goes in order."""
    recorder = Recorder(blocks={"a", "b"})
    bench.serve(recorder)
    await bench.engine.accept(message("a", chat="old"))
    await bench.engine.accept(message("b", chat="new"))
    await bench.engine.accept(message("c", chat="new"))
    await bench.engine.accept(message("d", chat="old"))
    await eventually(lambda: sorted(recorder.began) == ["a", "b"])
    await _rekey(bench)
    await bench.engine.accept(message("e", chat="new"))
    await bench.engine.stop(key("new"), reason=CancelReason.USER, turn_id=2)
    await eventually(lambda: recorder.cancelled == [("b", CancelReason.USER)])

    async def settled() -> bool:
        return (await bench.stats()).running == 1

    await eventually(settled)
    assert len(recorder.began) == 2
    recorder.go.set()
    await eventually(lambda: recorder.ended == ["a", "c", "d", "e"])


async def test_a_turn_may_move_its_own_chat(bench: EmbeddedBench) -> None:
    """A handler that learns of the move while it sends rekeys and goes on under the new key."""
    seen: list[ConversationKey] = []

    async def handler(turn: Turn) -> None:
        if turn.key == key("old"):
            await _rekey(bench)
        seen.append(turn.key)
        await turn.finish(lambda _: None)

    bench.serve(handler)
    await asyncio.gather(*(bench.engine.accept(message(name, chat="old")) for name in "ab"))
    await eventually(lambda: seen == [key("new")] * 2)


async def test_timers_move_with_their_events(bench: EmbeddedBench) -> None:
    """A reminder set in the old chat comes up in the new one, also after a restart."""
    at = bench.clock.now() + timedelta(seconds=10)
    await bench.engine.schedule(Timer(id="t", at=at, event=message("t", chat="old")))
    await bench.engine.accept(message("a", chat="old"))
    await _rekey(bench)
    await bench.restart()
    recorder = Recorder()
    bench.serve(recorder)
    bench.clock.advance(10)
    await eventually(lambda: len(recorder.ended) == 2)
    assert [(turn.key, turn.events[0].key) for turn in recorder.turns] == [(key("new"), key("new"))] * 2


async def test_moving_a_chat_to_itself_changes_nothing(bench: EmbeddedBench) -> None:
    """A platform may repeat the news."""
    await _fill(bench, _ROWS)
    await _rekey(bench, "old", "old")
    await _rekey(bench)
    await _rekey(bench)
    assert len(await _all(bench, "SELECT 1 FROM conversations WHERE key = 'test/bot/new/'")) == 1


async def test_an_edit_moves_with_the_message_in_it(bench: EmbeddedBench) -> None:
    """Both name the new chat when the turn comes up."""
    edit = Edited(event_id="e", key=key("old"), message=message("a", chat="old"))
    await bench.engine.accept(edit)
    await _rekey(bench)
    recorder = Recorder()
    bench.serve(recorder)
    await eventually(lambda: len(recorder.ended) == 1)
    (event,) = recorder.turns[0].events
    assert isinstance(event, Edited)
    assert (event.key, event.message.key) == (key("new"), key("new"))

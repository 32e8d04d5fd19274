"""Long polling loses nothing, takes nothing in twice, and is stopped by nothing but its cancellation."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

import pytest
import structlog

from adapters.telegram.client import ApiClient
from adapters.telegram.polling import Poller
from bot.messages import Incoming, StopPressed, Unreadable
from tests.fakes.telegram import (
    ApiError,
    FakeTelegram,
    PrivateChat,
    bad_gateway,
    conflict,
    flood_wait,
    server_error,
)

from .support import ME, HastyClock, Store, backoff, running, until


@dataclass(slots=True, kw_only=True)
class Desk:
    """A platform, somebody who writes there, and what a poller needs to receive it."""

    telegram: FakeTelegram
    client: ApiClient
    ann: PrivateChat
    clock: HastyClock
    store: Store
    readiness: list[str] = field(default_factory=list)

    def polling(self) -> AbstractAsyncContextManager[asyncio.Task[None]]:
        """A poller at work."""
        poller = Poller(client=self.client, me=ME, clock=self.clock, backoff=backoff())
        return running(poller.run(self.store.submit, lambda: self.readiness.append("ready")))


@pytest.fixture
def desk(
    telegram: FakeTelegram, client: ApiClient, ann: PrivateChat, clock: HastyClock, store: Store
) -> Desk:
    """Everything in place; nobody polls yet."""
    return Desk(telegram=telegram, client=client, ann=ann, clock=clock, store=store)


async def test_messages_are_stored_and_then_confirmed(desk: Desk) -> None:
    """What waited before the start and what comes later arrives once, in order, then is confirmed."""
    await desk.ann.say("one")
    async with desk.polling():
        await until(lambda: desk.store.texts == ["one"])
        await desk.ann.say("two")
        await until(lambda: desk.store.texts == ["one", "two"])
        await until(lambda: desk.telegram.unconfirmed == 0)
    assert desk.readiness == ["ready"]
    assert desk.store.submitted == list(desk.store.events)
    assert desk.telegram.violations == []


async def test_only_updates_of_use_are_asked_for(desk: Desk) -> None:
    """The kinds are named, since the server remembers whatever an earlier program asked for."""
    async with desk.polling():
        await until(lambda: len(desk.telegram.calls_of("getUpdates")) >= 2)
    first, second = desk.telegram.calls_of("getUpdates")[:2]
    assert "stopped_message_generation" in first.params["allowed_updates"]
    assert (first.params["timeout"], second.params["timeout"]) == (0, 30)


async def test_a_malformed_update_stops_nobody(desk: Desk) -> None:
    """It is recorded as unreadable, and the messages around it arrive."""
    await desk.ann.say("before")
    desk.telegram.push_raw({"message": {"message_id": "?", "chat": {"id": desk.ann.id}}})
    desk.telegram.push_raw({"update_id": "x", "message": {}})
    await desk.ann.say("after")
    async with desk.polling():
        await until(lambda: desk.store.texts == ["before", "after"])
        await until(lambda: desk.telegram.unconfirmed == 0)
    (bad,) = [event for event in desk.store.events.values() if isinstance(event, Unreadable)]
    assert bad.key.chat == str(desk.ann.id)


async def test_nothing_is_lost_while_storage_is_down(desk: Desk) -> None:
    """Unstored updates stay with Telegram and come again; those stored meanwhile are not handed in twice."""
    bob = desk.telegram.private(desk.telegram.person("Bob"))
    await desk.ann.say("a1")
    await desk.ann.say("a2 fails")
    await desk.ann.say("a3")
    await bob.say("b1")
    desk.store.is_down = lambda event: isinstance(event, Incoming) and "fails" in event.text
    async with desk.polling():
        await until(lambda: len(desk.store.submitted) >= 6)
        assert sorted(desk.store.texts) == ["a1", "b1"]
        assert desk.telegram.unconfirmed == 3
        desk.store.is_down = lambda event: False
        await until(lambda: desk.telegram.unconfirmed == 0)
    assert [text for text in desk.store.texts if text.startswith("a")] == ["a1", "a2 fails", "a3"]
    assert [desk.store.submitted.count(known) for known in desk.store.events].count(1) == 3
    assert max(desk.clock.naps) > 1


async def test_an_event_the_core_fails_on_is_recorded_as_unreadable(desk: Desk) -> None:
    """A defect behind the seam costs its message, not the service."""
    desk.store.breaks_on = lambda event: isinstance(event, Incoming) and event.text == "cursed"
    await desk.ann.say("cursed")
    await desk.ann.say("fine")
    async with desk.polling():
        await until(lambda: desk.store.texts == ["fine"])
        await until(lambda: desk.telegram.unconfirmed == 0)
    assert any(isinstance(event, Unreadable) for event in desk.store.events.values())


async def test_not_even_a_double_failure_loses_an_update(desk: Desk) -> None:
    """When the stand-in cannot be stored either, the update stays with Telegram."""
    desk.store.breaks_on = lambda event: isinstance(event, Incoming)
    desk.store.is_down = lambda event: isinstance(event, Unreadable)
    await desk.ann.say("doubly cursed")
    async with desk.polling():
        await until(lambda: len(desk.store.submitted) >= 4)
        assert desk.telegram.unconfirmed == 1
        # Not the stand-in: it may be on its way for a message that could not be stored a moment ago.
        desk.store.breaks_on = lambda event: False
        await until(lambda: desk.store.texts == ["doubly cursed"])


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(conflict("terminated by other getUpdates request"), id="409"),
        pytest.param(conflict("can't use getUpdates method while webhook is active"), id="webhook"),
        pytest.param(ApiError(401, "Unauthorized"), id="401"),
        pytest.param(server_error(500), id="500"),
        pytest.param(bad_gateway(), id="HTML"),
        pytest.param(ApiError(200, "odd"), id="refusal with 200"),
    ],
)
async def test_troubles_of_the_server_are_sat_out(desk: Desk, trouble: ApiError) -> None:
    """Each failed poll waits longer than the one before, and then messages arrive as if nothing had been."""
    desk.telegram.fail("getUpdates", trouble, times=4)
    await desk.ann.say("patience")
    async with desk.polling():
        await until(lambda: desk.store.texts == ["patience"])
    first, *_, last = desk.clock.naps[:4]
    assert 0.5 <= first <= 1.0
    assert 4.0 <= last <= 8.0
    assert desk.readiness == ["ready"]


async def test_a_conflict_is_told_in_one_line(desk: Desk) -> None:
    """The operator reads what to do, and no token."""
    desk.telegram.fail("getUpdates", conflict("terminated by other getUpdates request"))
    with structlog.testing.capture_logs() as lines:
        async with desk.polling():
            await until(lambda: desk.readiness)
    (line,) = [line for line in lines if line["event"] == "telegram_polling_conflict"]
    assert "other process" in line["remedy"]
    assert desk.telegram.token not in str(lines)


async def test_a_webhook_left_by_another_program_is_removed(desk: Desk) -> None:
    """Polling starts by taking the webhook away, and does so again when one appears; no update is dropped."""
    await desk.client.call("setWebhook", {"url": "https://127.0.0.1:9/hook"})
    await desk.ann.say("kept")
    async with desk.polling():
        await until(lambda: desk.store.texts == ["kept"])
        await desk.client.call("setWebhook", {"url": "https://127.0.0.1:9/hook"})
        await desk.ann.say("kept too")
        await until(lambda: desk.store.texts == ["kept", "kept too"])


async def test_a_flood_wait_is_kept(desk: Desk) -> None:
    """The server's own figure counts when it is the longer one."""
    desk.telegram.fail("getUpdates", flood_wait(17))
    async with desk.polling():
        await until(lambda: desk.readiness)
    assert desk.clock.naps[0] == 17


async def test_an_outage_is_survived(desk: Desk) -> None:
    """Connections that break and are refused for a while cost nothing but time."""
    async with desk.polling():
        await until(lambda: desk.readiness)
        await desk.telegram.refuse_connections()
        await desk.ann.say("during")
        await until(lambda: len(desk.clock.naps) > 2)
        await desk.telegram.accept_connections()
        await until(lambda: desk.store.texts == ["during"])


async def test_a_lost_answer_brings_the_updates_again_but_not_twice(desk: Desk) -> None:
    """The offset moves by what was stored, so an answer lost on the way is asked for again."""
    await desk.ann.say("once")
    desk.telegram.drop_answer("getUpdates", times=2)
    async with desk.polling():
        await until(lambda: desk.telegram.unconfirmed == 0)
    assert desk.store.submitted == list(desk.store.events)
    assert desk.store.texts == ["once"]


async def test_a_server_that_does_not_wait_is_not_spun_with(desk: Desk) -> None:
    """An empty answer that comes at once is followed by a pause."""
    desk.telegram.world.updates.poll = _at_once  # type: ignore[method-assign]  # a proxy that cuts long polls short
    async with desk.polling():
        await until(lambda: len(desk.clock.naps) >= 3)
    assert min(desk.clock.naps) > 0.5


async def _at_once(**_: Any) -> list[Any]:
    return []


async def test_an_answer_that_is_no_list_is_asked_for_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says nothing about updates, so nothing is confirmed by it."""

    async def odd(**_: Any) -> Any:
        return "odd"

    monkeypatch.setattr(desk.telegram.world.updates, "poll", odd)
    await desk.ann.say("kept")
    async with desk.polling():
        await until(lambda: desk.clock.naps)
        monkeypatch.undo()
        await until(lambda: desk.store.texts == ["kept"])


async def test_the_stop_button_arrives(desk: Desk) -> None:
    """A pressed stop under a draft comes through the same loop."""
    await desk.client.call(
        "sendMessageDraft", {"chat_id": desk.ann.id, "draft_id": 4, "text": "…", "can_stop": True}
    )
    async with desk.polling():
        assert desk.ann.draft is not None
        await desk.ann.press_stop(desk.ann.draft)
        await until(lambda: desk.store.events)
    assert isinstance(next(iter(desk.store.events.values())), StopPressed)


async def test_cancelling_ends_a_waiting_poll_at_once(desk: Desk) -> None:
    """A poll that would wait half a minute does not hold up the shutdown."""
    async with desk.polling() as task:
        await until(lambda: len(desk.telegram.calls_of("getUpdates")) >= 2)
        task.cancel()
        async with asyncio.timeout(20):
            await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()

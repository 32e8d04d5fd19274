"""The adapter as the core sees it."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestServer

from adapters.telegram.adapter import TelegramAdapter
from bot.errors import ConfigurationError
from bot.messages import ButtonPressed, ChatKind, Incoming
from bot.ports import (
    Adapter,
    AnswersButtons,
    Button,
    Deletes,
    Fidelity,
    MenuCommand,
    Previews,
    Reclaims,
    Routed,
)
from bot.rendering import parse
from tests.fakes.telegram import ApiError, FakeTelegram, PrivateChat, bad_gateway, bad_request, flood_wait

from .support import PATIENCE_SECONDS, HastyClock, Store, running, until

MENU = (MenuCommand(name="new", descriptions={"en": "Start over"}),)


def make(telegram: FakeTelegram, clock: HastyClock, **options: Any) -> TelegramAdapter:
    """An adapter for the fake platform."""
    return TelegramAdapter(
        token=telegram.token,
        api_base_url=telegram.url,
        clock=clock,
        menu=MENU,
        rng=random.Random(7),
        **options,
    )


@pytest.fixture
async def adapter(telegram: FakeTelegram, clock: HastyClock, store: Store) -> AsyncIterator[TelegramAdapter]:
    """An adapter at work."""
    adapter = make(telegram, clock)
    ready = asyncio.Event()
    async with running(adapter.run(store.submit, ready.set)):
        async with asyncio.timeout(PATIENCE_SECONDS):
            await ready.wait()
        yield adapter


def test_it_has_every_optional_part(telegram: FakeTelegram, clock: HastyClock) -> None:
    """The core finds out by Protocol what the platform can do."""
    adapter: Adapter = make(telegram, clock)
    for part in (Deletes, AnswersButtons, Previews, Reclaims, Routed):
        assert isinstance(adapter, part)
    assert (adapter.name, adapter.capabilities.max_text_units) == ("telegram", 4096)
    assert adapter.capabilities.pace[ChatKind.PRIVATE].interval_seconds < 2
    assert adapter.capabilities.best_fidelity is Fidelity.RICH


async def test_a_conversation(
    telegram: FakeTelegram, adapter: TelegramAdapter, ann: PrivateChat, store: Store
) -> None:
    """Question in, typing, answer out, button pressed, answer edited."""
    await ann.say("What is 6 × 7?")
    await until(lambda: store.events)
    (question,) = store.events.values()
    assert isinstance(question, Incoming)
    assert question.key.account == adapter.account
    await adapter.typing(question.key)
    assert ann.action == "typing"
    (content,) = adapter.render(parse("**42**"), fidelity=Fidelity.FORMATTED)
    rows = [[Button(label="Why?", data="why:1")]]
    sent = await adapter.send(question.key, content, reply_to=question.message_id, buttons=rows)
    answer = ann.push_button(ann.last, "Why?")
    await until(lambda: len(store.events) == 2)
    pressed = list(store.events.values())[1]
    assert isinstance(pressed, ButtonPressed)
    assert (pressed.data, pressed.message_id) == ("why:1", sent)
    await adapter.answer_button(pressed.answer_id, "Because")
    assert (await answer).text == "Because"
    (content,) = adapter.render(parse("**42**, as ever"), fidelity=Fidelity.RICH)
    await adapter.edit(question.key, sent, content)
    assert ann.last.text == "42, as ever"
    await adapter.delete(question.key, [sent])
    assert ann.bot_messages == []
    assert telegram.violations == []
    assert telegram.rejected == []


async def test_menus_do_not_hold_up_messages(
    telegram: FakeTelegram, clock: HastyClock, store: Store, ann: PrivateChat
) -> None:
    """However slow the menus are, the first message is taken in."""
    telegram.delay("getMyCommands", 60, times=None)
    await ann.say("first")
    async with running(make(telegram, clock).run(store.submit, lambda: None)):
        await until(lambda: store.texts == ["first"])
    assert telegram.commands() == []


async def test_menus_are_published(telegram: FakeTelegram, adapter: TelegramAdapter) -> None:
    """People see the commands soon after the start."""
    await telegram.until(lambda: telegram.commands("all_group_chats"))


@pytest.mark.parametrize("refusal", [ApiError(401, "Unauthorized"), ApiError(404, "Not Found")], ids=str)
async def test_an_unknown_token_is_a_matter_of_configuration(
    telegram: FakeTelegram, clock: HastyClock, store: Store, refusal: ApiError
) -> None:
    """The operator reads which setting is wrong, and not the token itself."""
    telegram.fail("getMe", refusal)
    with pytest.raises(ConfigurationError, match="TELEGRAM_BOT_TOKEN") as caught:
        await make(telegram, clock).run(store.submit, lambda: None)
    assert telegram.token not in str(caught.value)


@pytest.mark.parametrize("token", ["", "abc", "abc:def", "12 3:x", "1:", ":"])
def test_what_is_no_token_is_refused_unread(token: str, clock: HastyClock) -> None:
    """Nothing is called with it, and it is not repeated."""
    with pytest.raises(ConfigurationError, match="TELEGRAM_BOT_TOKEN") as caught:
        TelegramAdapter(token=token, clock=clock)
    assert len(token) < 3 or token not in str(caught.value)


@pytest.mark.parametrize("trouble", [bad_gateway(), flood_wait(9), bad_request("odd")], ids=str)
async def test_a_server_in_trouble_is_waited_for(
    telegram: FakeTelegram, clock: HastyClock, store: Store, trouble: ApiError
) -> None:
    """The service starts when the platform does."""
    telegram.fail("getMe", trouble, times=3)
    ready: list[str] = []
    async with running(make(telegram, clock).run(store.submit, lambda: ready.append("ready"))):
        await until(lambda: ready)
    assert min(clock.naps[:3]) >= (trouble.retry_after or 0.5)


async def test_a_start_without_network_is_waited_out(
    telegram: FakeTelegram, clock: HastyClock, store: Store
) -> None:
    """Refused connections are no reason to give up."""
    await telegram.refuse_connections()
    ready: list[str] = []
    async with running(make(telegram, clock).run(store.submit, lambda: ready.append("ready"))):
        await until(lambda: len(clock.naps) > 3)
        await telegram.accept_connections()
        await until(lambda: ready)


async def test_no_line_of_the_log_holds_the_token(
    telegram: FakeTelegram, clock: HastyClock, store: Store
) -> None:
    """Not even with debugging on, through outages and refusals."""
    with structlog.testing.capture_logs() as lines:
        telegram.fail("*", bad_gateway(), times=3)
        async with running(make(telegram, clock).run(store.submit, lambda: None)):
            await telegram.until(lambda: telegram.calls_of("getUpdates"))
            await telegram.refuse_connections()
            await until(lambda: len(clock.naps) > 6)
    assert lines
    assert telegram.token not in str(lines)


async def test_a_late_call_after_the_end_still_gets_through(
    telegram: FakeTelegram, clock: HastyClock, store: Store, ann: PrivateChat
) -> None:
    """At shutdown replies are finished after receiving has ended; no connection stays open behind them."""
    adapter = make(telegram, clock)
    await ann.say("go on")
    async with running(adapter.run(store.submit, lambda: None)):
        await until(lambda: store.events)
    (question,) = store.events.values()
    (content,) = adapter.render(parse("goodbye"), fidelity=Fidelity.FORMATTED)
    await adapter.send(question.key, content)
    assert ann.last.text == "goodbye"


async def test_drafts_files_and_lost_messages_are_reached_through_it(
    telegram: FakeTelegram, adapter: TelegramAdapter, ann: PrivateChat, store: Store
) -> None:
    """The optional parts work on the same conversation."""
    message = await ann.send_voice(b"OggS" * 100)
    await until(lambda: store.events)
    (heard,) = store.events.values()
    assert isinstance(heard, Incoming)
    async with adapter.fetch(heard.attachments[0]) as chunks:
        assert b"".join([chunk async for chunk in chunks]) == b"OggS" * 100
    (content,) = adapter.render(parse("You said"), fidelity=Fidelity.FORMATTED)
    assert adapter.can_preview(heard.key, heard.chat_kind)
    await adapter.preview(heard.key, 9, content)
    assert ann.draft is not None
    sent = await adapter.send(heard.key, content)
    assert await adapter.reclaim(heard.key, content, after=str(message.message_id), taken=()) == sent


async def test_a_server_that_answers_nonsense_is_waited_for(clock: HastyClock, store: Store) -> None:
    """A captive portal that says yes to everything is not the Bot API, and is not spun with."""

    async def agree(_: web.Request) -> web.Response:
        return web.json_response({"ok": True, "result": True})

    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", agree)
    ready: list[str] = []
    async with TestServer(app) as server:
        url = str(server.make_url("/"))
        adapter = TelegramAdapter(token="1:x", api_base_url=url, clock=clock, rng=random.Random(7))
        async with running(adapter.run(store.submit, lambda: ready.append("ready"))):
            await until(lambda: len(clock.naps) >= 4)
    assert ready == []
    assert clock.naps[3] > 3


def test_the_package_alone_loads_no_framework() -> None:
    """aiogram takes seconds to load; a service without Telegram does not pay for it."""
    check = "import sys, adapters.telegram; sys.exit('aiogram' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False, timeout=110).returncode == 0


async def test_in_webhook_mode_it_serves_a_route(
    telegram: FakeTelegram, clock: HastyClock, store: Store
) -> None:
    """The webhook's path is served by the service's own server, and stays set at the end."""
    adapter = make(
        telegram, clock, mode="webhook", webhook_url="https://bot.example.org/tg", webhook_secret="s"
    )
    ((method, path, _),) = adapter.routes()
    assert (method, path) == ("POST", "/tg")
    ready: list[str] = []
    async with running(adapter.run(store.submit, lambda: ready.append("ready"))):
        await until(lambda: ready)
    assert telegram.calls_of("getUpdates") == telegram.calls_of("deleteWebhook") == []
    assert make(telegram, clock).routes() == []

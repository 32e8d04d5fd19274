"""The fake Telegram refuses, stalls, drops and floods as the real platform does, and only when it should."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from aiogram import Bot
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramBadRequest,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.types import BufferedInputFile
from aiohttp import web

from tests.fakes.telegram import FakeTelegram, bad_gateway, flood_wait, server_error

from .telegram_bot import bot_on, post


class HandClock:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> HandClock:
    """The time of flood control."""
    return HandClock()


@pytest.fixture
async def fake(clock: HandClock) -> AsyncIterator[FakeTelegram]:
    """A platform with real flood control on a clock moved by hand."""
    async with FakeTelegram(clock=clock) as fake:
        yield fake


@pytest.fixture
async def bot(fake: FakeTelegram) -> AsyncIterator[Bot]:
    """aiogram, pointed at the fake."""
    async with bot_on(fake) as bot:
        yield bot


async def send_until_refused(bot: Bot, chat_id: int, most: int = 60) -> tuple[int, int]:
    """How many messages pass at once, and the seconds the refusal asks to wait."""
    for sent in range(most):
        try:
            await bot.send_message(chat_id, "x")
        except TelegramRetryAfter as refused:
            return sent, refused.retry_after
    return most, 0


async def test_a_private_chat_takes_a_burst_and_then_one_a_second(
    fake: FakeTelegram, bot: Bot, clock: HandClock
) -> None:
    """Four at once; after the penalty, one a second goes on for ever."""
    chat = fake.private(fake.person("Ann"))
    sent, wait_seconds = await send_until_refused(bot, chat.id)
    assert (sent, wait_seconds) == (4, 3)
    clock.now += wait_seconds
    for _ in range(20):
        await bot.send_message(chat.id, "x")
        clock.now += 1
    assert fake.flooded == 1


async def test_sends_and_edits_share_a_budget_that_typing_does_not_touch(
    fake: FakeTelegram, bot: Bot, clock: HandClock
) -> None:
    """Edits count as sends; drafts and typing have a looser budget of their own."""
    chat = fake.private(fake.person("Ann"))
    message = await bot.send_message(chat.id, "0")
    for number in range(1, 4):
        await bot.edit_message_text(str(number), chat_id=chat.id, message_id=message.message_id)
    with pytest.raises(TelegramRetryAfter):
        await bot.edit_message_text("4", chat_id=chat.id, message_id=message.message_id)
    for number in range(1, 20):
        await bot.send_message_draft(chat.id, draft_id=number, text="x")
    await bot.send_chat_action(chat.id, "typing")
    with pytest.raises(TelegramRetryAfter):
        await bot.send_chat_action(chat.id, "typing")


async def test_a_group_takes_twenty_a_minute(fake: FakeTelegram, bot: Bot, clock: HandClock) -> None:
    """A short burst, then one in three seconds; the topics of a forum share it."""
    ann = fake.person("Ann")
    forum = fake.group("Board", [ann], forum=True)
    topic = forum.topic("Plans")
    assert (await send_until_refused(bot, forum.id))[0] == 5
    clock.now += 60
    for _ in range(20):
        await bot.send_message(forum.id, "x", message_thread_id=topic.thread_id)
        clock.now += 3
    assert fake.flooded == 1


async def test_the_whole_bot_sends_thirty_a_second(fake: FakeTelegram, bot: Bot, clock: HandClock) -> None:
    """New messages to different people have a budget of their own."""
    chats = [fake.private(fake.person(f"P{number}")) for number in range(31)]
    for chat in chats[:30]:
        await bot.send_message(chat.id, "x")
    with pytest.raises(TelegramRetryAfter) as refused:
        await bot.send_message(chats[30].id, "x")
    clock.now += refused.value.retry_after
    await bot.send_message(chats[30].id, "x")


async def test_calls_inside_a_penalty_make_it_longer(fake: FakeTelegram, bot: Bot, clock: HandClock) -> None:
    """Whoever goes on calling waits longer each time; whoever waits is served."""
    chat = fake.private(fake.person("Ann"))
    _, first = await send_until_refused(bot, chat.id)
    _, second = await send_until_refused(bot, chat.id)
    _, third = await send_until_refused(bot, chat.id)
    assert first < second < third
    clock.now += second
    assert (await send_until_refused(bot, chat.id))[0] == 0
    clock.now += 300
    assert (await send_until_refused(bot, chat.id))[0] == 4


async def test_a_refusal_for_flooding_carries_the_header(fake: FakeTelegram, bot: Bot) -> None:
    """429 has the seconds in the sentence, in the parameters and in Retry-After."""
    chat = fake.private(fake.person("Ann"))
    await send_until_refused(bot, chat.id)
    url = f"{fake.url}/bot{fake.token}/sendMessage"
    order = {"chat_id": chat.id, "text": "x"}
    async with aiohttp.ClientSession() as session, session.post(url, json=order) as answer:
        body = await answer.json()
    seconds = body["parameters"]["retry_after"]
    assert (answer.status, answer.headers["Retry-After"]) == (429, str(seconds))
    assert body["description"] == f"Too Many Requests: retry after {seconds}"


async def test_an_album_counts_as_its_items_but_passes(fake: FakeTelegram, clock: HandClock) -> None:
    """Ten photos use up ten seconds of a chat; the first album is let through whole."""
    chat = fake.private(fake.person("Ann"))
    fake.serve_on_the_web("https://files.example/a", b"bytes")
    album = {"chat_id": chat.id, "media": [{"type": "photo", "media": "https://files.example/a"}] * 10}
    assert (await post(fake, "sendMediaGroup", json=album))[0] == 200
    clock.now += 5
    assert (await post(fake, "sendMessage", json={"chat_id": chat.id, "text": "x"}))[0] == 429
    clock.now += 10
    assert (await post(fake, "sendMessage", json={"chat_id": chat.id, "text": "x"}))[0] == 200


async def test_large_uploads_pass_up_to_their_limits(fake: FakeTelegram, bot: Bot) -> None:
    """15 MB are a document, but too much for a photo; nothing of nothing is no file."""
    chat = fake.private(fake.person("Ann"))
    data = bytes(15_000_000)
    sent = await bot.send_document(chat.id, BufferedInputFile(data, "a.bin"))
    assert sent.document is not None
    assert sent.document.file_size == len(data)
    with pytest.raises(TelegramBadRequest, match="file is too big"):
        await bot.send_photo(chat.id, BufferedInputFile(data, "a.jpg"))
    with pytest.raises(TelegramBadRequest, match="file must be non-empty"):
        await bot.send_document(chat.id, BufferedInputFile(b"", "a.bin"))


async def test_flood_control_can_be_switched_off(fake: FakeTelegram, bot: Bot) -> None:
    """Without it nothing is too much."""
    fake.flood = "off"
    chat = fake.private(fake.person("Ann"))
    assert await send_until_refused(bot, chat.id) == (60, 0)


async def test_ordered_errors_answer_the_next_calls_of_a_method(fake: FakeTelegram, bot: Bot) -> None:
    """As many as ordered, in order, and only where they apply; they are not the bot's fault."""
    ann, bob = fake.private(fake.person("Ann")), fake.private(fake.person("Bob"))
    fake.fail("sendMessage", flood_wait(9), times=2, where=lambda p: int(p["chat_id"]) == ann.id)
    fake.fail("sendMessage", server_error())
    with pytest.raises(TelegramServerError):
        await bot.send_message(bob.id, "x")
    for _ in range(2):
        with pytest.raises(TelegramRetryAfter):
            await bot.send_message(ann.id, "x")
    await bot.send_message(ann.id, "x")
    assert ann.texts == ["x"]
    assert (fake.flooded, fake.rejected) == (0, [])
    assert [call.injected for call in fake.calls] == [True, True, True, False]


async def test_a_bad_gateway_is_a_page_and_no_json(fake: FakeTelegram, bot: Bot) -> None:
    """What the proxy says cannot be decoded."""
    chat = fake.private(fake.person("Ann"))
    fake.fail("*", bad_gateway())
    with pytest.raises(ClientDecodeError):
        await bot.send_message(chat.id, "x")
    assert chat.messages == []


async def test_a_dropped_answer_belongs_to_a_call_that_was_carried_out(fake: FakeTelegram, bot: Bot) -> None:
    """The bot cannot know, but the person sees the message."""
    chat = fake.private(fake.person("Ann"))
    fake.drop_answer("sendMessage")
    with pytest.raises(TelegramNetworkError):
        await bot.send_message(chat.id, "x")
    assert chat.texts == ["x"]
    assert not fake.calls[-1].answered
    await bot.send_message(chat.id, "y")


async def test_a_delayed_call_is_carried_out_although_the_bot_gave_up(fake: FakeTelegram, bot: Bot) -> None:
    """A time-out on the bot's side says nothing about the platform's."""
    chat = fake.private(fake.person("Ann"))
    fake.delay("sendMessage", 0.1)
    bot.session.timeout = 0.02
    with pytest.raises(TelegramNetworkError):
        await bot.send_message(chat.id, "x")
    await fake.until(lambda: chat.texts == ["x"])


async def test_an_outage_ends_polls_and_keeps_the_state(fake: FakeTelegram, bot: Bot) -> None:
    """Connections are refused, then accepted again on the same port; what was said waits."""
    chat = fake.private(fake.person("Ann"))
    poll = asyncio.create_task(bot.get_updates(timeout=20))
    await fake.until(lambda: fake.calls)
    await fake.refuse_connections()
    with pytest.raises(TelegramNetworkError):
        await poll
    with pytest.raises(TelegramNetworkError):
        await bot.get_me()
    await chat.say("are you there?")
    await fake.accept_connections()
    assert len(await bot.get_updates()) == 1


async def test_every_encoding_of_a_request_is_read(fake: FakeTelegram) -> None:
    """Query, urlencoded, JSON and multipart, method names in any case."""
    chat = fake.private(fake.person("Ann"))
    parts = aiohttp.FormData(default_to_multipart=True)
    parts.add_field("chat_id", str(chat.id))
    parts.add_field("text", "d")
    await post(fake, "sendMessage", params={"chat_id": chat.id, "text": "a"})
    await post(fake, "sendmessage", data={"chat_id": chat.id, "text": "b"})
    await post(fake, "SendMessage", json={"chat_id": chat.id, "text": "c", "entities": []})
    await post(fake, "sendMessage", data=parts)
    assert chat.texts == ["a", "b", "c", "d"]
    document = aiohttp.FormData()
    document.add_field("chat_id", str(chat.id))
    document.add_field("document", b"bytes", filename="a.txt")
    fake.flood = "off"
    await post(fake, "sendDocument", data=document)
    assert chat.last.file is not None
    assert chat.last.file.data == b"bytes"
    assert (fake.violations, fake.rejected) == ([], [])


async def test_wrong_tokens_methods_and_parameters_are_told_apart(fake: FakeTelegram) -> None:
    """401 for the token, 404 for the method; an unknown parameter passes but is written down."""
    chat = fake.private(fake.person("Ann"))
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{fake.url}/bot1:wrong/getMe") as answer:
            assert await answer.json() == {"ok": False, "error_code": 401, "description": "Unauthorized"}
        async with session.get(f"{fake.url}/file/bot{fake.token}/nothing.txt") as answer:
            assert answer.status == 404
    assert (await post(fake, "sendPidgeon"))[0] == 404
    assert (await post(fake, "sendMessage", json={"chat_id": chat.id, "text": "x", "colour": "red"}))[
        0
    ] == 200
    assert len(fake.violations) == 2
    assert "colour" in fake.violations[1]


@pytest.mark.parametrize(
    "request_body",
    [
        {"data": b'{"chat_id": 1, "text": "\\ud83d"}', "headers": {"Content-Type": "application/json"}},
        {"data": b"text=%ED%A0%BD", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        {"data": {"text": "x", "entities": '[{"type": "bold", "offset": 0, "length": 1, "url": "\\udc00"}]'}},
    ],
)
async def test_half_a_surrogate_pair_is_not_utf8(fake: FakeTelegram, request_body: dict[str, Any]) -> None:
    """Text that cannot be encoded is refused with the platform's sentence."""
    status, body = await post(fake, "sendMessage", **request_body)
    assert (status, body["description"]) == (400, "Bad Request: strings must be encoded in UTF-8")


class Receiver:
    """A bot's webhook that answers what the test wants."""

    def __init__(self) -> None:
        self.refusals: dict[str, list[int]] = {}
        self.received: list[tuple[str, str]] = []
        self.url = ""

    async def handle(self, request: web.BaseRequest) -> web.Response:
        update = orjson.loads(await request.read())
        secret = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
        text = update["message"]["text"]
        self.received.append((text, secret))
        statuses = self.refusals.get(text)
        return web.Response(status=statuses.pop(0) if statuses else 200)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A webhook on the loopback interface."""
    receiver = Receiver()
    runner = web.ServerRunner(web.Server(receiver.handle))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield receiver
    await runner.cleanup()


async def test_a_webhook_gets_the_updates_of_a_chat_in_order(
    fake: FakeTelegram, bot: Bot, receiver: Receiver
) -> None:
    """A failing delivery holds back the next update of its chat, and no other chat."""
    fake.time_scale = 0.01
    ann, bob = fake.private(fake.person("Ann")), fake.private(fake.person("Bob"))
    await ann.say("before")
    receiver.refusals["before"] = [500, 503] * 500
    await bot.set_webhook(receiver.url, secret_token="s3cret")
    await ann.say("after")
    await bob.say("hello")
    await fake.until(lambda: ("hello", "s3cret") in receiver.received)
    assert {text for text, _ in receiver.received} == {"before", "hello"}
    receiver.refusals.clear()
    await fake.until(lambda: fake.unconfirmed == 0)
    assert receiver.received[-1] == ("after", "s3cret")
    assert {secret for _, secret in receiver.received} == {"s3cret"}
    info = await bot.get_webhook_info()
    assert info.last_error_message is not None
    assert info.last_error_message.startswith("Wrong response from the webhook")


async def test_polling_and_webhook_exclude_each_other(fake: FakeTelegram, receiver: Receiver) -> None:
    """While one is set the other is refused; what was not delivered waits for the next poll."""
    chat = fake.private(fake.person("Ann"))
    receiver.refusals["hello"] = [500] * 50
    await post(fake, "setWebhook", data={"url": receiver.url})
    await chat.say("hello")
    status, body = await post(fake, "getUpdates")
    assert status == 409
    assert body["description"].startswith("Conflict: can't use getUpdates method while webhook is active")
    await post(fake, "deleteWebhook")
    assert [u["message"]["text"] for u in (await post(fake, "getUpdates"))[1]["result"]] == ["hello"]


async def test_the_fake_serves_on_its_own_for_benchmarks() -> None:
    """A process prints where it listens, and its stage is steered over HTTP."""
    command = [sys.executable, "-m", "tests.fakes.telegram", "--flood", "off"]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[3]
    )
    assert process.stdout is not None
    try:
        ready = orjson.loads(await asyncio.wait_for(process.stdout.readline(), 30))
        async with aiohttp.ClientSession() as session:
            async with session.post(f"{ready['control']}/private", json={"name": "Ann"}) as answer:
                chat_id = (await answer.json())["chat_id"]
            await session.post(f"{ready['control']}/say", json={"chat_id": chat_id, "text": "hi"})
            url = f"{ready['url']}/bot{ready['token']}/sendMessage"
            await session.post(url, json={"chat_id": chat_id, "text": "hello"})
            async with session.get(f"{ready['control']}/messages?chat_id={chat_id}") as answer:
                assert [message["text"] for message in await answer.json()] == ["hi", "hello"]
            async with session.get(f"{ready['control']}/calls") as answer:
                assert [call["method"] for call in await answer.json()] == ["sendMessage"]
    finally:
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 10) == 0

"""Telegram posts to the real service: what is stored is acknowledged, what is not comes again."""

from __future__ import annotations

import asyncio
import io
import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from bot.sandbox import Reply, Sandbox
from tests.e2e.brain import Brain
from tests.e2e.conftest import Stage, settings_for
from tests.e2e.hostile import all_answered, lines_of, raw_message
from tests.e2e.service import Service
from tests.fakes.telegram import FakeTelegram

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

SECRET = "hook-secret-0123456789"
HEADER = "X-Telegram-Bot-Api-Secret-Token"


class _Hooked(Service):
    """A service in webhook mode; its own port is in the address it tells Telegram."""

    def __init__(self, folder: Path, settings: dict[str, str]) -> None:
        super().__init__(folder, settings)
        self._settings = {**self._settings, "PARLEY_TELEGRAM__WEBHOOK_URL": self.hook}

    @property
    def hook(self) -> str:
        """Where updates are posted."""
        return f"http://127.0.0.1:{self.port}/telegram/hook"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A running service that Telegram posts to; at the end its log is searched for secrets."""
    telegram, brain = FakeTelegram(), Brain()
    telegram.time_scale = 0.2
    await telegram.start()
    async with Sandbox(script=brain) as provider:
        wanted = {
            **settings_for(telegram, provider),
            "PARLEY_LOG__LEVEL": "debug",
            "PARLEY_TELEGRAM__MODE": "webhook",
            "PARLEY_TELEGRAM__WEBHOOK_SECRET": SECRET,
        }
        service = _Hooked(tmp_path_factory.mktemp("webhook"), wanted)
        try:
            await service.start()
            yield Stage(telegram=telegram, provider=provider, brain=brain, service=service)
        finally:
            await service.aclose()
            await telegram.close()
    log = service.log.read_text(encoding="utf-8")
    assert [
        secret for secret in (SECRET, telegram.token, wanted["SILICONFLOW_API_KEY"]) if secret in log
    ] == []


async def post(stage: Stage, body: bytes | str | io.BytesIO, *, secret: str | None = SECRET) -> int:
    """Post to the hook as anybody can; the status."""
    headers = {} if secret is None else {HEADER: secret}
    address = f"http://127.0.0.1:{stage.service.port}/telegram/hook"
    async with aiohttp.ClientSession() as http, http.post(address, data=body, headers=headers) as answer:
        await answer.read()
        return answer.status


async def test_a_conversation_works_and_answers_grow(stage: Stage) -> None:
    """Nothing is polled; the answer streams as ever."""
    chat = stage.telegram.private(stage.telegram.person("Ann"))
    stage.brain.teach("about rivers", Reply(text="Rivers run to the sea. " * 12, tokens_per_second=25))
    await chat.say("about rivers")
    whole = ("Rivers run to the sea. " * 12).strip()
    await stage.telegram.until(lambda: chat.texts == [whole])
    assert chat.bot_messages[0].edits >= 1
    await chat.say("/undo")
    await stage.telegram.until(lambda: len(chat.texts) == 2)
    assert stage.telegram.calls_of("getUpdates") == []


async def test_who_does_not_know_the_secret_is_refused(stage: Stage) -> None:
    """A wrong secret, none, one that is longer or not ASCII: 403, a log line, and nothing happens."""
    chat = stage.telegram.private(stage.telegram.person("Ben"))
    update = json.dumps({"update_id": 1, "message": raw_message(chat, 1, text="forged")})
    forged = ("wrong", None, "", f"{SECRET}x", SECRET[:-1], "sécret")
    assert [await post(stage, update, secret=secret) for secret in forged] == [403] * len(forged)
    assert lines_of(stage.service, "telegram_webhook_forged") == len(forged)
    await chat.say("real")
    await stage.telegram.until(lambda: chat.texts == ["You said: real"])


async def test_what_is_no_update_is_refused_and_costs_nothing(stage: Stage) -> None:
    """No JSON, no object, no number: 400. Too large: 413. An update without sense: taken, dropped, logged."""
    malformed = (
        "",
        "{",
        "[]",
        "7",
        "null",
        '"x"',
        "{}",
        '{"update_id": "7"}',
        '{"update_id": true}',
        "[" * 90_000,
    )
    assert [await post(stage, body) for body in malformed] == [400] * len(malformed)
    assert await post(stage, b"\xff\xfe\x00") == 400
    assert await post(stage, json.dumps({"update_id": 10**30, "message": {}})) == 400
    assert await post(stage, io.BytesIO(b"x" * 1_100_000)) == 413
    before = lines_of(stage.service, "telegram_update_unreadable")
    huge = 10**30
    odd = (
        {
            "update_id": 2,
            "message": {"message_id": huge, "date": huge, "chat": {"id": huge, "type": "private"}},
        },
        {"update_id": 3, "message": []},
        {"update_id": -3, "message": {"chat": {"id": "x"}}},
        {"update_id": 4, "teleportation": {}},
    )
    assert [await post(stage, json.dumps(update)) for update in odd] == [200] * len(odd)
    assert lines_of(stage.service, "telegram_update_unreadable") >= before + 2
    assert stage.service.status("/readyz") == 200


async def test_half_characters_in_texts_and_names_are_replaced(stage: Stage) -> None:
    """Lone surrogates, which no client sends but the wire can carry: the message is answered all the same."""
    chat = stage.telegram.private(stage.telegram.person("Cleo"))
    message = raw_message(chat, 1, text="half a smile \ud83d here")
    message["from"] = {**message["from"], "first_name": "Cl\udc00eo"}
    body = json.dumps({"update_id": 900_001, "message": message})
    assert "\\ud83d" in body
    assert await post(stage, body) == 200
    await stage.telegram.until(lambda: len(chat.texts) == 1)
    assert chat.texts[0].startswith("You said: half a smile")
    press = {
        "id": "half",
        "from": message["from"],
        "chat_instance": "1",
        "message": {"message_id": 1, "chat": message["chat"], "date": 0},
        "data": "retry:\ud83d",
    }
    assert await post(stage, json.dumps({"update_id": 900_002, "callback_query": press})) == 200
    await stage.telegram.until(lambda: len(stage.telegram.calls_of("answerCallbackQuery")) == 1)


async def test_what_cannot_be_stored_is_posted_again_and_answered_once(stage: Stage) -> None:
    """While another process locks the database the hook says 503; afterwards each message has its answer."""
    chat = stage.telegram.private(stage.telegram.person("Dan"))
    probe = json.dumps({"update_id": 900_003, "message": raw_message(chat, 2, text="probe")})
    with sqlite3.connect(stage.service.database, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        await chat.say("first")
        await chat.say("second")
        assert await post(stage, probe) == 503
        assert stage.telegram.unconfirmed == 2
        assert stage.service.status("/readyz") == 503
        other.execute("ROLLBACK")
    await stage.telegram.until(lambda: chat.texts == ["You said: first", "You said: second"])
    assert await post(stage, probe) == 200
    await stage.telegram.until(lambda: chat.texts[2:] == ["You said: probe"])


async def test_the_same_update_posted_side_by_side_is_answered_once(stage: Stage) -> None:
    """Ten deliveries of one update at the same moment are all acknowledged and make one question."""
    chat = stage.telegram.private(stage.telegram.person("Eve"))
    update = json.dumps({"update_id": 900_004, "message": raw_message(chat, 3, text="only once")})
    assert await asyncio.gather(*(post(stage, update) for _ in range(10))) == [200] * 10
    await stage.telegram.until(lambda: chat.texts == ["You said: only once"])
    await chat.say("next")
    await stage.telegram.until(lambda: len(chat.texts) == 2)
    assert chat.texts == ["You said: only once", "You said: next"]


async def test_fifty_chats_at_once_survive_kill_9(stage: Stage) -> None:
    """Everybody writes, the process dies, everybody writes on: each question gets its one whole answer."""
    # It counts calls when they are read; a machine that had no time for a second reads too many at once.
    stage.telegram.flood = "off"
    chats = [stage.telegram.private(stage.telegram.person(f"Finn {number}")) for number in range(50)]
    story = " ".join(f"It goes on to chapter {number}." for number in range(20))
    stage.brain.teach("a long one", Reply(text=story, tokens_per_second=60))
    for chat in chats:
        await chat.say("a long one")
    await stage.telegram.until(lambda: sum(bool(chat.texts) for chat in chats) >= 30)
    await stage.service.kill()
    for chat in chats:
        await chat.say("and?")
    await stage.service.start()
    await stage.telegram.until(lambda: all(len(chat.texts) == 2 for chat in chats))
    await all_answered(stage.service, chats)
    assert {tuple(chat.texts) for chat in chats} == {(story, "You said: and?")}


async def test_nothing_was_refused_or_given_up(stage: Stage) -> None:
    """Over all of the above: no turn died and no parameter was unknown."""
    assert stage.service.rows("select error from turns where state = 'dead'") == []
    assert stage.telegram.violations == []

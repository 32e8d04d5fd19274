"""The Telegram bot looked at: token, privacy, webhook against polling; no update is taken, nothing is set."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from adapters.telegram.diagnosis import TelegramDiagnosis
from bot.ports.diagnosis import Finding, Level
from tests.fakes.telegram import ApiError, FakeTelegram, bad_gateway, flood_wait, gateway, server_error
from tests.unit.doctor.support import codes, only, problems, serving
from tests.unit.telegram.support import HastyClock

HOOK = "https://bot.example.org/telegram"
READS = {"getMe", "getWebhookInfo"}


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    """The platform. Whatever the doctor does, it only reads."""
    async with FakeTelegram() as fake:
        yield fake
        assert {call.method for call in fake.calls} <= READS
        assert fake.violations == []


async def look(
    telegram: FakeTelegram,
    *,
    url: str = "",
    token: str = "",
    mode: str = "polling",
    service_runs: bool = False,
    clock: HastyClock | None = None,
) -> list[Finding]:
    """What is found; never the token."""
    part = TelegramDiagnosis(
        token=token or telegram.token,
        api_base_url=url or telegram.url,
        mode=mode,
        webhook_url=HOOK if mode == "webhook" else "",
        service_runs=service_runs,
        clock=clock or HastyClock(),
    )
    found = list(await part.diagnose())
    assert all(telegram.token.partition(":")[2] not in f"{one.what}{one.remedy}" for one in found)
    return found


def answer(patch: pytest.MonkeyPatch, method: str, result: object) -> None:
    """Let the platform answer a method with this."""
    patch.setitem(gateway.SYNC_METHODS, method, lambda world, call: result)


def set_webhook(patch: pytest.MonkeyPatch, url: str, **fields: object) -> None:
    """Let Telegram have a webhook already, set by whomever."""
    info = {"url": url, "has_custom_certificate": False, "pending_update_count": 0, **fields}
    answer(patch, "getWebhookInfo", info)


async def test_a_new_bot_is_in_order_and_its_privacy_explained(telegram: FakeTelegram) -> None:
    """What it means that it does not see everything, and how to change it."""
    found = await look(telegram)
    assert codes(found) == ["telegram.token", "telegram.privacy_on", "telegram.polling"]
    assert problems(found) == {}
    assert "@parley_bot" in found[0].what
    assert "/setprivacy" in found[1].remedy


async def test_a_bot_that_reads_everything_is_told_so() -> None:
    """Nothing is to do then."""
    async with FakeTelegram(reads_all_group_messages=True) as telegram:
        assert only(await look(telegram), "telegram.privacy_off").remedy == ""


async def test_an_unknown_token_is_an_error(telegram: FakeTelegram) -> None:
    """And where the right one is shown."""
    (finding,) = await look(telegram, token="600000001:AAFakeTokenForTestsOnly-0123456789abcx")
    assert (finding.level, finding.code) == (Level.ERROR, "telegram.token_refused")
    assert "@BotFather" in finding.remedy


async def test_waiting_updates_are_counted_and_left_alone(telegram: FakeTelegram) -> None:
    """They are for the service."""
    chat = telegram.private(telegram.person("Ann"))
    await chat.say("hello")
    found = await look(telegram)
    assert "1 update waits" in only(found, "telegram.waiting").what
    assert telegram.world.updates.pending == 1


async def test_updates_that_somebody_else_takes_give_another_poller_away(telegram: FakeTelegram) -> None:
    """Their number falls while our own service is not running."""

    class Meanwhile(HastyClock):
        async def sleep(self, seconds: float) -> None:
            await super().sleep(seconds)
            telegram.world.updates.take_all()

    await telegram.private(telegram.person("Ann")).say("hello")
    found = await look(telegram, clock=Meanwhile())
    assert problems(found) == {"telegram.other_poller": Level.WARNING}
    await telegram.private(telegram.person("Ben")).say("hello")
    assert problems(await look(telegram, clock=Meanwhile(), service_runs=True)) == {}


async def test_a_webhook_in_the_way_of_polling_is_told_without_its_path(
    telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path may hold a secret of whoever set it."""
    set_webhook(monkeypatch, "https://other.example.org/hook/s3cret")
    found = await look(telegram)
    assert problems(found) == {"telegram.webhook_set": Level.WARNING}
    finding = only(found, "telegram.webhook_set")
    assert "https://other.example.org" in finding.what
    assert "s3cret" not in f"{finding.what}{finding.remedy}"


async def test_the_webhook_is_compared_with_the_one_that_is_wanted(
    telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ours, none yet, or somebody else's."""
    assert problems(await look(telegram, mode="webhook")) == {}
    set_webhook(monkeypatch, HOOK, pending_update_count=2)
    found = await look(telegram, mode="webhook")
    assert problems(found) == {}
    assert "2 updates wait" in only(found, "telegram.webhook").what
    set_webhook(monkeypatch, "https://other.example.org/telegram")
    assert problems(await look(telegram, mode="webhook")) == {"telegram.other_webhook": Level.WARNING}


async def test_a_delivery_that_failed_lately_is_told_in_telegrams_words(
    telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of yesterday is not."""
    failed = {"last_error_message": "Wrong response from the webhook: 502", "pending_update_count": 3}
    set_webhook(monkeypatch, HOOK, last_error_date=int(time.time()) - 120, **failed)
    found = await look(telegram, mode="webhook")
    assert problems(found) == {"telegram.webhook_failing": Level.WARNING}
    assert "2 minutes ago" in only(found, "telegram.webhook_failing").what
    set_webhook(monkeypatch, HOOK, last_error_date=int(time.time()) - 90_000, **failed)
    assert problems(await look(telegram, mode="webhook")) == {}


@pytest.mark.parametrize(
    ("error", "code", "level"),
    [
        (server_error(), "telegram.busy", Level.WARNING),
        (flood_wait(30), "telegram.busy", Level.WARNING),
        (bad_gateway(), "telegram.no_bot_api", Level.ERROR),
    ],
)
async def test_a_server_in_trouble_is_told(
    telegram: FakeTelegram, error: ApiError, code: str, level: Level
) -> None:
    """Trouble that passes is a warning."""
    telegram.fail("getMe", error)
    assert problems(await look(telegram)) == {code: level}


async def test_a_server_that_is_not_there_or_another_one_is_told_with_the_variable(
    telegram: FakeTelegram,
) -> None:
    """A Bot API server of one's own may be down, or its address wrong."""

    async def page(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text="<html></html>", content_type="text/html")

    async with serving(page) as url:
        (finding,) = await look(telegram, url=url)
        assert finding.code == "telegram.no_bot_api"
        assert "TELEGRAM_API_BASE_URL" in finding.remedy
    (finding,) = await look(telegram, url=url)
    assert finding.code == "telegram.unreached"
    assert "TELEGRAM_API_BASE_URL" in finding.remedy


async def test_an_answer_of_another_form_is_not_trusted(
    telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a finding, not a crash."""
    answer(monkeypatch, "getMe", [1])
    assert problems(await look(telegram)) == {"telegram.no_bot_api": Level.ERROR}

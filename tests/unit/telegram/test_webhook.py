"""The webhook takes in what Telegram sends, once it is stored, and nothing that others send."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson
import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import BaseTestServer, TestServer

from adapters.telegram.client import ApiClient
from adapters.telegram.webhook import Webhook
from bot.errors import ConfigurationError
from bot.messages import Unreadable
from tests.fakes.telegram import FakeTelegram, PrivateChat, bad_request, flood_wait, server_error

from .support import ME, PATIENCE_SECONDS, HastyClock, Store, backoff, running, until, update

SECRET = "a-secret_1"
HEADER = "X-Telegram-Bot-Api-Secret-Token"


@dataclass(slots=True, kw_only=True)
class Site:
    """The bot's own HTTP server with the webhook on it, and somebody who posts to it."""

    telegram: FakeTelegram
    hook: Webhook
    server: BaseTestServer
    store: Store
    clock: HastyClock
    http: aiohttp.ClientSession

    async def post(self, body: Any, secret: str | None = SECRET) -> aiohttp.ClientResponse:
        """Post a body as Telegram would."""
        data = io.BytesIO(body if isinstance(body, bytes) else orjson.dumps(body))
        headers = {} if secret is None else {HEADER: secret}
        async with self.http.post(self.server.make_url("/hook"), data=data, headers=headers) as answer:
            await answer.read()
            return answer


@pytest.fixture
async def site(
    telegram: FakeTelegram, client: ApiClient, clock: HastyClock, store: Store
) -> AsyncIterator[Site]:
    """A webhook that is set and served."""
    hook = Webhook(
        client=client, url="https://bot.example.org/hook", secret=SECRET, clock=clock, backoff=backoff()
    )
    app = web.Application()
    app.router.add_route("POST", hook.path, hook.handle)
    ready = asyncio.Event()
    async with (
        TestServer(app) as server,
        aiohttp.ClientSession() as http,
        running(hook.run(ME, store.submit, ready.set)),
    ):
        async with asyncio.timeout(PATIENCE_SECONDS):
            await ready.wait()
        yield Site(telegram=telegram, hook=hook, server=server, store=store, clock=clock, http=http)


async def test_the_webhook_is_set_with_secret_and_kinds(site: Site) -> None:
    """Telegram is told where, with which secret, and which kinds of update to send."""
    (call,) = site.telegram.calls_of("setWebhook")
    assert (call.params["url"], call.params["secret_token"]) == ("https://bot.example.org/hook", SECRET)
    assert "callback_query" in call.params["allowed_updates"]
    assert site.telegram.violations == []


async def test_an_update_is_accepted_after_it_was_stored(site: Site) -> None:
    """200 means that the message is safe."""
    assert (await site.post(update(text="hello"))).status == 200
    assert site.store.texts == ["hello"]


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET + "x", "\u00fc"])
async def test_a_forged_update_is_refused(site: Site, secret: str | None) -> None:
    """Without the secret nothing gets in, and a line in the log tells of the attempt."""
    with structlog.testing.capture_logs() as lines:
        answer = await site.post(update(text="hello"), secret)
    assert (answer.status, site.store.texts) == (403, [])
    assert [line["event"] for line in lines] == ["telegram_webhook_forged"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"3", b"{}", b'{"update_id": "x"}', b"\xff"])
async def test_what_is_no_update_is_refused(site: Site, body: bytes) -> None:
    """A body without an update's id cannot be taken in."""
    assert (await site.post(body)).status == 400


async def test_a_malformed_update_is_recorded_and_accepted(site: Site) -> None:
    """Refusing it would only make Telegram send it again and block its chat."""
    assert (await site.post({"update_id": 9, "message": {"date": "?"}})).status == 200
    assert isinstance(site.store.events["update:9"], Unreadable)


async def test_an_update_nobody_needs_is_accepted(site: Site) -> None:
    """Service messages end here."""
    assert (await site.post(update(new_chat_title="T"))).status == 200
    assert site.store.submitted == []


async def test_a_body_beyond_all_measure_is_refused(site: Site) -> None:
    """A megabyte is many times what an update can have."""
    assert (await site.post(b" " * (1024 * 1024 + 1))).status == 413


async def test_nothing_is_accepted_while_storage_is_down(site: Site) -> None:
    """Telegram is asked to come back, and does."""
    site.store.is_down = lambda event: True
    answer = await site.post(update(text="keep"))
    assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
    site.store.is_down = lambda event: False
    assert (await site.post(update(text="keep"))).status == 200
    assert site.store.texts == ["keep"]


async def test_an_event_the_core_fails_on_is_recorded_and_accepted(site: Site) -> None:
    """An error would make Telegram send it again for a day, and hold up its chat."""
    site.store.breaks_on = lambda event: not isinstance(event, Unreadable)
    assert (await site.post(update(text="cursed"))).status == 200
    assert isinstance(site.store.events["update:5"], Unreadable)


async def test_before_the_start_and_after_the_end_telegram_is_asked_to_come_back(
    client: ApiClient, clock: HastyClock
) -> None:
    """The server may be up a moment longer than the adapter."""
    hook = Webhook(client=client, url="https://x.org", secret=SECRET, clock=clock, backoff=backoff())
    app = web.Application()
    app.router.add_route("POST", hook.path, hook.handle)
    async with (
        TestServer(app) as server,
        aiohttp.ClientSession() as http,
        http.post(
            server.make_url("/"), data=orjson.dumps(update(text="x")), headers={HEADER: SECRET}
        ) as answer,
    ):
        assert answer.status == 503


async def test_the_platform_delivers_through_it(site: Site, client: ApiClient, ann: PrivateChat) -> None:
    """A person's message makes the whole way, first while storage is down, and arrives once."""
    site.telegram.time_scale = 0.005
    site.store.is_down = lambda event: len(site.store.submitted) < 3
    url = str(site.server.make_url("/hook"))
    await client.call("setWebhook", {"url": url, "secret_token": SECRET})
    await ann.say("through")
    await until(lambda: site.telegram.unconfirmed == 0)
    assert site.store.texts == ["through"]


@pytest.mark.parametrize("trouble", [flood_wait(3), server_error(502)])
async def test_setting_it_is_tried_until_it_works(
    telegram: FakeTelegram, client: ApiClient, clock: HastyClock, store: Store, trouble: Any
) -> None:
    """An outage at the start delays readiness and ends nothing."""
    telegram.fail("setWebhook", trouble, times=2)
    hook = Webhook(client=client, url="https://x.org/h", secret=SECRET, clock=clock, backoff=backoff())
    ready: list[str] = []
    async with running(hook.run(ME, store.submit, lambda: ready.append("ready"))):
        await until(lambda: ready)
    assert len(clock.naps) == 2
    assert min(clock.naps) >= (trouble.retry_after or 0)


async def test_a_url_that_telegram_refuses_is_a_matter_of_configuration(
    telegram: FakeTelegram, client: ApiClient, clock: HastyClock, store: Store
) -> None:
    """The operator reads which URL and why."""
    telegram.fail("setWebhook", bad_request("bad webhook: HTTPS url must be provided for webhook"))
    hook = Webhook(client=client, url="https://x.org/h", secret=SECRET, clock=clock, backoff=backoff())
    with pytest.raises(ConfigurationError, match=r"x\.org.*HTTPS url"):
        await hook.run(ME, store.submit, lambda: None)


@pytest.mark.parametrize(("url", "secret"), [("http://x.org", "s"), ("https://x.org", ""), ("", "s")])
def test_a_webhook_without_https_or_secret_is_not_made(url: str, secret: str, clock: HastyClock) -> None:
    """Anybody could post to it."""
    client = ApiClient(token="1:x")
    with pytest.raises(ConfigurationError):
        Webhook(client=client, url=url, secret=secret, clock=clock, backoff=backoff())

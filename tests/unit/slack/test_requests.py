"""By HTTP only what Slack has signed is read, and 200 means that it is stored."""

from __future__ import annotations

import io
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from structlog.testing import capture_logs

from adapters.slack.adapter import SlackAdapter
from bot.messages import ButtonPressed
from bot.ports import Button
from tests.fakes.slack import FakeSlack, sign
from tests.unit.slack.support import Store, adapter_for, rendered, running, until

SECRET = "fake-signing-secret-for-tests-only"


@asynccontextmanager
async def served(slack: FakeSlack, store: Store) -> AsyncIterator[tuple[SlackAdapter, str]]:
    """An adapter by HTTP at work, and its address, which Slack knows."""
    adapter = adapter_for(slack, app_token=None, signing_secret=slack.signing_secret)
    application = web.Application()
    for method, path, handler in adapter.routes():
        application.router.add_route(method, path, handler)
    runner = web.AppRunner(application, shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    try:
        async with running(adapter, store):
            await slack.set_request_url(url)
            yield adapter, url
    finally:
        await runner.cleanup()


async def post(url: str, body: bytes, **headers: str) -> int:
    """The status of a request with these headers."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=io.BytesIO(body), headers=headers) as answer,
    ):
        return answer.status


def signed(body: bytes, *, at: float | None = None, secret: str = SECRET) -> dict[str, str]:
    """The headers Slack would send with a body."""
    stamp = str(int(time.time() if at is None else at))
    return {
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": sign(secret, stamp, body),
        "Content-Type": "application/json",
    }


def body_of(event: Any) -> bytes:
    """An event's request body."""
    return json.dumps({"type": "event_callback", "team_id": "T0PARLEY01", "event": event}).encode()


EVENT = {"type": "message", "channel": "D1", "channel_type": "im", "user": "U0", "ts": "1.5", "text": "hi"}


async def test_events_buttons_and_commands_arrive_by_http(slack: FakeSlack) -> None:
    """On one path, each in its own form."""
    store, ann = Store(), slack.person("Ann")
    dm = slack.dm(ann)
    async with served(slack, store) as (adapter, _):
        await dm.say("hello")
        await until(lambda: store.addressed)
        key = store.addressed[0].key
        ts = await adapter.send(key, rendered(adapter, "x"), buttons=((Button(label="Go", data="go:1"),),))
        await dm.press(next(m for m in dm.messages if m.ts == ts), "Go")
        assert store.of(ButtonPressed)[0].data == "go:1"
        await dm.slash("/parley", "hello again")
        assert store.addressed[-1].text == "hello again"
        await slack.until(lambda: not slack.unacknowledged)


async def test_what_could_not_be_stored_is_answered_503_and_comes_again(slack: FakeSlack) -> None:
    """Slack repeats what was not answered with 200."""
    slack.time_scale = 0.01
    store, ann = Store(), slack.person("Ann")
    async with served(slack, store):
        store.refusals = 2
        await slack.dm(ann).say("hello")
        await until(lambda: store.addressed)
        assert len(store.submitted) >= 3
        await slack.until(lambda: not slack.unacknowledged)


async def test_forged_requests_are_refused(slack: FakeSlack) -> None:
    """A wrong secret, an old time, another body, junk instead of headers, none at all."""
    store = Store()
    body = body_of(EVENT)
    stamp = str(int(time.time()))
    forgeries: list[dict[str, str]] = [
        {},
        signed(body, secret="other"),
        signed(body, at=time.time() - 400),
        signed(body, at=time.time() + 400),
        signed(body + b" "),
        {**signed(body), "X-Slack-Request-Timestamp": "yesterday"},
        {**signed(body), "X-Slack-Request-Timestamp": "9" * 400},
        {**signed(body), "X-Slack-Request-Timestamp": "-1"},
        {**signed(body), "X-Slack-Signature": "v0=" + "ü" * 64},
        {**signed(body), "X-Slack-Signature": ""},
        {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": "v0=" + "0" * 64},
    ]
    async with served(slack, store) as (_, url):
        for headers in forgeries:
            assert await post(url, body, **headers) == 401, headers
        assert await post(url, b"\xff\xfe", **{"X-Slack-Request-Timestamp": stamp}) == 401
        assert not store.events
        assert await post(url, body, **signed(body)) == 200
        assert store.addressed[0].text == "hi"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{no json", 400),
        (b'{"type":"event_callback","event":', 400),
        (b"[1]", 200),
        (b"", 200),
        (b"payload=%7Bno", 400),
        (b'{"type":"event_callback","event":"text","authorizations":"x"}', 200),
        (b'{"team":5,"user":7,"channel":[],"type":"block_actions"}', 200),
        (b"{" + b" " * (1024 * 1024) + b"}", 413),
    ],
)
async def test_signed_nonsense_breaks_nothing(slack: FakeSlack, body: bytes, status: int) -> None:
    """It is answered, and the next message arrives."""
    store, ann = Store(), slack.person("Ann")
    async with served(slack, store) as (_, url):
        assert await post(url, body, **signed(body)) == status
        await slack.dm(ann).say("after")
        await until(lambda: store.addressed)


async def test_a_body_that_is_too_large_is_logged(slack: FakeSlack) -> None:
    """Whoever looks for a message that never came finds why."""
    body = b" " * (1024 * 1024 + 1)
    async with served(slack, Store()) as (_, url):
        with capture_logs() as lines:
            assert await post(url, body, **signed(body)) == 413
    assert "slack_request_too_large" in [line["event"] for line in lines]


async def test_before_and_after_its_run_requests_are_put_off(slack: FakeSlack) -> None:
    """Slack sends them again."""
    adapter = adapter_for(slack, app_token=None, signing_secret=SECRET)
    ((_, path, handler),) = adapter.routes()
    assert path == "/slack/events"
    application = web.Application()
    application.router.add_post(path, handler)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        body = body_of(EVENT)
        url = f"http://127.0.0.1:{runner.addresses[0][1]}{path}"
        assert await post(url, body, **signed(body)) == 503
    finally:
        await runner.cleanup()


def test_socket_mode_serves_no_path(slack: FakeSlack) -> None:
    """Nobody needs to reach the service."""
    assert list(adapter_for(slack).routes()) == []

"""A real slack_sdk client, a real bolt app, and plain HTTP, pointed at a FakeSlack."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack import FakeSlack

__all__ = ["HandClock", "bolt_on", "client_on", "post", "socket_mode", "web_page"]

PING_SECONDS = 0.2


class HandClock:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def client_on(slack: FakeSlack) -> AsyncIterator[AsyncWebClient]:
    """A client that talks to the fake over one session and retries nothing."""
    async with aiohttp.ClientSession() as session:
        yield AsyncWebClient(slack.bot_token, base_url=slack.url, session=session, retry_handlers=[])


def bolt_on(slack: FakeSlack, client: AsyncWebClient) -> AsyncApp:
    """A bolt app without listeners."""
    return AsyncApp(client=client, signing_secret=slack.signing_secret)


@asynccontextmanager
async def socket_mode(slack: FakeSlack, app: AsyncApp) -> AsyncIterator[AsyncSocketModeHandler]:
    """A bolt app connected by Socket Mode."""
    handler = AsyncSocketModeHandler(app, slack.app_token, ping_interval=PING_SECONDS)
    before = slack.sockets.connections
    await handler.connect_async()  # type: ignore[no-untyped-call]  # bolt leaves it untyped
    await slack.until(lambda: slack.sockets.connections > before)
    try:
        yield handler
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]  # bolt leaves it untyped


def _make_request(
    message: Any, payload: Any, protocol: Any, writer: Any, task: asyncio.Task[None]
) -> web.BaseRequest:
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=64 * 1024 * 1024)


@asynccontextmanager
async def web_page(handle: Any) -> AsyncIterator[str]:
    """Serve one handler on the loopback interface; gives its URL."""
    server = web.Server(handle, request_factory=_make_request)
    runner = web.ServerRunner(server, shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    finally:
        await runner.cleanup()


async def post(slack: FakeSlack, method: str, **request: Any) -> tuple[int, Any, dict[str, str]]:
    """POST to a method with aiohttp's arguments; gives status, body and headers."""
    headers = {"Authorization": f"Bearer {slack.bot_token}", **request.pop("headers", {})}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{slack.url}{method}", headers=headers, **request) as answer,
    ):
        body = await (answer.json() if answer.content_type == "application/json" else answer.text())
        return answer.status, body, dict(answer.headers)

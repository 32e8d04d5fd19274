"""Answers that are not the Bot API's are told from those that are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from aiohttp.test_utils import BaseTestServer, TestServer

from adapters.telegram.client import ApiClient
from adapters.telegram.errors import Refused
from bot.errors import DeliveryError, MessageGone, PlatformBusy, PlatformUnclear

TOKEN = "123456:secret-of-the-bot"


@dataclass(slots=True, kw_only=True)
class Middle:
    """Something between the bot and Telegram that answers as it likes."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut_after: int | None = None

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """The answer to whatever is asked; with ``cut_after`` the connection ends within the body."""
        if self.cut_after is None:
            return web.Response(status=self.status, body=self.body, headers=self.headers)
        response = web.StreamResponse(headers={"Content-Length": str(len(self.body))})
        await response.prepare(request)
        await response.write(self.body[: self.cut_after])
        assert request.transport is not None
        request.transport.close()
        return response


@pytest.fixture
def middle() -> Middle:
    """It answers 200 and nothing until told otherwise."""
    return Middle()


@pytest.fixture
async def server(middle: Middle) -> AsyncIterator[BaseTestServer]:
    """Where it listens."""
    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", middle.answer)
    async with TestServer(app) as server:
        yield server


@pytest.fixture
def client(server: BaseTestServer) -> ApiClient:
    """A client that is led to it."""
    return ApiClient(token=TOKEN, api_base_url=str(server.make_url("/")))


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b"<html>log in to the hotel network</html>"),
        (200, b'{"ok": false}'),
        (200, b'[{"ok": true}]'),
        (302, b""),
        (403, b"blocked by the firewall"),
        (404, b"<html>nothing here</html>"),
        (502, b"Bad Gateway"),
    ],
)
async def test_an_answer_of_somebody_else_is_unclear(
    client: ApiClient, middle: Middle, status: int, body: bytes
) -> None:
    """Nobody knows what became of the call; no refusal is read into it."""
    middle.status, middle.body, middle.headers = status, body, {"Location": "http://127.0.0.1:9/"}
    with pytest.raises(PlatformUnclear) as caught:
        await client.call("sendMessage", {"chat_id": 1, "text": "x"})
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("Wed, 21 Oct 2026 07:28:00 GMT", None)])
async def test_a_proxys_flood_wait_counts(
    client: ApiClient, middle: Middle, header: str, seconds: float | None
) -> None:
    """429 without the Bot API's JSON still means that the call was not carried out."""
    middle.status, middle.headers = 429, {"Retry-After": header}
    with pytest.raises(Refused) as caught:
        await client.call("sendMessage", {})
    assert (caught.value.code, caught.value.retry_after_seconds) == (429, seconds)


async def test_any_result_is_passed_on(client: ApiClient, middle: Middle) -> None:
    """What a method returns is the caller's affair."""
    middle.body = b'{"ok": true, "result": [1, {"a": null}]}'
    assert await client.call("anything", {}) == [1, {"a": None}]


@pytest.mark.parametrize(
    ("status", "error"), [(404, MessageGone), (429, PlatformBusy), (500, PlatformUnclear)]
)
async def test_a_refused_download_has_its_meaning(
    client: ApiClient, middle: Middle, status: int, error: type[DeliveryError]
) -> None:
    """Files come over another path, with statuses only."""
    middle.status = status
    with pytest.raises(error):
        async with client.download("voice/1.oga"):
            pass


async def test_a_download_that_breaks_off_is_unclear(client: ApiClient, middle: Middle) -> None:
    """The reader hears of it instead of taking the half for the whole."""
    middle.body, middle.cut_after = b"x" * 200_000, 100_000
    with pytest.raises(PlatformUnclear) as caught:
        await read(client)
    assert TOKEN not in repr(caught.value)


async def test_a_readers_own_error_passes_through_a_download(client: ApiClient, middle: Middle) -> None:
    """Only errors of the way are translated."""
    middle.body = b"x" * 10
    with pytest.raises(ValueError, match="mine"):
        await read(client, ValueError("mine"))


async def read(client: ApiClient, error: Exception | None = None) -> None:
    """Download a file to its end, or raise ``error`` over its first bytes."""
    async with client.download("voice/1.oga") as chunks:
        async for _ in chunks:
            if error is not None:
                raise error


async def test_the_pool_closes_with_its_last_user(client: ApiClient, middle: Middle) -> None:
    """It is shared while somebody holds it, and opened anew for a call that comes later."""
    middle.body = b'{"ok": true, "result": 1}'
    async with client.in_use() as first:
        await client.call("getMe", {})
        async with client.in_use() as second:
            assert second is first
        states = [first.closed]
    states.append(first.closed)
    assert states == [False, True]
    assert await client.call("getMe", {}) == 1


async def test_calls_can_go_through_a_proxy(server: BaseTestServer, middle: Middle) -> None:
    """Where Telegram cannot be reached directly, an HTTP proxy is asked for it."""
    middle.body = b'{"ok": true, "result": 1}'
    client = ApiClient(token=TOKEN, api_base_url="http://telegram.invalid", proxy=str(server.make_url("/")))
    assert await client.call("getMe", {}) == 1


def test_telegram_itself_is_spoken_to_over_tls() -> None:
    """Without a server of one's own, certificates are checked against certifi's."""
    client = ApiClient(token=TOKEN)
    assert client._server.base.startswith("https://api.telegram.org/")
    assert client._tls() is not True

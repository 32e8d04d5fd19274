"""The HTTP server: health, readiness, routes and what an operator hears when the port cannot be had."""

from __future__ import annotations

import io
import socket
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from bot.errors import ConfigurationError
from bot.server import LARGEST_BODY_BYTES, HttpServer, Readiness


async def _echo(request: web.Request) -> web.Response:
    return web.Response(body=await request.read())


@pytest.fixture
def readiness() -> Readiness:
    """One part that is needed and one that is not, both still starting."""
    readiness = Readiness()
    readiness.wait_for("telegram", "connecting")
    readiness.wait_for("sandbox", "loading the model", optional=True)
    return readiness


@pytest.fixture
async def server(readiness: Readiness) -> AsyncIterator[HttpServer]:
    """A running server on a free port."""
    server = HttpServer(host="127.0.0.1", port=0, readiness=readiness, routes=[("POST", "/hook", _echo)])
    await server.start()
    yield server
    await server.close()


@pytest.fixture
async def http(server: HttpServer) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of that server."""
    async with aiohttp.ClientSession(server.url) as session:
        yield session


async def test_health_follows_the_needed_parts(http: aiohttp.ClientSession, readiness: Readiness) -> None:
    """503 until messages can be served, and again when they no longer can."""
    assert (await http.get("/healthz")).status == 503
    readiness.ready("telegram")
    answer = await http.get("/healthz")
    assert (answer.status, await answer.text()) == (200, "ok")
    readiness.wait_for("telegram", "lost")
    assert (await http.get("/healthz")).status == 503


async def test_readiness_names_what_is_waited_for(http: aiohttp.ClientSession, readiness: Readiness) -> None:
    """503 with each part's reason, until everything is ready."""
    answer = await http.get("/readyz")
    assert answer.status == 503
    assert await answer.json() == {
        "ready": False,
        "waiting_for": {"telegram": "connecting", "sandbox": "loading the model"},
    }
    readiness.ready("telegram")
    readiness.ready("sandbox")
    answer = await http.get("/readyz")
    assert (answer.status, await answer.json()) == (200, {"ready": True, "waiting_for": {}})


async def test_an_adapters_route_is_served(http: aiohttp.ClientSession) -> None:
    """Handlers are reached by method and path."""
    answer = await http.post("/hook", data=b"update")
    assert (answer.status, await answer.read()) == (200, b"update")
    assert (await http.get("/hook")).status == 405
    assert (await http.get("/nothing")).status == 404


async def test_a_body_beyond_the_limit_is_refused(http: aiohttp.ClientSession) -> None:
    """Nobody fills the memory through the webhook."""
    assert (await http.post("/hook", data=io.BytesIO(bytes(LARGEST_BODY_BYTES + 1)))).status == 413


async def test_a_taken_port_is_one_line_that_names_the_setting(readiness: Readiness) -> None:
    """The operator reads which variable to change, and to what."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = HttpServer(host="127.0.0.1", port=port, readiness=readiness)
        with pytest.raises(ConfigurationError) as caught:
            await server.start()
    assert str(caught.value).startswith(f"PARLEY_HTTP__PORT: port {port} on 127.0.0.1 is taken")
    assert "\n" not in str(caught.value)


async def test_a_foreign_address_names_the_other_setting(readiness: Readiness) -> None:
    """192.0.2.0/24 is for documentation (RFC 5737) and belongs to no machine."""
    with pytest.raises(ConfigurationError, match=r"PARLEY_HTTP__HOST: '192\.0\.2\.1' is no address"):
        await HttpServer(host="192.0.2.1", port=0, readiness=readiness).start()


async def test_the_real_port_is_known_after_the_start(server: HttpServer) -> None:
    """Port 0 takes a free one."""
    assert server.port > 0
    assert server.url == f"http://127.0.0.1:{server.port}"


@pytest.mark.parametrize(
    ("host", "url"),
    [("0.0.0.0", "http://127.0.0.1:80"), ("::", "http://[::1]:80"), ("::1", "http://[::1]:80")],
)
def test_the_url_is_one_that_can_be_opened(readiness: Readiness, host: str, url: str) -> None:
    """Addresses that stand for all, and IPv6."""
    assert HttpServer(host=host, port=80, readiness=readiness).url == url


async def test_closing_twice_is_fine(readiness: Readiness) -> None:
    """Also before the start."""
    server = HttpServer(host="127.0.0.1", port=0, readiness=readiness)
    await server.close()
    await server.close()

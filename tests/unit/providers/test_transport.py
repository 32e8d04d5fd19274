"""Connections on real sockets: closed when left, as many as needed, and none waited for too long."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from bot.errors import ProviderUnavailable
from bot.ports import SystemClock
from bot.providers import Limits, SiliconFlowApi, open_siliconflow
from bot.providers.transport import open_http
from tests.unit.providers.support import KEY, ask_for, collect

_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n"
    b"x-siliconcloud-trace-id: ti_raw\r\n\r\n"
)
_PATIENT_SECONDS = 60

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def _chunked(payload: bytes) -> bytes:
    data = b"data: " + payload + b"\n\n"
    return b"%x\r\n%s\r\n" % (len(data), data)


_WORD = _chunked(b'{"choices":[{"delta":{"content":"Hi"},"finish_reason":null}]}')
_STOP = _chunked(b'{"choices":[{"delta":{},"finish_reason":"stop"}]}')
_DONE = _chunked(b"[DONE]")


@asynccontextmanager
async def _server(serve: Serve) -> AsyncIterator[str]:
    """A raw HTTP server; ``serve`` gets the connection after each request was read."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(
                    (
                        int(line.split(b":")[1])
                        for line in head.split(b"\r\n")
                        if line.lower().startswith(b"content-length")
                    ),
                    0,
                )
                await reader.readexactly(length)
                await serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.close()


async def test_leaving_the_stream_closes_the_socket_at_once() -> None:
    """The server sees the end while the model would still be talking."""
    gone = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(_HEAD + _WORD)
        assert await reader.read() == b""
        gone.set()

    async with _server(serve) as url, open_siliconflow(api_key=KEY, base_url=url) as chat:
        async with chat.stream(ask_for()) as events:
            await anext(events)
        async with asyncio.timeout(_PATIENT_SECONDS):
            await gone.wait()


@pytest.mark.parametrize("talking", [True, False])
async def test_cancelling_closes_the_socket_at_once(talking: bool) -> None:
    """Before the first word as well as in the middle."""
    asked, gone = asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if talking:
            writer.write(_HEAD + _WORD)
        asked.set()
        assert await reader.read() == b""
        gone.set()

    async with _server(serve) as url, open_siliconflow(api_key=KEY, base_url=url) as chat:
        task = asyncio.create_task(collect(chat, ask_for()))
        async with asyncio.timeout(_PATIENT_SECONDS):
            await asked.wait()
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await gone.wait()


async def test_a_connection_serves_one_answer_after_another() -> None:
    """A stream read to its end leaves its connection for the next one."""
    connections: set[asyncio.StreamWriter] = set()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.add(writer)
        writer.write(_HEAD + _WORD + _STOP + _DONE + b"0\r\n\r\n")

    async with _server(serve) as url, open_siliconflow(api_key=KEY, base_url=url) as chat:
        for _ in range(3):
            await collect(chat, ask_for())
    assert len(connections) == 1


async def test_a_server_that_never_closes_does_not_hold_up_the_end() -> None:
    """After [DONE] the answer is over, whatever the connection does."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(_HEAD + _WORD + _STOP + _DONE)
        await reader.read()

    async with _server(serve) as url, open_siliconflow(api_key=KEY, base_url=url) as chat:
        async with asyncio.timeout(_PATIENT_SECONDS):
            events = await collect(chat, ask_for())
    assert len(events) == 2


async def test_more_than_a_hundred_streams_run_at_once() -> None:
    """The usual limit of the connector would make the 101st wait for another to end."""
    count = 130
    arrived, everybody = 0, asyncio.Event()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal arrived
        arrived += 1
        if arrived == count:
            everybody.set()
        await everybody.wait()
        writer.write(_HEAD + _WORD + _STOP + _DONE + b"0\r\n\r\n")

    async with (
        _server(serve) as url,
        open_siliconflow(api_key=KEY, base_url=url) as chat,
        asyncio.timeout(_PATIENT_SECONDS),
        asyncio.TaskGroup() as group,
    ):
        for _ in range(count):
            group.create_task(collect(chat, ask_for()))
    assert arrived == count


async def test_connecting_has_its_own_time_limit() -> None:
    """A host that takes no connection is given up after connect_seconds, not after first_token_seconds."""
    limits = Limits(connect_seconds=0.2, first_token_seconds=600, tries=1)
    with socket.socket() as listener, contextlib.ExitStack() as crowd:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            client = crowd.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        async with open_siliconflow(api_key=KEY, base_url=url, limits=limits) as chat:
            async with asyncio.timeout(_PATIENT_SECONDS):
                with pytest.raises(ProviderUnavailable, match="ConnectionTimeoutError"):
                    await collect(chat, ask_for())


async def test_a_closed_port_is_an_error_at_once() -> None:
    """The text names the host."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        async with open_siliconflow(api_key=KEY, base_url=url, limits=Limits(tries=1)) as chat:
            with pytest.raises(ProviderUnavailable, match="cannot reach '127"):
                await collect(chat, ask_for())


async def test_a_lost_connection_is_named_for_what_it_is() -> None:
    """A server that hangs up is not called a time-out."""

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with _server(serve) as url, open_http() as http:
        api = SiliconFlowApi(http=http, api_key=KEY, base_url=url, clock=SystemClock())
        with pytest.raises(ProviderUnavailable, match="ServerDisconnectedError"):
            await api.get_json("/models")


async def test_what_is_not_http_is_an_error_like_any_other() -> None:
    """Another protocol on that port does not crash anything."""

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n\r\n")

    async with _server(serve) as url, open_http() as http:
        api = SiliconFlowApi(http=http, api_key=KEY, base_url=url, clock=SystemClock())
        with pytest.raises(ProviderUnavailable, match="cannot reach"):
            await api.get_json("/models")

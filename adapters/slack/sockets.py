"""Receives envelopes by Socket Mode; each is acknowledged, on the socket it came by, after it was stored.

The SDK's own client starts a task for every envelope and keeps none of them, and is known to go silent after
reconnecting (facts: slack-sdk behaviour); so the connections are our own, and Bolt reads the envelopes.
A connection that dies without a sign is found in fifteen seconds (a ping, and half as long for its answer)
and opened anew; what Slack sent into it meanwhile it sends again, and the other connections serve on.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
import orjson
import structlog
from slack_bolt.adapter.socket_mode.internals import build_headers
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.errors import ConfigurationError, DeliveryError
from bot.ports import Clock

from .backoff import Backoff
from .bolt import Gate
from .client import ApiClient
from .errors import Refused
from .wire import Payload, as_map, text_in

__all__ = ["Sockets"]

log = structlog.get_logger(__name__)

_PING_SECONDS = 10.0  # a socket that leaves a ping unanswered for half as long is dead
_OLDEST_SECONDS = 3000.0  # replaced then, before it can go silent without being dead
_DRAIN_SECONDS = 10.0  # an old socket may still bring envelopes that are under way
_MOST_AT_ONCE = 64
_LARGEST_ENVELOPE: Final = 4 * 1024 * 1024
_TEXTS = (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY)


@dataclass(slots=True, kw_only=True, eq=False)
class _Socket:
    ws: aiohttp.ClientWebSocketResponse
    replace: asyncio.Event = field(default_factory=asyncio.Event)
    has_greeted: bool = False


class Sockets:
    """``count`` connections of one app, each held open until cancelled."""

    def __init__(self, *, client: ApiClient, clock: Clock, rng: random.Random, count: int) -> None:
        self._client = client
        self._clock = clock
        self._rng = rng
        self._count = count
        self._room = asyncio.Semaphore(_MOST_AT_ONCE)

    async def run(self, gate: Gate, ready: Callable[[], None]) -> None:
        """Serve until cancelled. Raises ConfigurationError when Slack does not take the app's token."""
        try:
            async with self._client.in_use() as session, asyncio.TaskGroup() as tasks:
                for number in range(self._count):
                    tasks.create_task(self._hold(session, gate, ready), name=f"slack-socket-{number}")
        except* ConfigurationError as group:
            raise _first(group) from None

    async def _hold(self, session: aiohttp.ClientSession, gate: Gate, ready: Callable[[], None]) -> None:
        """Keep one connection. The next is opened before the one Slack wants back is let go."""
        backoff = Backoff(rng=self._rng)
        async with asyncio.TaskGroup() as readers:
            while True:
                socket = await self._connected(session, backoff)
                reader = readers.create_task(self._read(socket, gate, ready), name="slack-socket-reader")
                await self._until_replaced(socket, reader)
                if socket.has_greeted:
                    backoff.reset()
                if reader.done():
                    log.info("slack_socket_ended", greeted=socket.has_greeted)
                    await self._clock.sleep(backoff.next_seconds())
                else:
                    readers.create_task(self._drain(socket), name="slack-socket-drain")

    async def _until_replaced(self, socket: _Socket, reader: asyncio.Task[None]) -> None:
        wanted = asyncio.create_task(socket.replace.wait(), name="slack-socket-replace")
        lifetime = _OLDEST_SECONDS * self._rng.uniform(0.8, 1.0)
        try:
            await asyncio.wait({reader, wanted}, timeout=lifetime, return_when=asyncio.FIRST_COMPLETED)
        finally:
            wanted.cancel()

    async def _drain(self, socket: _Socket) -> None:
        """What is under way by a replaced socket still arrives; then its reader ends."""
        await self._clock.sleep(_DRAIN_SECONDS)
        await _closed(socket.ws)

    async def _connected(self, session: aiohttp.ClientSession, backoff: Backoff) -> _Socket:
        while True:
            at_least = 0.0
            try:
                url = await self._client.open_socket_url()
                return _Socket(ws=await self._connect(session, url))
            except Refused as exc:
                if exc.is_token_rejected:
                    raise ConfigurationError(
                        f"Slack does not take the app token ({exc.error}): set SLACK_APP_TOKEN to an "
                        "app-level token with the scope connections:write, like xapp-1-…"
                    ) from None
                at_least = exc.pause_seconds if exc.is_rate_limited else 0.0
                log.warning("slack_socket_not_opened", error=str(exc))
            except DeliveryError as exc:
                log.warning("slack_socket_not_opened", error=str(exc))
            except (aiohttp.ClientError, TimeoutError, OSError) as exc:
                # Only the kind: the address holds a ticket.
                log.warning("slack_socket_not_opened", error=type(exc).__name__)
            await self._clock.sleep(backoff.next_seconds(at_least=at_least))

    async def _connect(self, session: aiohttp.ClientSession, url: str) -> aiohttp.ClientWebSocketResponse:
        async with asyncio.timeout(20):
            return await session.ws_connect(url, heartbeat=_PING_SECONDS, max_msg_size=_LARGEST_ENVELOPE)

    # --- one connection ---------------------------------------------------------------------------------

    async def _read(self, socket: _Socket, gate: Gate, ready: Callable[[], None]) -> None:
        """Read until the socket ends."""
        try:
            async with asyncio.TaskGroup() as work:
                while (envelope := await self._next(socket)) is not None:
                    match envelope.get("type"):
                        case "hello":
                            socket.has_greeted = True
                            ready()
                        case "disconnect":
                            log.info("slack_socket_replaced", reason=text_in(envelope, "reason"))
                            socket.replace.set()
                        case _:
                            await self._room.acquire()
                            task = work.create_task(self._answer(socket, gate, envelope))
                            task.add_done_callback(lambda _: self._room.release())
        finally:
            await asyncio.shield(_closed(socket.ws))

    async def _next(self, socket: _Socket) -> Payload | None:
        """The next envelope; None when no more come."""
        while (message := await socket.ws.receive()).type in _TEXTS:
            try:
                return as_map(orjson.loads(message.data))
            except ValueError:
                log.warning("slack_envelope_malformed")
        return None

    async def _answer(self, socket: _Socket, gate: Gate, envelope: Payload) -> None:
        request = _request(envelope)
        if request is None or not isinstance(request.payload, dict):
            log.warning("slack_envelope_malformed")
            await _acknowledge(socket, text_in(envelope, "envelope_id"), {})
            return
        response = await gate.envelope(request.payload, _headers(request))
        if response.status == 503:
            return
        await _acknowledge(socket, request.envelope_id, _payload(response.body))


def _request(envelope: Payload) -> SocketModeRequest | None:
    try:
        return SocketModeRequest.from_dict(dict(envelope))
    except TypeError:
        return None  # a payload that is neither object nor text, over which the SDK stumbles


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _headers(request: SocketModeRequest) -> Mapping[str, str]:
    built = build_headers(request) or {}
    return {name: value for name, value in built.items() if isinstance(value, str)}


def _payload(body: str | None) -> dict[str, Any]:
    try:
        return dict(as_map(orjson.loads(body))) if body else {}
    except ValueError:
        return {}


async def _acknowledge(socket: _Socket, envelope_id: str, payload: dict[str, Any]) -> None:
    if not envelope_id:
        return
    answer = {"envelope_id": envelope_id, **({"payload": payload} if payload else {})}
    try:
        await socket.ws.send_str(orjson.dumps(answer).decode())
    except (aiohttp.ClientError, OSError) as exc:
        # It comes again by another socket, and is known then.
        log.info("slack_envelope_not_acknowledged", reason=type(exc).__name__)


async def _closed(ws: aiohttp.ClientWebSocketResponse) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(5):
            await ws.close()

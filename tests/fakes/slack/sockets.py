"""Socket Mode: websockets the app has opened, envelopes on one of them, acknowledgements by envelope_id.

An event that finds no socket, or whose socket closes before it is acknowledged, waits for the next socket and
arrives there as a retry, as after a restart of the app (facts: Slack §2.1). Slack would give up after five
minutes, this does not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal
from uuid import uuid4

import orjson
from aiohttp import WSMsgType, web

from .delivery import Ack, Attempt, Delivery, Refusal

__all__ = ["MAX_SOCKETS", "SocketMode"]

MAX_SOCKETS = 10
TIMEOUT = "timeout"
CUT = Refusal(reason="socket_closed")
Wire = dict[str, Any]
_numbers = count(1)


@dataclass(slots=True, kw_only=True, eq=False)
class _Socket:
    """One open websocket. A silent one looks open, but nothing goes in or out."""

    ws: web.WebSocketResponse
    request: web.BaseRequest
    silent: bool = False
    waiting: dict[str, asyncio.Future[Ack | Refusal]] = field(default_factory=dict)

    async def send(self, data: str) -> None:
        if not self.silent:
            await self.ws.send_str(data)

    def give_up(self) -> None:
        """Count everything it carried as not acknowledged."""
        for future in self.waiting.values():
            if not future.done():
                future.set_result(CUT)

    def abort(self) -> None:
        """Cut the connection without a word."""
        if self.request.transport is not None:
            self.request.transport.abort()


class SocketMode:
    """The sockets of the app; each envelope goes to the next in turn."""

    def __init__(self, app_id: str, *, on_change: Callable[[], None]) -> None:
        self.connections = 0
        self._app_id = app_id
        self._on_change = on_change
        self._tickets: set[str] = set()
        self._sockets: list[_Socket] = []
        self._turn = count()
        self._opened = asyncio.Event()

    @property
    def open_sockets(self) -> int:
        """How many sockets the app holds, silent ones included."""
        return len(self._sockets)

    def issue_ticket(self) -> str:
        """A ticket for one connection, as apps.connections.open gives it out in a URL."""
        ticket = uuid4().hex
        self._tickets.add(ticket)
        return ticket

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Hold one websocket until either side closes it."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=404, text="unknown ticket")
        self._tickets.remove(ticket)
        ws = web.WebSocketResponse(autoping=False)
        await ws.prepare(request)
        if len(self._sockets) >= MAX_SOCKETS:
            await ws.send_str(_dump({"type": "disconnect", "reason": "too_many_websockets"}))
            await ws.close()
            return ws
        socket = _Socket(ws=ws, request=request)
        try:
            await socket.send(_dump(self._hello()))
            self._sockets.append(socket)
            self.connections += 1
            self._opened.set()
            self._on_change()
            await self._listen(socket)
        finally:
            self._drop(socket)
        return ws

    def _hello(self) -> Wire:
        return {
            "type": "hello",
            "num_connections": len(self._sockets) + 1,
            "debug_info": {"host": "applink-1", "build_number": 1, "approximate_connection_time": 18_060},
            "connection_info": {"app_id": self._app_id},
        }

    async def _listen(self, socket: _Socket) -> None:
        while True:
            message = await socket.ws.receive()
            if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR):
                return
            if socket.silent:
                continue
            if message.type is WSMsgType.PING:
                await socket.ws.pong(message.data)
            elif message.type is WSMsgType.TEXT:
                _settle(socket, message.data)

    def _drop(self, socket: _Socket) -> None:
        if socket in self._sockets:
            self._sockets.remove(socket)
        if not self._sockets:
            self._opened.clear()
        socket.give_up()
        self._on_change()

    # Delivery

    async def carry(self, delivery: Delivery, attempt: Attempt, timeout_seconds: float) -> Ack | Refusal:
        """Send an envelope to one socket and wait for its acknowledgement there."""
        while True:
            if not self._sockets and delivery.kind != "events_api":
                return Refusal(reason="no_sockets", final=True)
            while not self._sockets:
                await self._opened.wait()
                _mark_retry(attempt)
            outcome = await self._send(delivery, attempt, timeout_seconds)
            if outcome is not CUT or delivery.kind != "events_api":
                return outcome
            _mark_retry(attempt)

    async def _send(self, delivery: Delivery, attempt: Attempt, timeout_seconds: float) -> Ack | Refusal:
        socket = self._sockets[next(self._turn) % len(self._sockets)]
        envelope = _envelope(delivery, attempt)
        future: asyncio.Future[Ack | Refusal] = asyncio.get_running_loop().create_future()
        socket.waiting[envelope["envelope_id"]] = future
        try:
            async with asyncio.timeout(timeout_seconds):
                await socket.send(_dump(envelope))
                return await future
        except TimeoutError:
            return Refusal(reason=TIMEOUT)
        except ConnectionError:
            self._drop(socket)
            return CUT
        finally:
            del socket.waiting[envelope["envelope_id"]]

    async def send_raw(self, frame: str) -> None:
        """Send one socket a frame as it stands. Raises AssertionError without a socket."""
        assert self._sockets, "the app holds no socket"
        await self._sockets[next(self._turn) % len(self._sockets)].send(frame)

    # Trouble

    def kill(self) -> None:
        """Cut every connection, as when the network goes."""
        for socket in list(self._sockets):
            self._drop(socket)
            socket.abort()

    def silence(self) -> None:
        """Let every socket die without a sign: no frame, no pong, no close."""
        for socket in self._sockets:
            socket.silent = True

    async def refresh(self, reason: Literal["warning", "refresh_requested"] = "refresh_requested") -> None:
        """Ask the app to connect anew; after ``refresh_requested`` the old sockets are closed."""
        for socket in list(self._sockets):
            debug = {"host": "applink-1"}
            await socket.send(_dump({"type": "disconnect", "reason": reason, "debug_info": debug}))
            if reason == "refresh_requested":
                self._drop(socket)
                await socket.ws.close()

    async def close(self) -> None:
        """Close every socket."""
        self.kill()


def _envelope(delivery: Delivery, attempt: Attempt) -> Wire:
    envelope: Wire = {
        "envelope_id": str(uuid4()),
        "type": delivery.kind,
        "payload": delivery.payload,
        "accepts_response_payload": delivery.kind != "events_api",
    }
    if delivery.kind == "events_api":
        envelope |= {"retry_attempt": attempt.number, "retry_reason": attempt.reason}
    return envelope


def _mark_retry(attempt: Attempt) -> None:
    attempt.number, attempt.reason = max(attempt.number, 1), attempt.reason or TIMEOUT


def _settle(socket: _Socket, data: str) -> None:
    try:
        answer = orjson.loads(data)
    except orjson.JSONDecodeError:
        return
    future = socket.waiting.get(str(answer.get("envelope_id"))) if isinstance(answer, dict) else None
    if future is not None and not future.done():
        future.set_result(Ack(payload=answer.get("payload") or {}))


def _dump(value: Wire) -> str:
    return orjson.dumps(value).decode()

"""One request and its answer: what came in, what went out, and whether the client stayed to the end."""

from __future__ import annotations

import asyncio
import secrets
import socket
import struct
import time
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any, Final

from aiohttp import web

from bot.sandbox.refusals import Refusal

TRACE_HEADER: Final = "x-siliconcloud-trace-id"
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


@dataclass(slots=True, kw_only=True)
class RecordedRequest:
    """What a test may ask about a request afterwards; filled while it is served.

    ``arrived_at`` is ``time.monotonic()``; ``bytes_sent`` counts body bytes handed to the socket.
    ``client_went_away`` is true when the client closed before the answer was complete. ``body_started`` is
    set with the first bytes of a stream, ``ended`` when serving is over.
    """

    method: str
    path: str
    trace_id: str
    authorization: str = ""
    raw_body: bytes = b""
    body: Any = None
    arrived_at: float = field(default_factory=time.monotonic)
    status: int = 0
    bytes_sent: int = 0
    client_went_away: bool = False
    body_started: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class Exchange:
    """Answers one request: whole or as a stream, and can break the connection on purpose."""

    def __init__(self, request: web.Request, record: RecordedRequest) -> None:
        self.request = request
        self.record = record
        self._response: web.StreamResponse | None = None

    def refuse(self, refusal: Refusal) -> web.Response:
        """The answer of a refusal."""
        return self.whole(refusal.body, status=refusal.status, content_type=refusal.content_type)

    def whole(
        self, body: bytes, *, status: int = 200, content_type: str = "application/json"
    ) -> web.Response:
        """An answer in one piece."""
        self.record.bytes_sent = len(body)
        return web.Response(
            body=body, status=status, headers={"Content-Type": f"{content_type}; charset=utf-8"}
        )

    async def open(self, *, content_type: str = "text/event-stream") -> web.StreamResponse:
        """Send the status line and headers of a 200 whose body follows through ``send``."""
        response = web.StreamResponse(headers={"Content-Type": content_type, "Cache-Control": "no-cache"})
        response.enable_chunked_encoding()
        await response.prepare(self.request)
        self.record.status = response.status
        self._response = response
        return response

    async def send(self, data: bytes, *, piece_bytes: tuple[int, ...] = ()) -> None:
        """Write ``data``, in pieces of these sizes if any; raises ConnectionError when the client is gone."""
        if not piece_bytes:
            await self._write(data)
            return
        start = 0
        for size in cycle(piece_bytes):
            await self._write(data[start : start + size])
            # Two turns of the loop let a reader in this process take the piece before the next one joins it.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            start += size
            if start >= len(data):
                return

    def drop(self, *, reset: bool) -> None:
        """Close the connection inside the body; with ``reset`` the client sees a TCP reset."""
        transport = self.request.transport
        if transport is None:
            return
        if reset:
            connection = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            transport.abort()
        else:
            transport.close()

    async def _write(self, data: bytes) -> None:
        if self._response is None:
            raise RuntimeError("send() was called before open()")
        await self._response.write(data)
        self.record.bytes_sent += len(data)
        self.record.body_started.set()


def new_trace_id() -> str:
    """An id as in the provider's ``x-siliconcloud-trace-id``."""
    return f"ti_{secrets.token_hex(12)}"


async def never() -> None:
    """Wait until cancelled, which the server does when the client goes away or the stand-in closes."""
    await asyncio.Event().wait()

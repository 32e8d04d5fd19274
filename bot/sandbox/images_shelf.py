"""Keeps what the stand-in made under addresses of its own, which expire as presigned ones do."""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from aiohttp import web

__all__ = ["ResultShelf"]

_MOST: Final = 64
# As an object store words it.
_EXPIRED: Final = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
_TWO_KEYS: Final = (
    "<Error><Code>InvalidArgument</Code><Message>Only one auth mechanism allowed</Message></Error>"
)
_ABSENT: Final = "<Error><Code>NoSuchKey</Code></Error>"


@dataclass(frozen=True, slots=True)
class _Result:
    data: bytes
    mime: str
    made_at: float


class ResultShelf:
    """The newest results. ``url_seconds`` is how long an address serves (facts SiliconFlow §7: an hour).

    ``broken_downloads`` is how many of the next downloads break off half-way.
    """

    def __init__(self) -> None:
        self.url_seconds = 3_600.0
        self.broken_downloads = 0
        self.downloads = 0
        self._results: OrderedDict[str, _Result] = OrderedDict()

    def add(self, request: web.Request, data: bytes, mime: str) -> str:
        """Keep a result; its address on the host that ``request`` came to."""
        name = f"{secrets.token_hex(16)}.{mime.rpartition('/')[2]}"
        self._results[name] = _Result(data, mime, time.monotonic())
        if len(self._results) > _MOST:
            self._results.popitem(last=False)
        return f"http://{request.host}/results/{name}?X-Amz-Signature={secrets.token_hex(8)}"

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """GET /results/NAME."""
        if "Authorization" in request.headers:
            return _refuse(400, _TWO_KEYS)
        result = self._results.get(request.match_info["name"])
        if result is None:
            return _refuse(404, _ABSENT)
        if time.monotonic() > result.made_at + self.url_seconds:
            return _refuse(403, _EXPIRED)
        self.downloads += 1
        if self.broken_downloads:
            self.broken_downloads -= 1
            return await _break_off(request, result)
        # The type says nothing, as at many object stores.
        return web.Response(body=result.data, content_type="application/octet-stream")


def _refuse(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=text, content_type="application/xml")


async def _break_off(request: web.Request, result: _Result) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": str(len(result.data))})
    await response.prepare(request)
    await response.write(result.data[: len(result.data) // 2])
    if request.transport is not None:
        request.transport.close()
    return response

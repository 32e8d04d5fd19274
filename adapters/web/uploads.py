"""Takes files in, streamed to the disk, and gives them out again: whole or in part, and never as a page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import quote

from aiohttp import ClientPayloadError, web

from adapters.web.guard import Refused
from adapters.web.kinds import sniffed
from adapters.web.pagelog import FileKind, PageLog, StoredFile
from bot.ports import Clock

__all__ = ["LARGEST_FILE_BYTES", "Uploads"]

LARGEST_FILE_BYTES: Final = 100 * 1024 * 1024
_CHUNK_BYTES: Final = 256 * 1024
_STALL_SECONDS: Final = 60.0
# What is opened by its address, in a tab of its own, may do nothing there and belongs to no site.
_INERT: Final = "default-src 'none'; style-src 'none'; frame-ancestors 'none'; sandbox"
_ANYTHING: Final = "application/octet-stream"


class Uploads:
    """Shared by all chats; nothing to close. Its handlers raise Refused."""

    def __init__(self, *, log: PageLog, clock: Clock) -> None:
        self._log = log
        self._clock = clock

    async def take(self, request: web.Request) -> web.Response:
        """A file's bytes, to be named by a message that comes after. They may come again until it does."""
        file_id = request.match_info["file"]
        _check(request.content_length or 0)
        if request.headers.get("Content-Encoding"):
            raise Refused(415, "not_understood")
        if not await self._log.files.is_free(file_id):
            raise Refused(409, "file_taken")
        now = self._clock.now().timestamp()
        await self._log.files.sweep(now=now)
        async with self._log.files.arrive(file_id) as arriving:
            async for chunk in _chunks(request):
                await arriving.add(chunk)
                _check(arriving.size_bytes)
            if not arriving.size_bytes:
                raise Refused(400, "file_empty")
        await self._log.files.take(file_id, mime=sniffed(arriving.head), arrived=arriving, now=now)
        return web.json_response({"id": file_id, "size": arriving.size_bytes})

    async def give(self, request: web.Request) -> web.StreamResponse:
        """A file, or the range of it that a player asks for. Only pictures are shown in place."""
        file = await self._log.files.get(request.match_info["file"])
        if file is None:
            raise Refused(404, "gone")
        return web.FileResponse(
            self._log.files.path(file),
            chunk_size=_CHUNK_BYTES,
            headers={
                "Content-Type": _ANYTHING if file.kind is FileKind.FILE else file.mime,
                "Content-Disposition": _disposition(file),
                "Content-Security-Policy": _INERT,
            },
        )


def _check(size_bytes: int) -> None:
    if size_bytes > LARGEST_FILE_BYTES:
        raise Refused(413, "file_too_large")


def _disposition(file: StoredFile) -> str:
    """Shown or saved, and under which name (RFC 6266)."""
    how = "inline" if file.kind is FileKind.PICTURE else "attachment"
    return f"{how}; filename*=UTF-8''{quote(file.name or file.id, safe='')}"


async def _chunks(request: web.Request) -> AsyncIterator[bytes]:
    """The body as it comes. Raises Refused when it ends before its end, or no more of it comes."""
    while True:
        try:
            async with asyncio.timeout(_STALL_SECONDS):
                chunk = await request.content.read(_CHUNK_BYTES)
        except (ClientPayloadError, web.RequestPayloadError, ConnectionError, TimeoutError) as exc:
            raise Refused(400, "file_cut") from exc
        if not chunk:
            return
        yield chunk

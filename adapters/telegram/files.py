"""Fetches what people sent, as a stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

from bot.errors import FileTooLarge, PartRejected, PlatformUnclear
from bot.messages import Attachment

from .client import ApiClient
from .errors import Refused, delivery_error

__all__ = ["CLOUD_LIMIT_BYTES", "Files"]

CLOUD_LIMIT_BYTES = 20 * 1024 * 1024  # Bot API getFile; a server of one's own has no limit
_CHUNK_BYTES = 256 * 1024


class Files:
    """Downloads for one bot. ``limit_bytes`` bounds each file."""

    def __init__(self, *, client: ApiClient, limit_bytes: int, is_local: bool) -> None:
        self._client = client
        self._limit = limit_bytes
        self._is_local = is_local

    @asynccontextmanager
    async def fetch(self, attachment: Attachment) -> AsyncIterator[AsyncIterator[bytes]]:
        """The attachment's bytes.

        Raises PartRejected for a file that is too large or has no bytes, MessageGone when Telegram no longer
        has it, and DeliveryError's other kinds when the way there is broken.
        """
        if not attachment.file_id:
            raise PartRejected(f"there is no file behind a {attachment.kind.value} attachment")
        self._check(attachment.size_bytes or 0)
        path = await self._locate(attachment.file_id)
        if self._is_local and Path(path).is_absolute():
            async with aclosing(self._bounded(_read_file(Path(path)))) as chunks:
                yield chunks
            return
        async with self._client.download(path) as raw, aclosing(self._bounded(raw)) as chunks:
            yield chunks

    def _check(self, size_bytes: int) -> None:
        if size_bytes > self._limit:
            raise FileTooLarge(
                f"the file has {size_bytes} bytes and Telegram lets bots fetch at most {self._limit}",
                limit_bytes=self._limit,
            )

    async def _locate(self, file_id: str) -> str:
        try:
            file: Any = await self._client.call("getFile", {"file_id": file_id})
        except Refused as exc:
            if "file is too big" in exc.description.lower():
                # The message did not tell its size, or the server's limit is lower than ours.
                raise FileTooLarge(f"getFile: {exc.description}", limit_bytes=CLOUD_LIMIT_BYTES) from exc
            raise delivery_error(exc) from exc
        path = file.get("file_path") if isinstance(file, dict) else None
        if not isinstance(path, str):
            raise PlatformUnclear("getFile: the answer holds no path")
        self._check(file.get("file_size") or 0)
        return path

    async def _bounded(self, chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        """The same chunks; what is announced is not always what comes."""
        total = 0
        async for chunk in chunks:
            total += len(chunk)
            self._check(total)
            yield chunk


async def _read_file(path: Path) -> AsyncIterator[bytes]:
    """A file that a Bot API server in local mode left on a disk shared with us."""
    try:
        file = await asyncio.to_thread(path.open, "rb")
    except OSError as exc:
        raise PartRejected(
            f"the Bot API server keeps files on its own disk, where {type(exc).__name__} met us: "
            "share its directory with Parley, or run the server without --local"
        ) from exc
    with file:
        while chunk := await asyncio.to_thread(file.read, _CHUNK_BYTES):
            yield chunk

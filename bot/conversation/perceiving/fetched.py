"""Has the platform hand over a file once, however many read it and however little of it each wants."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from types import TracebackType
from typing import Final, Protocol, Self

from bot.messages import Attachment

__all__ = ["FetchedOnce", "Fetches"]

_CHUNK_BYTES: Final = 256 * 1024


class Fetches(Protocol):
    """Where files are fetched from: an adapter, or what was fetched from one."""

    def fetch(self, attachment: Attachment) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The attachment's bytes, as they come. Raises DeliveryError, on entering or from the bytes."""


class FetchedOnce:
    """One attachment, fetched as far as somebody reads it and kept on disk meanwhile.

    Use under ``async with``; leaving ends the fetching and gives the disk back once nobody reads any more.
    Who asks after that, or for another attachment, gets it from the platform. After an error the next to
    ask begins anew.
    """

    def __init__(self, source: Fetches, attachment: Attachment) -> None:
        self._source = source
        self._attachment = attachment
        self._download: _Download | None = None
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed = True
        if self._download is not None:
            await self._download.leave()

    @asynccontextmanager
    async def fetch(self, attachment: Attachment) -> AsyncIterator[AsyncIterator[bytes]]:
        """See Fetches.fetch."""
        if self._closed or attachment != self._attachment:
            async with self._source.fetch(attachment) as chunks:
                yield chunks
            return
        download = await self._current()
        download.readers += 1
        try:
            async with aclosing(download.chunks()) as chunks:
                yield chunks
        finally:
            await download.leave()

    async def _current(self) -> _Download:
        """The download under way, or done; another where it failed."""
        before = self._download
        if before is not None and not before.has_failed:
            return before
        self._download = download = _Download(self._source, self._attachment)
        if before is not None:
            await before.leave()
        return download


class _Download:
    """A file that grows on disk while somebody reads at its end; goes when the last of ``readers`` leaves.

    Whoever keeps it for readers to come counts as one. What was begun in one task is ended there, as the
    platform's own client wants it, whichever tasks read.
    """

    def __init__(self, source: Fetches, attachment: Attachment) -> None:
        self.readers = 1
        self._file = tempfile.TemporaryFile(prefix="parley-file-")  # noqa: SIM115 - closed by ``leave``
        self._at_file = threading.Lock()
        self._size = 0
        self._is_whole = False
        self._wanted, self._changed = asyncio.Event(), asyncio.Event()
        self._task = asyncio.create_task(self._fetch(source, attachment), name="fetch a file once")

    @property
    def has_failed(self) -> bool:
        """Whether it ended before the file did."""
        return self._task.done() and not self._is_whole

    async def leave(self) -> None:
        """One reader less."""
        self.readers -= 1
        if self.readers:
            return
        self._task.cancel()
        try:
            await asyncio.gather(self._task, return_exceptions=True)
        finally:
            with self._at_file:
                self._file.close()

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """All bytes from the first; fetches what is not there yet. Raises DeliveryError."""
        position = 0
        while True:
            changed = self._changed
            if position < self._size:
                chunk = await asyncio.to_thread(self._read, position)
                position += len(chunk)
                yield chunk
            elif self._is_whole:
                return
            elif self._task.done():
                await self._task
            else:
                self._wanted.set()
                await changed.wait()

    async def _fetch(self, source: Fetches, attachment: Attachment) -> None:
        try:
            await self._wanted.wait()
            async with source.fetch(attachment) as chunks:
                async for chunk in chunks:
                    await self._add(chunk)
            self._is_whole = True
        finally:
            self._tell()

    async def _add(self, chunk: bytes) -> None:
        """Keep it; the next is fetched when somebody wants it."""
        await asyncio.to_thread(self._append, chunk)
        self._size += len(chunk)
        self._wanted.clear()
        self._tell()
        await self._wanted.wait()

    def _append(self, chunk: bytes) -> None:
        with self._at_file:
            self._file.seek(self._size)
            self._file.write(chunk)

    def _read(self, position: int) -> bytes:
        with self._at_file:
            self._file.seek(position)
            return self._file.read(_CHUNK_BYTES)

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

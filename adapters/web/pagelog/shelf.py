"""The bytes of the page's files, each in a file of its own under its id: whole, or not there at all."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import secrets
from collections.abc import AsyncIterator, Container, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO, Final

from bot.errors import StorageError

__all__ = ["HEAD_BYTES", "Arriving", "Shelf"]

HEAD_BYTES: Final = 64
"""How many of its first bytes are remembered of a file that arrives."""
_CHUNK_BYTES: Final = 256 * 1024


class Arriving:
    """A file that is being written. ``head`` are its first bytes so far."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self.head = b""
        self.size_bytes = 0

    @property
    def digest(self) -> str:
        """The same for the same bytes."""
        return self._hash.hexdigest()

    async def add(self, chunk: bytes) -> None:
        """The next bytes. Raises StorageError."""
        with _disk("write"):
            await asyncio.to_thread(self._add, chunk)

    def _add(self, chunk: bytes) -> None:
        self._file.write(chunk)
        self._hash.update(chunk)
        self.head = (self.head + chunk[:HEAD_BYTES])[:HEAD_BYTES]
        self.size_bytes += len(chunk)


class Shelf:
    """Keeps everything in ``folder``, which is made when it is needed. Ids are names of files: ours alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, file_id: str) -> Path:
        """Where a file's bytes are, if it is there."""
        return self._folder / file_id

    @asynccontextmanager
    async def arrive(self, file_id: str) -> AsyncIterator[Arriving]:
        """Write a file; it is there once the block is left without an error. Raises StorageError."""
        with _disk("write"):
            path, file = await asyncio.to_thread(self._begin, file_id)
        try:
            with file:
                yield Arriving(file)
            with _disk("write"):
                await asyncio.to_thread(path.replace, self.path(file_id))
        finally:
            path.unlink(missing_ok=True)

    async def put(self, file_id: str, data: bytes) -> None:
        """Write a file at once. Raises StorageError."""
        with _disk("write"):
            await asyncio.to_thread(self.put_now, file_id, data)

    def put_now(self, file_id: str, data: bytes) -> int:
        """Write a file; how many bytes it has. Raises OSError."""
        path, file = self._begin(file_id)
        with file:
            file.write(data)
        path.replace(self.path(file_id))
        return len(data)

    @asynccontextmanager
    async def read(self, file_id: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """A file's bytes, piece by piece. Raises StorageError."""
        with _disk("read"):
            file = await asyncio.to_thread(self.path(file_id).open, "rb")
        with file:
            yield _pieces(file)

    async def drop(self, file_ids: Iterable[str]) -> None:
        """Delete files; those already gone are fine. Raises StorageError."""
        with _disk("delete"):
            await asyncio.to_thread(self._drop, tuple(file_ids))

    async def keep_only(self, file_ids: Container[str]) -> None:
        """Delete everything else, such as what was half-written. Raises StorageError."""
        with _disk("delete"):
            await asyncio.to_thread(self._keep_only, file_ids)

    def _begin(self, file_id: str) -> tuple[Path, BinaryIO]:
        """Under a name of its own: the same file may be on its way twice."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / f"{file_id}.{secrets.token_hex(4)}.part"
        path.touch(mode=0o600, exist_ok=False)
        return path, path.open("wb")

    def _drop(self, file_ids: Iterable[str]) -> None:
        for file_id in file_ids:
            self.path(file_id).unlink(missing_ok=True)

    def _keep_only(self, file_ids: Container[str]) -> None:
        for path in self._folder.iterdir() if self._folder.exists() else ():
            if path.name not in file_ids:
                path.unlink(missing_ok=True)


async def _pieces(file: BinaryIO) -> AsyncIterator[bytes]:
    while True:
        with _disk("read"):
            piece = await asyncio.to_thread(file.read, _CHUNK_BYTES)
        if not piece:
            return
        yield piece


@contextlib.contextmanager
def _disk(wish: str) -> Iterator[None]:
    """Raises StorageError for what the disk refuses."""
    try:
        yield
    except OSError as exc:
        raise StorageError(f"the page's files: cannot {wish}: {exc.strerror or exc}") from exc

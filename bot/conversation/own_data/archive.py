"""Packs a document and its files into a ZIP of bounded size: on disk, one file after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from bot.conversation.own_data.data import StoredFile
from bot.conversation.visit import Reads
from bot.ports import OutgoingFile

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["fitting", "pack"]

_ENTRY_BYTES: Final = 400
"""What a file takes in the archive beside its content: its name twice, and two headers."""


def fitting(files: Sequence[StoredFile], *, most_bytes: int) -> tuple[list[StoredFile], list[StoredFile]]:
    """The files that have room together, the newest first served, and those that have none; both in order."""
    taken: set[str] = set()
    left = most_bytes
    for file in reversed(files):
        need = file.size_bytes + _ENTRY_BYTES
        if need <= left:
            left -= need
            taken.add(file.name)
    return [f for f in files if f.name in taken], [f for f in files if f.name not in taken]


async def pack(
    database: Reads, document: OutgoingFile, files: Sequence[StoredFile], *, at: datetime
) -> OutgoingFile:
    """The document and its files as one; a file that has gone meanwhile is left out. Raises StorageError.

    What is packed lies in a nameless file on disk meanwhile, never whole in memory before the end.
    """
    stamp = at.astimezone(UTC).timetuple()[:6]
    with TemporaryFile(prefix="parley-") as stream:
        with ZipFile(stream, "w") as archive:
            await _in_thread(partial(_add, archive, document.name, document.data, stamp, ZIP_DEFLATED))
            for file in files:
                data = await database.read(partial(_read, file))
                if data is not None:
                    how = ZIP_DEFLATED if file.is_text else ZIP_STORED
                    await _in_thread(partial(_add, archive, file.name, data, stamp, how))
        stream.seek(0)
        whole = await asyncio.to_thread(stream.read)
    name = f"{document.name.rpartition('.')[0]}.zip"
    return OutgoingFile(name=name, mime="application/zip", data=whole)


def _read(file: StoredFile, conn: Connection) -> bytes | None:
    return file.read(conn, file.turn, file.position)


def _add(archive: ZipFile, name: str, data: bytes, stamp: tuple[int, ...], how: int) -> None:
    entry = ZipInfo(name, date_time=stamp)  # type: ignore[arg-type]  # six numbers, as typeshed cannot know
    entry.compress_type = how
    archive.writestr(entry, data)


async def _in_thread(call: Callable[[], None]) -> None:
    """Have it done in a thread; on return it is over, also when this is cancelled."""
    work = asyncio.create_task(asyncio.to_thread(call), name="pack")
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])  # the archive can't be closed while something is written into it
        raise

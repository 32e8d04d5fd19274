"""The page's log as a whole: opened, closed, and the secret that its browsers share."""

from __future__ import annotations

import secrets
import sqlite3
from pathlib import Path
from typing import Final

from adapters.web.pagelog.chats import Chats
from adapters.web.pagelog.database import PageDatabase
from adapters.web.pagelog.files import Files
from adapters.web.pagelog.messages import Messages
from adapters.web.pagelog.shelf import Shelf

__all__ = ["PageLog"]

_DATABASE: Final = "page.db"
_FILES: Final = "page-files"


class PageLog:
    """Keeps everything in ``folder``. Safe to use from any task.

    ``open`` keeps the file open until ``close``; without, each call opens it. Every method raises
    sqlite3.Error or StorageError when the disk cannot be read or written, and has then changed nothing.
    """

    def __init__(self, folder: Path) -> None:
        shelf = Shelf(folder / _FILES)
        self._database = PageDatabase(folder / _DATABASE, shelf)
        self.chats = Chats(self._database)
        self.messages = Messages(self._database)
        self.files = Files(self._database, shelf)

    async def open(self, *, now: float) -> None:
        """Keep the file open, and delete what an earlier process had no time to."""
        await self._database.open()
        await self.files.clear_away()
        await self.files.sweep(now=now)

    async def close(self) -> None:
        """Close the file; may be called twice."""
        await self._database.close()

    async def secret(self, name: str) -> str:
        """A random text that stays the same from start to start."""

        def change(conn: sqlite3.Connection) -> str:
            conn.execute("insert or ignore into secrets values (?, ?)", (name, secrets.token_urlsafe(32)))
            return str(conn.execute("select value from secrets where name = ?", (name,)).fetchone()[0])

        return await self._database.run(change)

"""The local page, over HTTP as its script speaks."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import tempfile
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from adapters.web import WebAdapter
from adapters.web.pagelog import BUSY_SECONDS
from bot.errors import DeliveryError, PlatformBusy
from bot.server import HttpServer, Readiness
from tests.contract.adapters.room import Room
from tests.unit.web.support import Browser, open_browser
from tests.unit.web.test_html import Reader

__all__ = ["open_web_room"]


class WebRoom(Room):
    """The person in front of the page; what it shows is read from its log, where a reload reads it too."""

    redelivers = False
    replies = False

    def __init__(self, folder: Path, adapter: WebAdapter, browser: Browser) -> None:
        super().__init__(adapter)
        self._log = folder / "page.db"
        self._browser = browser
        self._chat = ""
        self._lock: asyncio.Task[None] | None = None

    async def say(self, text: str) -> None:
        if not self._chat:
            self._chat = await self._browser.new_chat()
        await self._browser.say(self._chat, text, uuid.uuid4().hex)

    def _messages(self) -> list[tuple[str, str, str]]:
        """Id, HTML and buttons of each message of the bot."""
        with contextlib.closing(sqlite3.connect(self._log)) as log:
            return log.execute(
                "select id, html, buttons from messages where who = 'bot' order by id"
            ).fetchall()

    def seen(self) -> str:
        return "\n".join(f"{Reader(html).text} {buttons}" for _, html, buttons in self._messages())

    async def press(self, label: str) -> None:
        message_id, _, buttons = self._messages()[-1]
        data = next(data for row in json.loads(buttons) for shown, data in row if shown == label)
        body = {"message": str(message_id), "data": data, "nonce": uuid.uuid4().hex}
        await self._browser.post(f"/chat/api/chats/{self._chat}/press", body)

    def answered_message(self, message_id: str) -> str:
        return ""

    def complaints(self) -> list[str]:
        """Reading it as strictly as the page's rules would complain by itself."""
        self.seen()
        return []

    def troubles(self) -> Sequence[tuple[str, type[DeliveryError]]]:
        return [("log locked", PlatformBusy)]

    def fail_next(self, trouble: str) -> None:
        blocker = sqlite3.connect(self._log, isolation_level=None)
        blocker.execute("begin immediate")

        async def release() -> None:
            await asyncio.sleep(BUSY_SECONDS + 0.5)
            blocker.close()

        self._lock = asyncio.create_task(release(), name="lock")


@asynccontextmanager
async def open_web_room() -> AsyncIterator[Room]:
    """A room on a page of its own, in a browser that opened the printed link."""
    with tempfile.TemporaryDirectory() as folder:
        adapter = WebAdapter(folder=Path(folder))
        server = HttpServer(host="127.0.0.1", port=0, readiness=Readiness(), routes=adapter.routes())
        await server.start()
        try:
            async with open_browser(server.url) as browser:
                await browser.sign_in(adapter.link(server.url))
                room = WebRoom(Path(folder), adapter, browser)
                try:
                    yield room
                finally:
                    await room.stop()
        finally:
            await server.close()

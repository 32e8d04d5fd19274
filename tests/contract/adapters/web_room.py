"""The local page, over HTTP as its script speaks."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
import tempfile
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from adapters.web import WebAdapter
from bot.errors import DeliveryError, PlatformBusy
from bot.ports import MenuCommand
from bot.server import HttpServer, Readiness
from tests.contract.adapters.room import Room
from tests.unit.web.support import Browser, open_browser
from tests.unit.web.test_html import Reader

__all__ = ["open_web_room"]


_LINK = re.compile(r'<a href="(/chat/api/files/[0-9a-f]+)" download="([^"]+)"')


class WebRoom(Room):
    """The person in front of the page; what it shows is read from its log, where a reload reads it too."""

    redelivers = False
    replies = False

    def __init__(self, folder: Path, adapter: WebAdapter, browser: Browser) -> None:
        super().__init__(adapter)
        self._log = folder / "page.db"
        self._browser = browser
        self._chat = ""

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

    def newest(self) -> str:
        _, html, buttons = self._messages()[-1]
        return f"{Reader(html).text} {[label for row in json.loads(buttons) for label, _ in row]}"

    async def press(self, label: str) -> None:
        message_id, _, buttons = self._messages()[-1]
        data = next(data for row in json.loads(buttons) for shown, data in row if shown == label)
        await self._press(str(message_id), data)

    async def forge(self, data: str) -> None:
        """Under a message only what stands there is taken; beside the chat the core has to know its own."""
        await self._press("", data)

    def told(self) -> list[str]:
        return [answer["text"] for event, answer in self._browser.frames if event == "answer"]

    def listening(self) -> AbstractAsyncContextManager[None]:
        return self._browser.listening()

    async def _press(self, message_id: str, data: str) -> None:
        body = {"message": message_id, "data": data, "nonce": uuid.uuid4().hex}
        await self._browser.post(f"/chat/api/chats/{self._chat}/press", body)

    def answered_message(self, message_id: str) -> str:
        return ""

    async def files(self) -> list[tuple[str, bytes]]:
        links = [link for _, html, _ in self._messages() for link in _LINK.findall(html)]
        return [(name, (await self._browser.get(address)).body) for address, name in links]

    def complaints(self) -> list[str]:
        """Reading it as strictly as the page's rules would complain by itself."""
        self.seen()
        return []

    def troubles(self) -> Sequence[tuple[str, type[DeliveryError]]]:
        return [("log locked", PlatformBusy)]

    def fail_next(self, trouble: str) -> None:
        """Another process holds the page's log for writing until the next send has given up."""
        blocker = sqlite3.connect(self._log, isolation_level=None)
        blocker.execute("begin immediate")
        send = self.adapter.send

        async def send_and_release(*arguments: Any, **options: Any) -> str:
            try:
                return await send(*arguments, **options)
            finally:
                blocker.close()
                vars(self.adapter).pop("send")

        self.adapter.send = send_and_release  # type: ignore[method-assign]


@asynccontextmanager
async def open_web_room(*, menu: Sequence[MenuCommand] = ()) -> AsyncIterator[Room]:
    """A room on a page of its own, in a browser that opened the printed link."""
    with tempfile.TemporaryDirectory() as folder:
        adapter = WebAdapter(folder=Path(folder), menu=menu)
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

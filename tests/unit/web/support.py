"""A page's service on a real HTTP server, and a browser's manners without the browser."""

from __future__ import annotations

import asyncio
import io
import json
import re
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from adapters.web import WebAdapter
from bot.errors import StorageError
from bot.messages import Inbound
from bot.ports import Fidelity, MenuCommand, Rendered
from bot.rendering import parse
from bot.server import HttpServer, Readiness

__all__ = ["Answer", "Browser", "Service", "holders", "markdown", "new_id", "open_browser", "open_service"]

WAIT_SECONDS = 60.0
MENU = (MenuCommand(name="help", descriptions={"en": "Help", "zh": "帮助"}),)


def markdown(text: str) -> Rendered:
    """A text as the core would have it rendered."""
    return WebAdapter(folder=Path("nowhere")).render(parse(text), fidelity=Fidelity.FORMATTED)[0]


def holders(folder: Path, words: bytes) -> list[str]:
    """The files of a folder, and of those in it, that hold these words."""
    return [path.name for path in folder.rglob("*") if path.is_file() and words in path.read_bytes()]


def new_id() -> str:
    """A name for a wish or a file, as a page makes them."""
    return secrets.token_hex(16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back from a request."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def data(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(slots=True, kw_only=True)
class Service:
    """A running adapter. ``refusing`` lets the store refuse what comes."""

    adapter: WebAdapter
    url: str
    events: list[Inbound] = field(default_factory=list)
    refusing: bool = False

    async def submit(self, event: Inbound) -> None:
        """Take an event, as the core would."""
        if self.refusing:
            raise StorageError("the disk is full")
        self.events.append(event)

    @property
    def link(self) -> str:
        """The link that lets a browser in."""
        return self.adapter.link(self.url)


class Browser:
    """Speaks like a page: keeps cookies, names its origin, reads the stream of changes."""

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self.url = url
        self.http = http
        self.frames: list[tuple[str, Any]] = []
        self._heard = asyncio.Condition()

    async def get(self, path: str, **headers: str) -> Answer:
        """GET without following redirects."""
        async with self.http.get(f"{self.url}{path}", headers=headers, allow_redirects=False) as answer:
            return Answer(status=answer.status, headers=answer.headers, body=await answer.read())

    async def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        """POST JSON as the page does; ``headers`` replace its own, an empty value leaves one out."""
        wanted = {"Origin": self.url, "Content-Type": "application/json", **headers}
        sent = {name: value for name, value in wanted.items() if value}
        data = body if isinstance(body, bytes) else json.dumps(body or {}, ensure_ascii=False).encode()
        async with self.http.post(f"{self.url}{path}", data=io.BytesIO(data), headers=sent) as answer:
            return Answer(status=answer.status, headers=answer.headers, body=await answer.read())

    async def sign_in(self, link: str) -> Answer:
        """Open the printed link."""
        parts = urlsplit(link)
        return await self.get(f"{parts.path}?{parts.query}")

    async def new_chat(self) -> str:
        """A new chat's id."""
        return str((await self.post("/chat/api/chats")).data["id"])

    async def say(self, chat: str, text: str, nonce: str) -> Answer:
        """Write a message."""
        return await self.post(f"/chat/api/chats/{chat}/messages", {"text": text, "nonce": nonce})

    async def upload(self, data: bytes | AsyncIterator[bytes], file_id: str = "", **headers: str) -> Answer:
        """Send the bytes of a file as the page does; ``headers`` as for ``post``."""
        wanted = {"Origin": self.url, "Content-Type": "application/octet-stream", **headers}
        sent = {name: value for name, value in wanted.items() if value}
        path = f"/chat/api/uploads/{file_id or new_id()}"
        body = io.BytesIO(data) if isinstance(data, bytes) else data
        async with self.http.post(f"{self.url}{path}", data=body, headers=sent) as answer:
            return Answer(status=answer.status, headers=answer.headers, body=await answer.read())

    async def attach(self, chat: str, data: bytes, *, text: str = "", **said: Any) -> dict[str, Any]:
        """Send a message with a file, of which ``said`` is said; the message as the page shows it then."""
        file_id = (await self.upload(data)).data["id"]
        body = {"text": text, "nonce": new_id(), "files": [{"id": file_id, **said}]}
        assert (await self.post(f"/chat/api/chats/{chat}/messages", body)).status == 200
        return next(shown for shown in reversed(await self.messages(chat)) if shown["who"] == "person")

    async def head(self, path: str, **headers: str) -> Answer:
        """HEAD."""
        async with self.http.head(f"{self.url}{path}", headers=headers) as answer:
            return Answer(status=answer.status, headers=answer.headers, body=await answer.read())

    async def messages(self, chat: str) -> list[dict[str, Any]]:
        """What a chat shows after a reload."""
        found: list[dict[str, Any]] = (await self.get(f"/chat/api/chats/{chat}/messages")).data["messages"]
        return found

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Read the stream of changes meanwhile."""
        async with self.http.get(f"{self.url}/chat/events") as stream:
            assert stream.status == 200
            reading = asyncio.create_task(self._read(stream))
            try:
                await self.until("hello")
                yield
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)

    async def _read(self, stream: aiohttp.ClientResponse) -> None:
        rest = ""
        async for chunk in stream.content.iter_any():
            *frames, rest = (rest + chunk.decode()).split("\n\n")
            for frame in frames:
                found = re.search(r"event: (\w+)\ndata: (.*)", frame)
                if found is not None:
                    await self._hear(found[1], json.loads(found[2]))

    async def _hear(self, event: str, data: Any) -> None:
        async with self._heard:
            self.frames.append((event, data))
            self._heard.notify_all()

    async def until(self, event: str, count: int = 1) -> list[Any]:
        """The data of these events, once there are as many."""
        async with asyncio.timeout(WAIT_SECONDS), self._heard:
            await self._heard.wait_for(lambda: len(self._of(event)) >= count)
            return self._of(event)

    def _of(self, event: str) -> list[Any]:
        return [data for name, data in self.frames if name == event]


@asynccontextmanager
async def open_service(folder: Path, *, host: str = "127.0.0.1") -> AsyncIterator[Service]:
    """A service on a free port, ended in the order the real one ends in."""
    adapter = WebAdapter(folder=folder, host=host, menu=MENU)
    server = HttpServer(host="127.0.0.1", port=0, readiness=Readiness(), routes=adapter.routes())
    await server.start()
    service = Service(adapter=adapter, url=server.url)
    ready = asyncio.Event()
    running = asyncio.create_task(adapter.run(service.submit, ready.set))
    try:
        await ready.wait()
        yield service
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await server.close()


@asynccontextmanager
async def open_browser(url: str, *, language: str = "en-GB,en;q=0.9") -> AsyncIterator[Browser]:
    """A browser that has never been here."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar, headers={"Accept-Language": language}) as http:
        yield Browser(url, http)

"""The local page as the benchmark sees it: its HTTP interface and its stream of server-sent events."""

from __future__ import annotations

import asyncio
import contextlib
import html
import re
import time
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

import aiohttp
import orjson

from tests.benchmarks.subjects import Running
from tests.fakes.changes import Changes

from .place import Sighting

__all__ = ["PagePlace", "read_html"]

_LINK = re.compile(r"http://\S+/\?key=\S+")
_TAG = re.compile(r"<[^>]+>")
_TRY_EVERY_SECONDS = 0.02


class PagePlace:
    """One browser: every chat of it is told of by the same stream of events."""

    def __init__(self) -> None:
        self._frames = 0
        self._changes = Changes()
        self._session: aiohttp.ClientSession | None = None
        self._server = ""
        self._chats: list[str] = []
        self._numbers: dict[str, int] = {}
        self._shown: dict[int, dict[str, str]] = {}
        self._new: list[Sighting] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def settings(self) -> Mapping[str, str]:
        return {"PARLEY_WEB": "on"}

    @property
    def calls(self) -> int:
        return self._frames

    async def open(self) -> None:
        """Nothing yet: it is the subject that is reached here."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            cookie_jar=aiohttp.CookieJar(unsafe=True),
            timeout=aiohttp.ClientTimeout(total=None),
        )

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def reached(self, subject: Running) -> float:
        """The page is open: signed in by the printed link, and told of events."""
        link = await _printed_link(subject)
        self._server = link.partition("/?")[0]
        while not await self._opens(link):
            subject.check()
            await asyncio.sleep(_TRY_EVERY_SECONDS)
        return time.monotonic()

    async def _opens(self, link: str) -> bool:
        assert self._session is not None
        try:
            async with self._session.get(link, allow_redirects=False) as signed_in:
                await signed_in.read()
            events = await self._session.get(f"{self._server}/chat/events")
        except aiohttp.ClientConnectionError:
            return False
        if events.status != 200:
            events.release()
            return False
        self._begin(self._read(events))
        return True

    async def open_chat(self) -> int:
        chat = await self._post("/chat/api/chats", {})
        number = len(self._chats)
        self._chats.append(chat["id"])
        self._numbers[chat["id"]] = number
        self._shown[number] = {}
        return number

    async def say(self, chat: int, text: str) -> float:
        """Sends it and goes on: people do not wait for each other."""
        wish = {"text": text, "nonce": uuid.uuid4().hex}
        self._begin(self._write(f"/chat/api/chats/{self._chats[chat]}/messages", wish))
        return time.monotonic()

    async def changed(self, seconds: float) -> None:
        await self._changes.wait(seconds)

    def look(self) -> Iterable[Sighting]:
        new, self._new = self._new, []
        return new

    def answers(self, chat: int) -> list[str]:
        return list(self._shown[chat].values())

    # --- the wire -------------------------------------------------------------------------------------

    def _begin(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _write(self, path: str, body: Mapping[str, Any]) -> None:
        # What was not taken in is not answered, and reported as that.
        with contextlib.suppress(aiohttp.ClientError):
            await self._post(path, body)

    async def _post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        assert self._session is not None
        headers = {"Content-Type": "application/json", "Origin": self._server}
        async with self._session.post(
            f"{self._server}{path}", data=orjson.dumps(body), headers=headers
        ) as answer:
            answer.raise_for_status()
            parsed: dict[str, Any] = orjson.loads(await answer.read())
            return parsed

    async def _read(self, events: aiohttp.ClientResponse) -> None:
        """Until the subject ends, or the place is closed."""
        async with events:
            with contextlib.suppress(aiohttp.ClientError):
                await self._read_all(events)

    async def _read_all(self, events: aiohttp.ClientResponse) -> None:
        rest = b""
        async for data in events.content.iter_any():
            at = time.monotonic()
            *blocks, rest = (rest + data).split(b"\n\n")
            for block in blocks:
                self._note(block, at)
            self._changes.ring()

    def _note(self, block: bytes, at: float) -> None:
        """One event; a message of the bot counts as seen when its frame is here."""
        lines = block.split(b"\n")
        fields = {name: value for name, _, value in (line.partition(b": ") for line in lines)}
        if fields.get(b"event") != b"message":
            return
        message = orjson.loads(fields[b"data"])
        number = self._numbers.get(message["chat"])
        if message["who"] != "bot" or number is None:
            return
        self._frames += 1
        text = message["text"] or read_html(message["html"])
        self._shown[number][message["id"]] = text
        self._new.append(Sighting(chat=number, text=text, at=at))


def read_html(markup: str) -> str:
    """What can be read in a message that still grows."""
    return html.unescape(_TAG.sub("", markup)).strip()


async def _printed_link(subject: Running) -> str:
    """The link a subject prints for whoever started it."""
    while (found := _LINK.search(subject.tail())) is None:
        subject.check()
        await asyncio.sleep(_TRY_EVERY_SECONDS)
    return found.group()

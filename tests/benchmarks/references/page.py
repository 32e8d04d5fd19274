"""The floor of the page: its interface on bare aiohttp, in memory, a frame every tenth of a second."""

from __future__ import annotations

import asyncio
import html
import os
import sys
import time
import uuid
from collections import defaultdict
from typing import Any

import aiohttp
import orjson
import uvloop
from aiohttp import web

from tests.benchmarks.references.provider import Provider, new_histories

__all__ = ["main"]

FRAME_EVERY_SECONDS = 0.1
KEY = "reference"


class Page:
    """Chats, and the browsers that watch them. ``session`` belongs to the caller."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._provider = Provider(session)
        self._histories = new_histories()
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._tasks: set[asyncio.Task[None]] = set()
        self._watching: set[asyncio.Queue[bytes]] = set()
        self._next_id = 0

    def application(self) -> web.Application:
        """The routes."""
        application = web.Application()
        application.router.add_get("/", self._sign_in)
        application.router.add_get("/chat/events", self._events)
        application.router.add_post("/chat/api/chats", self._add_chat)
        application.router.add_post("/chat/api/chats/{chat}/messages", self._write)
        return application

    async def _sign_in(self, request: web.Request) -> web.Response:
        response = web.Response(status=303, headers={"Location": "/chat/"})
        if request.query.get("key") == KEY:
            response.set_cookie("page", KEY, path="/chat", httponly=True, samesite="Strict")
        return response

    def _check(self, request: web.Request) -> None:
        if request.cookies.get("page") != KEY:
            raise web.HTTPUnauthorized

    async def _events(self, request: web.Request) -> web.StreamResponse:
        self._check(request)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        frames: asyncio.Queue[bytes] = asyncio.Queue()
        self._watching.add(frames)
        try:
            while True:
                await response.write(await frames.get())
        finally:
            self._watching.discard(frames)

    async def _add_chat(self, request: web.Request) -> web.Response:
        self._check(request)
        return web.json_response({"id": uuid.uuid4().hex})

    async def _write(self, request: web.Request) -> web.Response:
        self._check(request)
        chat, body = request.match_info["chat"], orjson.loads(await request.read())
        message_id = self._new_id()
        self._tell(message_id, chat, "person", body["text"], live=False)
        task = asyncio.create_task(self._answer(chat, body["text"]))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return web.json_response({"id": message_id})

    def _new_id(self) -> str:
        self._next_id += 1
        return str(self._next_id)

    async def _answer(self, chat: str, question: str) -> None:
        async with self._locks[chat]:
            history, message_id = self._histories[chat], self._new_id()
            history.append({"role": "user", "content": question})
            text, told_at = "", 0.0
            async for piece in self._provider.pieces(history):
                text += piece
                if text and time.monotonic() - told_at >= FRAME_EVERY_SECONDS:
                    self._tell(message_id, chat, "bot", text, live=True)
                    told_at = time.monotonic()
            self._tell(message_id, chat, "bot", text, live=False)
            history.append({"role": "assistant", "content": text})

    def _tell(self, message_id: str, chat: str, who: str, text: str, *, live: bool) -> None:
        message: dict[str, Any] = {
            "id": message_id,
            "chat": chat,
            "who": who,
            "text": "" if live else text,
            "html": f"<p>{html.escape(text)}</p>",
            "live": live,
        }
        frame = b"event: message\ndata: %s\n\n" % orjson.dumps(message)
        for frames in self._watching:
            frames.put_nowait(frame)


async def main() -> None:
    """Serve until killed."""
    port = int(os.environ["PARLEY_HTTP__PORT"])
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        runner = web.AppRunner(Page(session).application(), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        sys.stderr.write(f"Open http://127.0.0.1:{port}/?key={KEY} in your browser.\n")
        sys.stderr.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())

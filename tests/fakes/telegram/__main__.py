"""Serve a FakeTelegram of its own for benchmarks, steered over HTTP from another process.

``python -m tests.fakes.telegram --port 9000 [--flood off]`` prints its URL and token as one line of JSON.
The stage is driven by POSTs to ``--control-port`` with JSON: ``/private {"name"}``, ``/group {"title"}``,
``/say {"chat_id", "text"}``; it is read by GETs of ``/calls?since=N`` and ``/messages?chat_id=N``.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from typing import Any

import orjson
from aiohttp import web

from .fake import FakeTelegram
from .people import Participant

__all__ = ["Stage", "main"]


class Stage:
    """The people of a benchmark, by the id of the chat they write in."""

    def __init__(self, fake: FakeTelegram) -> None:
        self.fake = fake
        self._voices: dict[int, Participant] = {}

    def application(self) -> web.Application:
        """The control server."""
        app = web.Application()
        app.router.add_post("/private", self._private)
        app.router.add_post("/group", self._group)
        app.router.add_post("/say", self._say)
        app.router.add_get("/calls", self._calls)
        app.router.add_get("/messages", self._messages)
        return app

    async def _private(self, request: web.Request) -> web.Response:
        chat = self.fake.private(self.fake.person((await request.json())["name"]))
        self._voices[chat.id] = chat
        return _json({"chat_id": chat.id})

    async def _group(self, request: web.Request) -> web.Response:
        owner = self.fake.person("Owner")
        group = self.fake.group((await request.json())["title"], [owner])
        self._voices[group.id] = group.by(owner)
        return _json({"chat_id": group.id})

    async def _say(self, request: web.Request) -> web.Response:
        order = await request.json()
        message = await self._voices[order["chat_id"]].say(order["text"])
        return _json({"message_id": message.message_id, "at": message.history[0].at})

    async def _calls(self, request: web.Request) -> web.Response:
        since = int(request.query.get("since", "0"))
        return _json([_call_row(call) for call in self.fake.calls[since:]])

    async def _messages(self, request: web.Request) -> web.Response:
        chat = self.fake.world.chats[int(request.query["chat_id"])]
        return _json(
            [
                {
                    "from_bot": message.from_bot,
                    "text": message.text,
                    "history": [[shown.at, shown.text] for shown in message.history],
                }
                for message in chat.messages.values()
            ]
        )


def _call_row(call: Any) -> dict[str, Any]:
    return {
        "at": call.at,
        "method": call.method,
        "chat_id": call.chat_id,
        "status": call.status,
        "seconds": call.duration_seconds,
        "characters": len(str(call.params.get("text", ""))),
    }


def _json(value: Any) -> web.Response:
    return web.Response(body=orjson.dumps(value), content_type="application/json")


async def serve(options: argparse.Namespace) -> None:
    """Run until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    fake = FakeTelegram(flood=options.flood)
    await fake.start(options.port)
    runner = web.AppRunner(Stage(fake).application())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", options.control_port)
    await site.start()
    control = f"http://127.0.0.1:{runner.addresses[0][1]}"
    ready = {"url": fake.url, "token": fake.token, "control": control}
    sys.stdout.write(f"{orjson.dumps(ready).decode()}\n")
    sys.stdout.flush()
    await stop.wait()
    await runner.cleanup()
    await fake.close()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.telegram")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--control-port", type=int, default=0)
    parser.add_argument("--flood", choices=("real", "off"), default="real")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()

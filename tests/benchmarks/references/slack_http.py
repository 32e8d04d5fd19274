"""The floor by HTTP events: the signature is checked, the request answered, and the event taken."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os

import aiohttp
import orjson
import uvloop
from aiohttp import web

from tests.benchmarks.references.slack_answers import Answers

__all__ = ["main"]

PATH = "/slack/events"


class Door:
    """Takes Slack's requests."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._secret = os.environ["SLACK_SIGNING_SECRET"].encode()

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one request; 401 for a signature that does not hold."""
        body = await request.read()
        stamp = request.headers.get("X-Slack-Request-Timestamp", "")
        base = b"v0:" + stamp.encode() + b":" + body
        signature = "v0=" + hmac.new(self._secret, base, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(signature, request.headers.get("X-Slack-Signature", "")):
            return web.Response(status=401)
        payload = orjson.loads(body)
        if payload["type"] == "url_verification":
            return web.Response(text=payload["challenge"])
        self._answers.take(payload["event"])
        return web.Response()


async def main() -> None:
    """Serve until killed."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        application = web.Application()
        application.router.add_post(PATH, Door(Answers(session)).handle)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", int(os.environ["PARLEY_HTTP__PORT"])).start()
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())

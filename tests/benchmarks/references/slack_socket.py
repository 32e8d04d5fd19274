"""The floor by Socket Mode: one websocket, each envelope acknowledged as it arrives."""

from __future__ import annotations

import os

import aiohttp
import orjson
import uvloop

from tests.benchmarks.references.slack_answers import Answers

__all__ = ["main"]


async def _socket_url(session: aiohttp.ClientSession) -> str:
    url = f"{os.environ['SLACK_API_BASE_URL']}apps.connections.open"
    headers = {"Authorization": f"Bearer {os.environ['SLACK_APP_TOKEN']}"}
    async with session.post(url, headers=headers) as answer:
        return str(orjson.loads(await answer.read())["url"])


async def main() -> None:
    """Serve until killed."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        answers = Answers(session)
        async with session.ws_connect(await _socket_url(session)) as socket:
            async for frame in socket:
                envelope = orjson.loads(frame.data)
                if "envelope_id" in envelope:
                    await socket.send_str(f'{{"envelope_id":"{envelope["envelope_id"]}"}}')
                    answers.take(envelope["payload"].get("event", {}))


if __name__ == "__main__":
    uvloop.run(main())

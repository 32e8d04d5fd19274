"""What Python allows: the behaviour of ``common`` on bare aiohttp, with nothing in between."""

from __future__ import annotations

import asyncio
import os
import time
from collections import defaultdict
from typing import Any

import aiohttp
import orjson
import uvloop

from tests.benchmarks.references.provider import Provider, new_histories
from tests.benchmarks.references.sound import plain_wav

EDIT_EVERY_SECONDS = 1.0
POLL_SECONDS = 30


class Floor:
    """The bot. ``session`` belongs to the caller."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._files = f"{os.environ['TELEGRAM_API_BASE_URL']}/file/bot{os.environ['TELEGRAM_BOT_TOKEN']}"
        self._api = f"{os.environ['TELEGRAM_API_BASE_URL']}/bot{os.environ['TELEGRAM_BOT_TOKEN']}"
        self._provider = Provider(session)
        self._histories = new_histories()
        self._locks: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._tasks: set[asyncio.Task[None]] = set()

    async def poll(self) -> None:
        """Receive until cancelled; every message is answered in a task of its own."""
        offset = 0
        while True:
            updates = await self._call("getUpdates", offset=offset, timeout=POLL_SECONDS)
            for update in updates:
                offset = update["update_id"] + 1
                if "message" in update:
                    task = asyncio.create_task(self._answer(update["message"]))
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)

    async def _call(self, method: str, **params: Any) -> Any:
        headers = {"Content-Type": "application/json"}
        url, body = f"{self._api}/{method}", orjson.dumps(params)
        async with self._session.post(url, data=body, headers=headers) as answer:
            parsed = orjson.loads(await answer.read())
        if not parsed["ok"]:
            raise RuntimeError(f"{method}: {parsed['description']}")
        return parsed["result"]

    async def _answer(self, message: dict[str, Any]) -> None:
        chat = message["chat"]["id"]
        if message["chat"]["type"] != "private":
            if "voice" in message:
                await self._call("sendMessage", chat_id=chat, text=await self._hear(message))
            return
        async with self._locks[chat]:
            history = self._histories[str(chat)]
            await self._call("sendChatAction", chat_id=chat, action="typing")
            spoken = await self._hear(message) if "voice" in message or "audio" in message else ""
            text = message.get("text") or f"{spoken} {message.get('caption', '')}"
            history.append({"role": "user", "content": text})
            history.append({"role": "assistant", "content": await self._show(chat, history)})

    async def _hear(self, message: dict[str, Any]) -> str:
        recording = message.get("voice") or message["audio"]
        file = await self._call("getFile", file_id=recording["file_id"])
        async with self._session.get(f"{self._files}/{file['file_path']}") as answer:
            data = await answer.read()
        return await self._provider.hear(await asyncio.to_thread(plain_wav, data))

    async def _show(self, chat: int, history: list[dict[str, str]]) -> str:
        sent, text, shown, edited_at = 0, "", "", 0.0
        async for piece in self._provider.pieces(history):
            text += piece
            if text and not sent:
                sent = (await self._call("sendMessage", chat_id=chat, text=text))["message_id"]
                shown, edited_at = text, time.monotonic()
            elif text != shown and time.monotonic() - edited_at >= EDIT_EVERY_SECONDS:
                await self._call("editMessageText", chat_id=chat, message_id=sent, text=text)
                shown, edited_at = text, time.monotonic()
        if text != shown:
            await self._call("editMessageText", chat_id=chat, message_id=sent, text=text)
        return text


async def main() -> None:
    """Poll until killed."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        await Floor(session).poll()


if __name__ == "__main__":
    uvloop.run(main())

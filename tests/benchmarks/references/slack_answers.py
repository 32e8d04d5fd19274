"""What Python allows on Slack: native streams and updates on bare aiohttp, within Slack's tiers."""

from __future__ import annotations

import asyncio
import os
import time
from collections import defaultdict
from typing import Any

import aiohttp
import orjson

from tests.benchmarks.references.provider import Provider, new_histories

__all__ = ["Answers"]

GROW_EVERY_SECONDS = 1.1


class Tier:
    """Calls a minute, some of them at once; a full minute never holds more than Slack allows."""

    def __init__(self, per_minute: float, burst: int) -> None:
        self._seconds_each = 60.0 / per_minute
        self._burst = float(burst)
        self._level = self._burst
        self._at = time.monotonic()

    def take(self, reserve: float = 0.0) -> bool:
        """Whether a call may be made now; counts it when it may."""
        now = time.monotonic()
        self._level = min(self._burst, self._level + (now - self._at) / self._seconds_each)
        self._at = now
        if self._level < 1.0 + reserve:
            return False
        self._level -= 1.0
        return True


class Answers:
    """Answers events in tasks of their own. ``session`` belongs to the caller."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._api = os.environ["SLACK_API_BASE_URL"]
        self._headers = {
            "Authorization": f"Bearer {os.environ['SLACK_BOT_TOKEN']}",
            "Content-Type": "application/json; charset=utf-8",
        }
        self._provider = Provider(session)
        self._histories = new_histories()
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._tasks: set[asyncio.Task[None]] = set()
        self._statuses, self._starts = Tier(60, 30), Tier(14, 6)
        self._appends, self._updates = Tier(85, 15), Tier(38, 12)

    def take(self, event: dict[str, Any]) -> None:
        """Begin to answer an event, if it is something a person wrote."""
        if event.get("type") != "message" or event.get("subtype") or event.get("bot_id"):
            return
        task = asyncio.create_task(self._answer(event))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def call(self, method: str, **params: Any) -> Any:
        """A method's answer. Raises RuntimeError when Slack refuses."""
        body = orjson.dumps(params)
        async with self._session.post(f"{self._api}{method}", data=body, headers=self._headers) as answer:
            parsed = orjson.loads(await answer.read())
        if not parsed["ok"]:
            raise RuntimeError(f"{method}: {parsed['error']}")
        return parsed

    async def _answer(self, event: dict[str, Any]) -> None:
        channel, thread = event["channel"], event.get("thread_ts") or event["ts"]
        async with self._locks[thread]:
            history = self._histories[thread]
            history.append({"role": "user", "content": event["text"]})
            if self._statuses.take():
                await self.call(
                    "assistant.threads.setStatus", channel_id=channel, thread_ts=thread, status="is thinking…"
                )
            reply = _Reply(self, channel=channel, thread=thread)
            async for piece in self._provider.pieces(history):
                await reply.add(piece)
            await reply.end()
            history.append({"role": "assistant", "content": reply.text})

    async def begin(self, channel: str, thread: str, text: str) -> tuple[str, bool] | None:
        """The ts of a message that may grow, and whether it is a stream; None when the tiers bear neither."""
        place = {"channel": channel, "thread_ts": thread}
        if self._starts.take():
            return (await self.call("chat.startStream", **place, markdown_text=text))["ts"], True
        if self._updates.take(reserve=6.0):
            return (await self.call("chat.postMessage", **place, markdown_text=text))["ts"], False
        return None

    def may_grow(self, *, streams: bool) -> bool:
        """Whether a growing message may be added to now."""
        return self._appends.take() if streams else self._updates.take(reserve=5.0)


class _Reply:
    """One answer while it is written."""

    def __init__(self, slack: Answers, *, channel: str, thread: str) -> None:
        self.text = ""
        self._slack = slack
        self._channel = channel
        self._thread = thread
        self._ts = ""
        self._streams = False
        self._shown = ""
        self._at = 0.0

    async def add(self, piece: str) -> None:
        """More text, shown when it is time."""
        self.text += piece
        if not self.text or time.monotonic() - self._at < GROW_EVERY_SECONDS:
            return
        self._at = time.monotonic()
        if self._ts:
            await self._grow()
            return
        begun = await self._slack.begin(self._channel, self._thread, self.text)
        if begun is not None:
            (self._ts, self._streams), self._shown = begun, self.text

    async def _grow(self) -> None:
        if self.text != self._shown and self._slack.may_grow(streams=self._streams):
            await self._show("chat.appendStream")

    async def _show(self, method: str) -> None:
        place = {"channel": self._channel, "ts": self._ts}
        if self._streams:
            more = self.text[len(self._shown) :]
            await self._slack.call(method, **place, **({"markdown_text": more} if more else {}))
        else:
            await self._slack.call("chat.update", **place, markdown_text=self.text)
        self._shown = self.text

    async def end(self) -> None:
        """The whole text, in the way the message began."""
        if not self._ts:
            await self._slack.call(
                "chat.postMessage", channel=self._channel, thread_ts=self._thread, markdown_text=self.text
            )
        elif self._streams or self.text != self._shown:
            await self._show("chat.stopStream")

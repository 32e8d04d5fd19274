"""Slack as the benchmark sees it: threads in direct messages, by Socket Mode or by HTTP events.

The fake's rate limits are off, but every bot here counts its own calls against Slack's tiers, as it would
have to: that is what decides which answers grow and which arrive whole.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from typing import Literal

import aiohttp

from tests.benchmarks.subjects import Running
from tests.fakes.slack import ApiCall, DirectMessages, FakeSlack, Message

from .place import Sighting
from .watch import Watch

__all__ = ["SlackPlace"]

EVENTS_PATH = "/slack/events"
_VISIBLE = frozenset(
    ("chat.postMessage", "chat.update", "chat.startStream", "chat.appendStream", "chat.stopStream")
)
_TRY_EVERY_SECONDS = 0.02


class SlackPlace:
    """A workspace. A chat is one thread in the direct messages of a person of its own."""

    def __init__(self, *, by: Literal["socket", "http"]) -> None:
        self.slack = FakeSlack(tiers="off")
        self._by = by
        self._dms: list[DirectMessages] = []
        self._roots: dict[int, Message] = {}
        self._numbers: dict[str, int] = {}
        self._watch: Watch[ApiCall] = Watch(
            calls=lambda: self.slack.calls,
            visible=_VISIBLE,
            chat_of=lambda call: self._numbers.get(call.channel),
            messages_of=self._messages,
        )

    @property
    def settings(self) -> Mapping[str, str]:
        way = {
            "socket": {"SLACK_APP_TOKEN": self.slack.app_token},
            "http": {"SLACK_SIGNING_SECRET": self.slack.signing_secret},
        }
        return {
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            "SLACK_API_BASE_URL": self.slack.url,
            **way[self._by],
        }

    @property
    def calls(self) -> int:
        return sum(bool(call.channel) for call in self.slack.calls)

    async def open(self) -> None:
        await self.slack.start()

    async def close(self) -> None:
        await self.slack.close()

    async def reached(self, subject: Running) -> float:
        """The first socket is open, or the request URL has passed its challenge."""
        while not await (self._has_socket() if self._by == "socket" else self._serves(subject.port)):
            subject.check()
        return time.monotonic()

    async def _has_socket(self) -> bool:
        if not self.slack.sockets.open_sockets:
            await self.changed(0.5)
        return bool(self.slack.sockets.open_sockets)

    async def _serves(self, port: int) -> bool:
        try:
            await self.slack.set_request_url(f"http://127.0.0.1:{port}{EVENTS_PATH}")
        except (AssertionError, aiohttp.ClientError, TimeoutError):
            await asyncio.sleep(_TRY_EVERY_SECONDS)
            return False
        return True

    async def open_chat(self) -> int:
        number = len(self._dms)
        dm = self.slack.dm(self.slack.person(f"Person {number}"))
        self._dms.append(dm)
        self._numbers[dm.id] = number
        return number

    async def say(self, chat: int, text: str) -> float:
        root = self._roots.get(chat)
        if root is None:
            message = self._roots[chat] = await self._dms[chat].say(text)
        else:
            message = await self._dms[chat].reply(root, text)
        return message.history[0].at

    async def changed(self, seconds: float) -> None:
        await self.slack.world.changes.wait(seconds)

    def look(self) -> Iterable[Sighting]:
        return self._watch.look()

    def answers(self, chat: int) -> list[str]:
        return [message.text for message in self._messages(chat)]

    def _messages(self, chat: int) -> list[Message]:
        return self._dms[chat].bot_messages

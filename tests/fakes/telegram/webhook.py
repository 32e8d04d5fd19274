"""Webhook delivery: one update at a time for each chat, chats side by side, failures tried again later."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import aiohttp
import orjson

from .updates import Update

__all__ = ["WebhookSender"]

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
FIRST_RETRY_SECONDS = 1.0
MAX_RETRY_SECONDS = 60.0
MAX_RETRY_AFTER_SECONDS = 3600.0
DELIVERY_TIMEOUT_SECONDS = 60.0


class WebhookSender:
    """Posts updates to the bot's URL until it answers 2xx. Close it to end its tasks and its session."""

    def __init__(
        self,
        *,
        url: str,
        secret: str,
        max_connections: int,
        time_scale: Callable[[], float],
        on_change: Callable[[], None],
        report: Callable[[str], None],
    ) -> None:
        self.url = url
        self.secret = secret
        self.max_connections = max_connections
        self.last_error = ""
        self.last_error_at = 0
        self._scale = time_scale
        self._on_change = on_change
        self._report = report
        self._queues: dict[int, deque[Update]] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._slots = asyncio.Semaphore(max_connections)
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=DELIVERY_TIMEOUT_SECONDS),
            connector=aiohttp.TCPConnector(limit=0),
        )

    def put(self, update: Update, chat_id: int) -> None:
        """Queue an update behind the others of its chat."""
        queue = self._queues.setdefault(chat_id, deque())
        queue.append(update)
        if chat_id not in self._tasks:
            name = f"webhook-{chat_id}"
            self._tasks[chat_id] = asyncio.create_task(self._drain(chat_id, queue), name=name)

    @property
    def pending(self) -> list[Update]:
        """What the bot has not acknowledged yet."""
        return [update for queue in self._queues.values() for update in queue]

    async def close(self) -> list[Update]:
        """Stop; returns what was not delivered."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._session.close()
        return sorted(self.pending, key=lambda update: str(update["update_id"]))

    async def _drain(self, chat_id: int, queue: deque[Update]) -> None:
        wait_seconds = FIRST_RETRY_SECONDS
        while queue:
            asked_to_wait = await self._deliver(queue[0])
            if asked_to_wait is None:
                queue.popleft()
                wait_seconds = FIRST_RETRY_SECONDS
            else:
                await asyncio.sleep((asked_to_wait or wait_seconds) * self._scale())
                wait_seconds = min(wait_seconds * 2, MAX_RETRY_SECONDS)
            self._on_change()
        del self._queues[chat_id], self._tasks[chat_id]

    async def _deliver(self, update: Update) -> float | None:
        """Post once: None when accepted, else the seconds the bot asked to wait (0 for the usual backoff)."""
        headers = {"Content-Type": "application/json"}
        if self.secret:
            headers[SECRET_HEADER] = self.secret
        try:
            async with (
                self._slots,
                self._session.post(self.url, data=orjson.dumps(update), headers=headers) as answer,
            ):
                if answer.ok:
                    self._check_body(await answer.read())
                    return None
                return self._refused(
                    f"Wrong response from the webhook: {answer.status} {answer.reason}", answer
                )
        except (aiohttp.ClientError, TimeoutError, OSError) as exc:
            return self._refused(f"Connection failed: {type(exc).__name__}", None)

    def _check_body(self, body: bytes) -> None:
        """Telegram would carry out a method named in the answer; this platform only says that it did not."""
        if b'"method"' in body or b'name="method"' in body:
            self._report("the webhook answered with a method, which this platform does not carry out")

    def _refused(self, reason: str, answer: aiohttp.ClientResponse | None) -> float:
        self.last_error = reason
        self.last_error_at = int(time.time())
        asked = answer.headers.get("Retry-After", "") if answer is not None else ""
        return min(float(asked), MAX_RETRY_AFTER_SECONDS) if asked.isdigit() else 0.0

    def info(self) -> dict[str, Any]:
        """The fields of WebhookInfo that describe delivery."""
        info: dict[str, Any] = {
            "url": self.url,
            "has_custom_certificate": False,
            "pending_update_count": len(self.pending),
            "max_connections": self.max_connections,
            "ip_address": "127.0.0.1",
        }
        if self.last_error:
            info["last_error_message"] = self.last_error
            info["last_error_date"] = self.last_error_at
        return info

"""Receives updates by long polling; an update is confirmed to Telegram only after it was stored."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog

from bot.errors import DeliveryError
from bot.messages import Inbound
from bot.ports import Clock, Submit

from .addressing import Identity
from .backoff import Backoff
from .client import ApiClient
from .errors import Refused
from .intake import is_stored
from .updates import ALLOWED_UPDATES, read_update, update_id_of

__all__ = ["Poller"]

log = structlog.get_logger(__name__)

_POLL_SECONDS = 30  # the server allows 50
_ANSWER_MARGIN_SECONDS = 15.0
_BATCH = 100
_IDLE_SECONDS = 1.0  # the least time between two polls that bring nothing


class Poller:
    """One bot's poll loop."""

    def __init__(self, *, client: ApiClient, me: Identity, clock: Clock, backoff: Backoff) -> None:
        self._client = client
        self._me = me
        self._clock = clock
        self._backoff = backoff
        self._offset = 0
        self._stored: set[int] = set()
        self._is_webhook_gone = False

    async def run(self, submit: Submit, ready: Callable[[], None]) -> None:
        """Receive until cancelled. The first poll does not wait: once it is answered, ``ready`` is called."""
        wait_seconds = 0
        while True:
            began = self._clock.monotonic()
            try:
                updates = await self._ask(wait_seconds)
            except (Refused, DeliveryError) as exc:
                await self._pause(exc)
                continue
            if wait_seconds == 0:
                ready()
                wait_seconds = _POLL_SECONDS
            elif not updates:
                await self._idle(began)
            await self._take_in(updates, submit)

    async def _ask(self, wait_seconds: int) -> Sequence[Any]:
        """One getUpdates. Raises Refused and DeliveryError."""
        if not self._is_webhook_gone:
            await self._client.call("deleteWebhook", {"drop_pending_updates": False})
            self._is_webhook_gone = True
        params = {
            "offset": self._offset,
            "limit": _BATCH,
            "timeout": wait_seconds,
            "allowed_updates": ALLOWED_UPDATES,
        }
        updates = await self._client.call(
            "getUpdates", params, timeout_seconds=wait_seconds + _ANSWER_MARGIN_SECONDS
        )
        if not isinstance(updates, list):
            raise DeliveryError("getUpdates: the answer is not a list")
        return updates

    async def _pause(self, exc: Refused | DeliveryError) -> None:
        at_least = 0.0
        if isinstance(exc, Refused):
            at_least = exc.retry_after_seconds or 0.0
            self._log_refusal(exc)
        else:
            log.warning("telegram_polling_failed", error=str(exc))
        await self._clock.sleep(self._backoff.next_seconds(at_least=at_least))

    def _log_refusal(self, refused: Refused) -> None:
        if refused.code == 409 and refused.says("webhook"):
            self._is_webhook_gone = False
            log.error("telegram_polling_conflict", remedy="a webhook was set meanwhile; removing it")
        elif refused.code == 409:
            log.error("telegram_polling_conflict", remedy="stop the other process that polls with this token")
        elif refused.is_token_rejected:
            log.error("telegram_token_rejected", remedy="check TELEGRAM_BOT_TOKEN", error=str(refused))
        else:
            log.warning("telegram_polling_failed", error=str(refused))

    async def _idle(self, began: float) -> None:
        """Some servers and proxies answer at once instead of waiting: do not spin with them."""
        spent = self._clock.monotonic() - began
        if spent < _IDLE_SECONDS:
            await self._clock.sleep(_IDLE_SECONDS - spent)

    async def _take_in(self, updates: Sequence[Any], submit: Submit) -> None:
        """Store a batch and move the offset up to the first update that could not be stored."""
        numbered = self._numbered(updates)
        fresh = {number: raw for number, raw in numbered.items() if number not in self._stored}
        failed = await _Batch(submit=submit, me=self._me).store(fresh)
        if numbered:
            self._offset = min(failed, default=max(numbered) + 1)
            self._stored = {
                number for number in self._stored.union(numbered).difference(failed) if number >= self._offset
            }
        if failed or len(numbered) < len(updates):
            await self._clock.sleep(self._backoff.next_seconds())
        else:
            self._backoff.reset()

    def _numbered(self, updates: Sequence[Any]) -> dict[int, Mapping[str, Any]]:
        numbered: dict[int, Mapping[str, Any]] = {}
        for raw in updates:
            number = update_id_of(raw)
            if number is None:
                log.warning("telegram_update_without_id")
            else:
                numbered[number] = raw
        return dict(sorted(numbered.items()))


class _Batch:
    """Stores the updates of one answer: chats side by side, so that writes can share a commit; in order
    within a chat."""

    def __init__(self, *, submit: Submit, me: Identity) -> None:
        self._submit = submit
        self._me = me

    async def store(self, updates: Mapping[int, Mapping[str, Any]]) -> set[int]:
        """Store them; the numbers of those that are not stored. Within a chat nothing overtakes a failure."""
        chats: dict[str, list[tuple[int, Inbound]]] = {}
        for number, raw in updates.items():
            event = read_update(raw, self._me)
            if event is not None:
                chats.setdefault(event.key.peer, []).append((number, event))
        if not chats:
            return set()
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._store_chat(events), name=f"telegram-store-{peer}")
                for peer, events in chats.items()
            ]
        return set().union(*(task.result() for task in tasks))

    async def _store_chat(self, events: Sequence[tuple[int, Inbound]]) -> set[int]:
        for position, (number, event) in enumerate(events):
            if not await is_stored(self._submit, event):
                return {number for number, _ in events[position:]}
        return set()

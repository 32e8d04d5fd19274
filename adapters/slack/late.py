"""Stores a little later what Slack will not send again: a press or a command that met a failing database."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from bot.messages import Inbound
from bot.ports import Clock

__all__ = ["LateStore"]

log = structlog.get_logger(__name__)

_PAUSES_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)  # half a minute in all: people have tried again by then
_MOST_KEPT = 200


class LateStore:
    """Tries ``store`` again until it says that the event is stored. ``close`` gives up what is still kept."""

    def __init__(self, *, store: Callable[[Inbound], Awaitable[bool]], clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._kept: set[asyncio.Task[None]] = set()

    def keep(self, event: Inbound, *, lost: Callable[[], Awaitable[None]]) -> bool:
        """Store the event as soon as possible; ``lost`` is called when that took too long.

        False when too many are kept already: this one is not.
        """
        if len(self._kept) >= _MOST_KEPT:
            return False
        task = asyncio.create_task(self._keep(event, lost), name=f"slack-late {event.event_id}")
        self._kept.add(task)
        task.add_done_callback(self._ended)
        return True

    async def close(self) -> None:
        """Give up what is kept; may be called twice."""
        tasks = list(self._kept)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep(self, event: Inbound, lost: Callable[[], Awaitable[None]]) -> None:
        for pause in _PAUSES_SECONDS:
            await self._clock.sleep(pause)
            if await self._store(event):
                log.info("slack_event_stored_late", event_id=event.event_id)
                return
        log.warning("slack_event_lost", event_id=event.event_id)
        await lost()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._kept.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("slack_loss_not_told", reason=repr(error))

"""Asks the platform what it has heard in a recording itself, to bridge the wait for our own words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Self

import structlog

from bot.errors import DeliveryError
from bot.messages import Attachment
from bot.ports import Adapter, Clock, HearsItself

__all__ = ["Ahead"]

log = structlog.get_logger(__name__)

# A platform that listens begins when the recording comes, and takes a moment as we do.
_PAUSES_SECONDS: Final = (0.0, 3.0, 6.0, 12.0)


class Ahead:
    """One recording's. Used under ``async with``, whose end is the end of the asking.

    ``tell`` is called when ``words`` are there. What the platform told with the message is there at once.
    """

    def __init__(
        self, *, adapter: Adapter, attachment: Attachment, clock: Clock, tell: Callable[[], None]
    ) -> None:
        self._adapter = adapter
        self._attachment = attachment
        self._clock = clock
        self._tell = tell
        self._task: asyncio.Task[None] | None = None
        self.words = attachment.preview

    async def __aenter__(self) -> Self:
        if not self.words and isinstance(self._adapter, HearsItself):
            self._task = asyncio.create_task(
                self._ask(self._adapter), name=f"heard ahead {self._attachment.unique_id}"
            )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _ask(self, platform: HearsItself) -> None:
        """Not worth more: without it the wait is only barer."""
        for pause in _PAUSES_SECONDS:
            await self._clock.sleep(pause)
            try:
                self.words = await platform.heard_itself(self._attachment)
            except DeliveryError as exc:
                log.info("nothing_heard_ahead", reason=str(exc))
                return
            if self.words:
                self._tell()
                return

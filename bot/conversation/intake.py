"""Takes events in from the adapters: decides what concerns us and which lane it takes, then stores it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable

import structlog

from bot.conversation.commands import command_in, lane_of
from bot.messages import (
    ButtonPressed,
    ChatLeft,
    ChatMigrated,
    ConversationKey,
    Deleted,
    Edited,
    Inbound,
    Incoming,
    StopPressed,
    Unreadable,
)
from bot.ports import Clock, Engine, Lane

__all__ = ["Intake"]

log = structlog.get_logger(__name__)

# A client splits a long paste into messages that arrive within a moment of each other.
_PASTE_SECONDS = 1.2
_ALBUM_SECONDS = 0.8
_MOST_PASTES = 1000


class Intake:
    """``submit`` is what adapters call for every event."""

    def __init__(
        self,
        *,
        engine: Engine,
        clock: Clock,
        took_part: Callable[[ConversationKey], Awaitable[bool]] | None = None,
    ) -> None:
        """``took_part`` tells whether the bot has answered in a conversation before; without it, nowhere."""
        self._engine = engine
        self._clock = clock
        self._took_part = took_part
        self._pastes: OrderedDict[str, float] = OrderedDict()

    async def submit(self, event: Inbound) -> None:
        """Store the event if it concerns us; durable on return. Raises StorageError when it could not be."""
        match event:
            case Incoming():
                await self._message(event)
            case Unreadable(reason=reason):
                log.warning("update_unreadable", event_id=event.event_id, reason=reason)
            case Edited() | Deleted() | ButtonPressed() | StopPressed() | ChatMigrated() | ChatLeft():
                await self._engine.accept(event, lane=Lane.CONTROL)

    async def _message(self, event: Incoming) -> None:
        command = command_in(event)
        if command is not None and event.addressed:
            await self._engine.accept(event, lane=lane_of(command))
            return
        if not await self._concerns_us(event):
            return
        join, hold = self._joining(event)
        if event.fills_limit:
            self._note_paste(event)
        await self._engine.accept(event, join=join, hold_seconds=hold)

    async def _concerns_us(self, event: Incoming) -> bool:
        if event.addressed or self._continues_paste(event):
            return True
        return event.follows_up and self._took_part is not None and await self._took_part(event.key)

    @staticmethod
    def _joining(event: Incoming) -> tuple[str, float]:
        album = next((item.album for item in event.attachments if item.album), "")
        if album:
            return f"album:{album}", _ALBUM_SECONDS
        return f"paste:{event.author.id}", _PASTE_SECONDS if event.fills_limit else 0.0

    def _continues_paste(self, event: Incoming) -> bool:
        # Only the first piece of a paste into a group can carry the mention.
        return self._clock.monotonic() < self._pastes.get(self._paste_name(event), 0.0)

    def _note_paste(self, event: Incoming) -> None:
        name = self._paste_name(event)
        self._pastes[name] = self._clock.monotonic() + _PASTE_SECONDS
        self._pastes.move_to_end(name)
        if len(self._pastes) > _MOST_PASTES:
            self._pastes.popitem(last=False)

    @staticmethod
    def _paste_name(event: Incoming) -> str:
        return f"{event.key} {event.author.id}"

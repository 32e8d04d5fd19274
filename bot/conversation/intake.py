"""Takes events in from the adapters: decides what concerns us and which lane it takes, then stores it."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace

import structlog

from bot.conversation.commands import command_in, lane_of
from bot.conversation.groups.albums import ALBUM_SECONDS, Albums, album_of
from bot.conversation.groups.overhearing import Overhearing
from bot.conversation.hearing.sources import is_only_to_be_written_down, is_voice_in_group
from bot.messages import (
    ButtonPressed,
    ChatJoined,
    ChatKind,
    ChatLeft,
    ChatMigrated,
    Deleted,
    Edited,
    Inbound,
    Incoming,
    StopPressed,
    TranscriptWanted,
    Unreadable,
)
from bot.ports import Clock, Engine, Lane

__all__ = ["Intake"]

log = structlog.get_logger(__name__)

# A client splits a long paste into messages that arrive within a moment of each other.
_PASTE_SECONDS = 1.2
_MOST_PASTES = 1000


class Intake:
    """``submit`` is what adapters call for every event."""

    def __init__(self, *, engine: Engine, overhearing: Overhearing, clock: Clock) -> None:
        self._engine = engine
        self._overhearing = overhearing
        self._clock = clock
        self._pastes: OrderedDict[str, float] = OrderedDict()
        self._albums = Albums(clock=clock)

    async def submit(self, event: Inbound) -> None:
        """Store the event if it concerns us; durable on return. Raises StorageError when it could not be."""
        match event:
            case Incoming():
                await self._message(event)
            case Edited():
                concerning = await self._overhearing.edited(event)
                if concerning is not None:
                    await self._engine.accept(concerning, lane=Lane.CONTROL)
            case Unreadable(reason=reason):
                log.warning("update_unreadable", event_id=event.event_id, reason=reason)
            case TranscriptWanted() | ButtonPressed() | StopPressed() | Deleted():
                await self._engine.accept(event, lane=Lane.CONTROL)
            case ChatMigrated() | ChatJoined() | ChatLeft():
                await self._engine.accept(event, lane=Lane.CONTROL)

    async def _message(self, event: Incoming) -> None:
        continues = self._continues_paste(event) or self._albums.continues(event)
        if not (continues or await self._overhearing.is_for_bot(event)):
            self._albums.put_aside(event)
            return
        event = self._as_meant(event)
        command = command_in(event)
        # A client cuts a long command too, such as one with a persona's prompt: its rest belongs to it.
        if command is not None and not event.fills_limit:
            await self._engine.accept(event, lane=lane_of(command))
            return
        if command is None and (is_voice_in_group(event) or is_only_to_be_written_down(event)):
            # Listening takes long: nobody who asks something waits behind it.
            await self._engine.accept(event, lane=Lane.CONTROL)
            return
        join, hold = self._joining(event)
        if event.fills_limit:
            self._note_paste(event)
        for piece in (*self._albums.before(event), event):
            await self._engine.accept(piece, join=join, hold_seconds=hold)
        self._albums.note_meant(event)

    def _as_meant(self, event: Incoming) -> Incoming:
        """Who calls the bot by its name addresses it, which only the core can tell."""
        if event.addressed or event.chat_kind is ChatKind.PRIVATE:
            return event
        return replace(event, addressed=self._overhearing.is_named(event))

    @staticmethod
    def _joining(event: Incoming) -> tuple[str, float]:
        album = album_of(event)
        if album:
            return f"album:{album}", ALBUM_SECONDS
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

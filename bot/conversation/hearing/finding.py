"""Finds the recording that somebody points at: in what is noted of the chat, else by asking the platform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from bot.conversation.hearing.sources import is_audible
from bot.conversation.visit import Reads
from bot.errors import ChatClosed, DeliveryError
from bot.messages import ConversationKey, Incoming, Quoted, TranscriptWanted
from bot.ports import Adapter, ShowsAgain
from bot.storage.recordings import KeptRecording, newest_recording, recording_in

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["Finding", "kept_from", "with_recording"]

log = structlog.get_logger(__name__)


class Finding:
    """Shared by all conversations; nothing to close."""

    def __init__(self, *, database: Reads, adapters: Mapping[str, Adapter]) -> None:
        self._database = database
        self._adapters = adapters

    async def pointed_at(self, event: TranscriptWanted) -> KeptRecording | None:
        """The message somebody points at, if it holds a recording. Raises StorageError and ChatClosed."""
        if event.message is not None:
            return kept_from(event.message)
        peer, message_id = event.key.peer, event.message_id
        noted = await self._database.read(lambda conn: recording_in(conn, peer, message_id))
        return noted or await self._asked_for(event.key, message_id)

    async def above(self, message: Incoming) -> KeptRecording | None:
        """What a message in a thread is about: the recording the thread begins with, else its newest.

        Raises StorageError and ChatClosed.
        """
        key = message.key
        if not message.follows_up:
            return None

        def query(conn: Connection) -> KeptRecording | None:
            return recording_in(conn, key.peer, key.thread) or newest_recording(conn, str(key))

        return await self._database.read(query) or await self._asked_for(key, key.thread)

    async def _asked_for(self, key: ConversationKey, message_id: str) -> KeptRecording | None:
        adapter = self._adapters[key.platform]
        if not isinstance(adapter, ShowsAgain):
            return None
        try:
            message = await adapter.show_again(key, message_id)
        except ChatClosed:
            raise
        except DeliveryError as exc:
            log.info("message_not_shown_again", reason=str(exc))
            return None
        return kept_from(message) if message is not None else None


def kept_from(message: Incoming) -> KeptRecording | None:
    """What is noted of a message; None for one without a recording."""
    audible = tuple(filter(is_audible, message.attachments))
    if not audible:
        return None
    return KeptRecording(
        key=message.key,
        message_id=message.message_id,
        author_id=message.author.id,
        author_name=message.author.name,
        attachments=audible,
    )


def with_recording(message: Incoming, kept: KeptRecording) -> Incoming:
    """The message as a reply to the one with the recording."""
    quoted = Quoted(
        how="reply",
        message_id=kept.message_id,
        author_id=kept.author_id,
        author_name=kept.author_name,
        attachments=kept.attachments,
    )
    return replace(message, quoted=quoted)

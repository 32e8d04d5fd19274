"""Makes of a message's attachments what a model can read: pictures, transcripts, texts of documents."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

import structlog

from bot.conversation.perceiving.fetched import Fetches
from bot.conversation.perceiving.progress import show_progress
from bot.conversation.saying import Saying
from bot.conversation.visit import Reads, Visit
from bot.errors import BotError, ChatClosed, DeliveryError, Fenced, StorageError
from bot.messages import Attachment, AttachmentKind, Incoming
from bot.ports import Adapter, Turn
from bot.storage.readings import Reading, readings_of, save_reading
from bot.texts import say

__all__ = ["UNSEEN", "NotReadable", "NotSeen", "Perceived", "Perceiving", "Place", "Reader"]

log = structlog.get_logger(__name__)

_AT_ONCE = 3
_MOST_ATTACHMENTS = 20
_UNREADABLE = "[Something is attached that could not be read]"
UNSEEN = (
    "[Pictures came with this that nobody here could see. Nothing is known of what they show: say so where "
    "it matters, and do not describe them]"
)


class NotReadable(BotError):
    """An attachment that nothing can be made of; ``sentence`` tells the person why and what to do.

    ``empty`` says that nothing is in it, rather than that it could not be read.
    """

    def __init__(self, sentence: str, *, empty: bool = False) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.empty = empty


class NotSeen(NotReadable):
    """Something to look at, where no model that may be asked sees."""


def _tell_nobody(line: str) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """For whom and where an attachment is read. ``tell`` shows them a line about how far that is.

    ``messages`` are those it came with, and the first of them knows what it answers.

    Files come through ``fetch``: from ``files`` where they are kept for several to read, else from the
    platform.
    """

    turn: Turn
    visit: Visit
    adapter: Adapter
    messages: tuple[Incoming, ...] = ()
    tell: Callable[[str], None] = _tell_nobody
    files: Fetches | None = None

    def fetch(self, attachment: Attachment) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The attachment's bytes, as they come. Raises DeliveryError, on entering or from the bytes."""
        return (self.files or self.adapter).fetch(attachment)

    @property
    def language(self) -> str:
        """The language to speak."""
        return self.visit.language


class Reader(Protocol):
    """Reads attachments of one sort."""

    async def read(self, attachment: Attachment, place: Place) -> Reading:
        """What is in it. Raises NotReadable, and what the engine should try again. May be cancelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Perceived:
    """What came out of all attachments, in their order; those nobody reads are in ``unread``."""

    readings: tuple[Reading, ...] = ()
    unread: tuple[Attachment, ...] = ()

    @property
    def text(self) -> str:
        """What the model reads of them."""
        texts = (reading.text or (_UNREADABLE if reading.remark else "") for reading in self.readings)
        return "\n\n".join(text for text in texts if text)

    @property
    def shown(self) -> str:
        """What people are shown of them, as Markdown."""
        return "\n\n".join(reading.shown for reading in self.readings if reading.shown)

    @property
    def remarks(self) -> tuple[str, ...]:
        """Why some could not be read, each reason once."""
        return tuple(dict.fromkeys(reading.remark for reading in self.readings if reading.remark))

    @property
    def found(self) -> bool:
        """Whether there is anything the model can answer to."""
        return any(reading.text not in ("", UNSEEN) or reading.pictures for reading in self.readings)

    @property
    def unseen(self) -> bool:
        """Whether there is something to look at of which nothing is known, because no model here sees."""
        return any(reading.text == UNSEEN for reading in self.readings)


class Perceiving:
    """Shared by all conversations; nothing to close. Each kind of attachment has its reader, or none."""

    def __init__(
        self,
        *,
        readers: Mapping[AttachmentKind, Reader],
        adapters: Mapping[str, Adapter],
        database: Reads,
        saying: Saying,
    ) -> None:
        self._readers = readers
        self._adapters = adapters
        self._saying = saying
        self._database = database

    def reads(self, attachment: Attachment) -> bool:
        """Whether there is a reader for such an attachment."""
        return attachment.kind in self._readers

    async def perceive(
        self, turn: Turn, visit: Visit, messages: Sequence[Incoming], attachments: Sequence[Attachment]
    ) -> Perceived:
        """Read the messages' attachments, each once, whatever interrupts it: what was read is not read again.

        Raises Fenced, StorageError and ChatClosed, and CancelledError when the turn is stopped.
        """
        readable = [one for one in attachments if self.reads(one)]
        unread = tuple(one for one in attachments if not self.reads(one))
        if not readable:
            return Perceived(unread=unread)
        async with show_progress(self._saying, turn, visit) as tell:
            adapter = self._adapters[turn.key.platform]
            place = Place(turn=turn, visit=visit, adapter=adapter, messages=tuple(messages), tell=tell)
            readings = await self._read_all(readable[:_MOST_ATTACHMENTS], place)
        return Perceived(readings=readings, unread=(*unread, *readable[_MOST_ATTACHMENTS:]))

    async def _read_all(self, readable: Sequence[Attachment], place: Place) -> tuple[Reading, ...]:
        turn = place.turn
        known = await self._database.read(lambda conn: readings_of(conn, turn.id))
        limit = asyncio.Semaphore(_AT_ONCE)

        async def read(position: int, attachment: Attachment) -> Reading:
            if position in known:
                return known[position]
            async with limit:
                reading = await self._read(attachment, place)
            await turn.effect(lambda conn: save_reading(conn, turn.id, position, reading))
            return reading

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(read(position, one), name=f"read {one.kind}")
                    for position, one in enumerate(readable)
                ]
        except ExceptionGroup as exc:
            raise exc.exceptions[0] from exc
        return tuple(task.result() for task in tasks)

    async def recall(self, turn_id: int, attachments: Sequence[Attachment]) -> Perceived:
        """What was made of a turn's attachments back then; nothing is read anew. Raises StorageError."""
        readable = [one for one in attachments if self.reads(one)][:_MOST_ATTACHMENTS]
        known = await self._database.read(lambda conn: readings_of(conn, turn_id))
        return Perceived(
            readings=tuple(known[position] for position in range(len(readable)) if position in known),
            unread=tuple(one for one in attachments if one not in readable),
        )

    async def _read(self, attachment: Attachment, place: Place) -> Reading:
        try:
            return await self._readers[attachment.kind].read(attachment, place)
        except NotSeen as exc:
            return Reading(text=UNSEEN, remark=exc.sentence)
        except NotReadable as exc:
            sentence = exc.sentence
        except (ChatClosed, Fenced, StorageError):
            raise
        except DeliveryError as exc:
            log.warning("attachment_not_fetched", kind=attachment.kind, reason=str(exc))
            sentence = say("file_not_fetched", place.language)
        except BotError as exc:
            log.warning("attachment_not_read", kind=attachment.kind, reason=str(exc))
            sentence = say("file_not_read", place.language)
        return Reading(remark=sentence)

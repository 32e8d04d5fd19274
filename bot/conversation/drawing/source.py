"""Finds the pictures that an order begins with: in the messages themselves, and in the one they answer.

No model here need see them: they go to the one that changes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from bot.conversation.desk import Order
from bot.conversation.drawing.wish import MOST_SOURCES, WishFault
from bot.conversation.perceiving.perceiving import NotReadable, Place
from bot.conversation.seeing.files import Fetching, FileTooLarge
from bot.errors import ChatClosed, DeliveryError
from bot.media import MOST_IMAGE_BYTES, MOST_PIXELS, ImageFault, Images, UnusableImage
from bot.messages import Attachment, AttachmentKind, Incoming
from bot.ports import Adapter, Picture, Turn
from bot.storage.drawings import made_of
from bot.storage.readings import Reading, pictures_of, save_reading
from bot.texts import say

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["NoPicture", "Sources"]

log = structlog.get_logger(__name__)

_SHOWS: Final = frozenset({AttachmentKind.IMAGE, AttachmentKind.STICKER})
_SENTENCES: Final = {
    ImageFault.NOT_AN_IMAGE: "picture_unknown",
    ImageFault.CORRUPT: "picture_broken",
    ImageFault.MOVING: "picture_moves",
    ImageFault.TOO_LARGE: "picture_too_large",
    ImageFault.TOO_MANY_PIXELS: "picture_too_large",
}


class NoPicture(WishFault):
    """There is something, but no picture could be had from it; ``remark`` says why."""

    def __init__(self, remark: str) -> None:
        super().__init__("draw_no_reader")
        self.remark = remark


class Sources:
    """Shared by all conversations; nothing to close."""

    def __init__(self, *, adapters: Mapping[str, Adapter], images: Images, fetching: Fetching) -> None:
        self._adapters = adapters
        self._images = images
        self._fetching = fetching

    async def find(self, order: Order) -> tuple[Picture, ...]:
        """The pictures, stored with the turn. Raises NoPicture, Fenced, StorageError and ChatClosed."""
        attached, turn = _attached(order), order.turn
        if len(attached) > MOST_SOURCES:
            raise WishFault("draw_sources", most=MOST_SOURCES)
        known = await turn.effect(lambda conn: pictures_of(conn, [turn.id]))
        found = list(known.get(turn.id, ()))
        for position, attachment in list(enumerate(attached))[len(found) :]:
            picture = await self._look(attachment, order)
            await turn.effect(partial(_store, turn_id=turn.id, position=position, picture=picture))
            found.append(picture)
        return tuple(found)

    async def copy(self, turn: Turn, source: int) -> None:
        """Begin with what came with another turn, or else with what was drawn for it.

        Raises WishFault when it is gone, Fenced and StorageError.
        """
        known, made = await turn.effect(lambda conn: (pictures_of(conn, [source]), made_of(conn, source)[:1]))
        pictures = known.get(source, ())
        if not pictures:
            try:
                pictures = tuple([(await self._images.look(file.data)).picture for file in made])
            except UnusableImage as exc:
                raise WishFault("draw_source_gone") from exc
        if not pictures:
            raise WishFault("draw_source_gone")
        await turn.effect(lambda conn: save_reading(conn, turn.id, 0, Reading(pictures=pictures)))

    async def _look(self, attachment: Attachment, order: Order) -> Picture:
        place = Place(turn=order.turn, visit=order.visit, adapter=self._adapters[order.turn.key.platform])
        try:
            data = await self._fetching.whole(attachment, place, most_bytes=MOST_IMAGE_BYTES)
            return (await self._images.look(data)).picture
        except FileTooLarge as exc:
            raise NoPicture(_sentence(ImageFault.TOO_LARGE, order.language)) from exc
        except UnusableImage as exc:
            log.info("picture_not_usable", reason=exc.reason.value, detail=str(exc))
            raise NoPicture(_sentence(exc.reason, order.language)) from exc
        except NotReadable as exc:
            raise NoPicture(exc.sentence) from exc
        except ChatClosed:
            raise
        except DeliveryError as exc:
            log.warning("picture_not_fetched", reason=str(exc))
            raise NoPicture(say("file_not_fetched", order.language)) from exc


def _sentence(fault: ImageFault, language: str) -> str:
    megabytes, megapixels = MOST_IMAGE_BYTES // (1024 * 1024), MOST_PIXELS // 1_000_000
    return say(_SENTENCES[fault], language, megabytes=megabytes, megapixels=megapixels)


def _store(conn: Connection, *, turn_id: int, position: int, picture: Picture) -> None:
    save_reading(conn, turn_id, position, Reading(pictures=(picture,)))


def _attached(order: Order) -> list[Attachment]:
    """The picture that was there first is the one to be changed, with those that are sent about it."""
    quoted = order.message.quoted.attachments if order.message.quoted is not None else ()
    messages = [event for event in order.turn.events if isinstance(event, Incoming)]  # an album is several
    own = [one for message in messages for one in message.attachments]
    return [one for one in (*quoted, *own) if _is_picture(one)]


def _is_picture(attachment: Attachment) -> bool:
    is_file = attachment.kind is AttachmentKind.DOCUMENT and attachment.mime.startswith("image/")
    return attachment.kind in _SHOWS or is_file

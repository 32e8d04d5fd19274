"""Finds the picture that an order begins with: in the message itself, or in the one it answers.

No model here need see it: it goes to the one that changes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import structlog

from bot.conversation.desk import Order
from bot.conversation.drawing.wish import WishFault
from bot.conversation.perceiving.perceiving import NotReadable, Place
from bot.conversation.seeing.files import Fetching, FileTooLarge
from bot.errors import ChatClosed, DeliveryError
from bot.media import MOST_IMAGE_BYTES, MOST_PIXELS, ImageFault, Images, UnusableImage
from bot.messages import Attachment, AttachmentKind
from bot.ports import Adapter, Picture
from bot.storage.readings import Reading, pictures_of, save_reading
from bot.texts import say

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

    async def find(self, order: Order) -> Picture | None:
        """The picture, stored with the turn; None where none is attached. Raises NoPicture.

        Raises also Fenced, StorageError and ChatClosed.
        """
        attachment = _attached(order)
        if attachment is None:
            return None
        turn = order.turn
        stored = await turn.effect(lambda conn: pictures_of(conn, [turn.id]))
        if stored.get(turn.id):
            return stored[turn.id][0]
        picture = await self._look(attachment, order)
        await turn.effect(lambda conn: save_reading(conn, turn.id, 0, Reading(pictures=(picture,))))
        return picture

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


def _attached(order: Order) -> Attachment | None:
    quoted = order.message.quoted
    everything = (*order.message.attachments, *(quoted.attachments if quoted is not None else ()))
    return next((one for one in everything if _is_picture(one)), None)


def _is_picture(attachment: Attachment) -> bool:
    is_file = attachment.kind is AttachmentKind.DOCUMENT and attachment.mime.startswith("image/")
    return attachment.kind in _SHOWS or is_file

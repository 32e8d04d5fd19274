"""Reads pictures: photos, static stickers, files that hold a picture, each ready for a model that sees."""

from __future__ import annotations

import io
from typing import Final

import structlog

from bot.conversation.perceiving.perceiving import NotReadable, NotSeen, Place
from bot.conversation.question import attachments_of
from bot.conversation.seeing.eyes import Eyes
from bot.conversation.seeing.files import Fetching, FileTooLarge
from bot.conversation.seeing.films import stills_for
from bot.media import (
    MOST_IMAGE_BYTES,
    MOST_PIXELS,
    MOST_PIXELS_IN_COPIES,
    Films,
    ImageFault,
    Images,
    Looked,
    UnusableFilm,
    UnusableImage,
    side_for,
)
from bot.messages import Attachment, AttachmentKind
from bot.storage.readings import Reading
from bot.texts import say

__all__ = ["PictureReader"]

log = structlog.get_logger(__name__)

_MAYBE_PICTURES: Final = frozenset(
    {AttachmentKind.IMAGE, AttachmentKind.STICKER, AttachmentKind.DOCUMENT, AttachmentKind.ANIMATION}
)
_LONGEST_EMOJI: Final = 16
_SENTENCES: Final = {
    ImageFault.NOT_AN_IMAGE: "picture_unknown",
    ImageFault.CORRUPT: "picture_broken",
    ImageFault.MOVING: "picture_moves",
    ImageFault.TOO_LARGE: "picture_too_large",
    ImageFault.TOO_MANY_PIXELS: "picture_too_large",
}


class PictureReader:
    """A Reader. Shared by all conversations; nothing to close."""

    def __init__(self, *, images: Images, films: Films, fetching: Fetching, eyes: Eyes) -> None:
        self._images = images
        self._films = films
        self._fetching = fetching
        self._eyes = eyes

    async def read(self, attachment: Attachment, place: Place) -> Reading:
        """The picture. Raises NotReadable, and DeliveryError where the platform does not give it."""
        words = _words_of(attachment)
        try:
            looked = await self._look(attachment, place)
        except NotReadable:
            if words:
                return Reading(text=words)  # a sticker's emoji says what it means
            raise
        if looked.moves and not looked.picture.is_film:
            words = words or "[The picture is the first frame of an animation]"
        return Reading(text=words, pictures=(looked.picture,))

    async def _look(self, attachment: Attachment, place: Place) -> Looked:
        if not self._eyes.see(place):
            raise NotSeen(say("pictures_unseen", place.language))
        try:
            data = await self._fetching.whole(attachment, place, most_bytes=MOST_IMAGE_BYTES)
            return await self._look_at(data, place)
        except FileTooLarge as exc:
            raise NotReadable(_sentence(ImageFault.TOO_LARGE, place)) from exc
        except UnusableImage as exc:
            log.info("picture_not_seen", reason=exc.reason.value, detail=str(exc))
            raise NotReadable(_sentence(exc.reason, place)) from exc

    async def _look_at(self, data: bytes, place: Place) -> Looked:
        """What moves is watched as films are; where that fails, its first picture stands for it, if any."""
        try:
            looked = await self._images.look(data, longest_side=side_for(_pictures_in(place)))
        except UnusableImage as exc:
            film = await self._watch(data, place) if exc.reason is ImageFault.MOVING else None
            if film is None:
                raise
            return film
        return (await self._watch(data, place) if looked.moves else None) or looked

    async def _watch(self, data: bytes, place: Place) -> Looked | None:
        try:
            film = await self._films.watch(io.BytesIO(data), most_stills=stills_for(place))
        except UnusableFilm as exc:
            log.info("animation_not_seen", reason=exc.reason.value, detail=str(exc))
            return None
        return Looked(picture=film, moves=True)


def _sentence(fault: ImageFault, place: Place) -> str:
    return say(
        _SENTENCES[fault],
        place.language,
        megabytes=MOST_IMAGE_BYTES // (1024 * 1024),
        megapixels=MOST_PIXELS // 1_000_000,
        fewer=MOST_PIXELS_IN_COPIES // 1_000_000,
    )


def _words_of(attachment: Attachment) -> str:
    """What the model reads of a sticker besides seeing it: the emoji it stands for."""
    if attachment.kind is not AttachmentKind.STICKER or not attachment.name:
        return ""
    return f"[A sticker that stands for {attachment.name[:_LONGEST_EMOJI]}]"


def _pictures_in(place: Place) -> int:
    """How many pictures the question may have; they share what pictures may cost."""
    attached = attachments_of(place.messages) if place.messages else ()
    return sum(one.kind in _MAYBE_PICTURES for one in attached) or 1

"""Reads pictures: photos, static stickers, files that hold a picture, each ready for a model that sees."""

from __future__ import annotations

from typing import Final

import structlog

from bot.conversation.perceiving.perceiving import NotReadable, Place
from bot.conversation.prompt import AnswerSettings
from bot.conversation.question import attachments_of
from bot.conversation.seeing.files import Fetching, FileTooLarge
from bot.media import (
    MOST_IMAGE_BYTES,
    MOST_PIXELS,
    MOST_PIXELS_IN_COPIES,
    ImageFault,
    Images,
    Looked,
    UnusableImage,
    side_for,
)
from bot.messages import Attachment, AttachmentKind, Edited, Incoming
from bot.ports import ChatModel
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
    """A Reader. Shared by all conversations; nothing to close.

    Where no model that may be asked sees, people are told so: a blind one would make up what it shows.
    """

    def __init__(
        self, *, images: Images, fetching: Fetching, model: ChatModel, answers: AnswerSettings
    ) -> None:
        self._images = images
        self._fetching = fetching
        self._model = model
        self._answers = answers

    async def read(self, attachment: Attachment, place: Place) -> Reading:
        """The picture. Raises NotReadable, and DeliveryError where the platform does not give it."""
        words = _words_of(attachment)
        try:
            looked = await self._look(attachment, place)
        except NotReadable:
            if words:
                return Reading(text=words)  # a sticker's emoji says what it means
            raise
        if looked.moves:
            words = words or "[The picture is the first frame of an animation]"
        return Reading(text=words, pictures=(looked.picture,))

    async def _look(self, attachment: Attachment, place: Place) -> Looked:
        if not self._is_seen(place):
            raise NotReadable(say("pictures_unseen", place.language))
        try:
            data = await self._fetching.whole(attachment, place, most_bytes=MOST_IMAGE_BYTES)
            return await self._images.look(data, longest_side=side_for(_pictures_in(place)))
        except FileTooLarge as exc:
            raise NotReadable(_sentence(ImageFault.TOO_LARGE, place)) from exc
        except UnusableImage as exc:
            log.info("picture_not_seen", reason=exc.reason.value, detail=str(exc))
            raise NotReadable(_sentence(exc.reason, place)) from exc

    def _is_seen(self, place: Place) -> bool:
        chain = place.visit.persona.models or self._answers.models
        return any(self._model.sees(model) for model in (*chain, *self._answers.seeing_models))


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
    events = (event.message if isinstance(event, Edited) else event for event in place.turn.events)
    messages = [event for event in events if isinstance(event, Incoming)]
    return sum(one.kind in _MAYBE_PICTURES for one in attachments_of(messages)) if messages else 1

"""Says who reads which sort of attachment; of files the bytes decide, whatever their names say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.conversation.hearing.hearing import Hearing
from bot.conversation.hearing.reader import VoiceReader
from bot.conversation.perceiving.perceiving import NotReadable, Place, Reader
from bot.conversation.reading.documents import document_reader_of
from bot.conversation.seeing.files import Fetching
from bot.conversation.seeing.reader import PictureReader
from bot.media import IMAGE_HEAD_BYTES, Images, sniff, sniff_image
from bot.messages import Attachment, AttachmentKind
from bot.storage.readings import Reading
from bot.texts import say

if TYPE_CHECKING:
    from bot.conversation.house import House

__all__ = ["Choice", "FileReader", "readers_of"]

_HEAD_BYTES: Final = IMAGE_HEAD_BYTES
_HEARD: Final = (
    AttachmentKind.VOICE,
    AttachmentKind.AUDIO,
    AttachmentKind.VIDEO_NOTE,
    AttachmentKind.VIDEO,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Who reads files whose first bytes are taken."""

    takes: Callable[[bytes], bool]
    reader: Reader


class FileReader:
    """A Reader of files that may hold anything: hands each to the first of ``choices`` that takes it."""

    def __init__(self, *, fetching: Fetching, choices: Sequence[Choice]) -> None:
        self._fetching = fetching
        self._choices = tuple(choices)

    async def read(self, attachment: Attachment, place: Place) -> Reading:
        """What the one who knows such files reads. Raises NotReadable where nobody does, and its errors."""
        head = await self._fetching.head(attachment, place, size_bytes=_HEAD_BYTES)
        for choice in self._choices:
            if choice.takes(head):
                return await choice.reader.read(attachment, place)
        raise NotReadable(say("file_unknown", place.language))


def readers_of(house: House, *, hearing: Hearing | None = None) -> dict[AttachmentKind, Reader]:
    """A reader for each sort of attachment that something can be made of."""
    fetching = Fetching(clock=house.clock)
    pictures = PictureReader(images=Images(), fetching=fetching, model=house.model, answers=house.answers)
    voice = VoiceReader(hearing=hearing) if hearing is not None else None
    sounds = () if voice is None else (Choice(takes=_is_sound, reader=voice),)
    documents = Choice(takes=_is_anything, reader=document_reader_of(house, fetching))
    files = FileReader(
        fetching=fetching, choices=(Choice(takes=_is_picture, reader=pictures), *sounds, documents)
    )
    return {
        **({} if voice is None else dict.fromkeys(_HEARD, voice)),
        AttachmentKind.IMAGE: pictures,
        AttachmentKind.STICKER: pictures,
        AttachmentKind.ANIMATION: files,
        AttachmentKind.DOCUMENT: files,
    }


def _is_anything(head: bytes) -> bool:
    """What a document is, only its whole tells; one that is none is told so by its reader."""
    return True


def _is_sound(head: bytes) -> bool:
    return sniff(head) is not None


def _is_picture(head: bytes) -> bool:
    return sniff_image(head) is not None

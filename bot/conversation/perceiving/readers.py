"""Says who reads which sort of attachment; of files the bytes decide, whatever their names say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from bot.conversation.hearing.hearing import Hearing
from bot.conversation.hearing.reader import VoiceReader
from bot.conversation.perceiving.fetched import FetchedOnce
from bot.conversation.perceiving.perceiving import NotReadable, Place, Reader
from bot.conversation.reading.documents import document_reader_of
from bot.conversation.seeing.eyes import Eyes
from bot.conversation.seeing.files import Fetching
from bot.conversation.seeing.films import FilmReader
from bot.conversation.seeing.reader import PictureReader
from bot.media import IMAGE_HEAD_BYTES, Films, Images, is_film, sniff, sniff_image
from bot.messages import Attachment, AttachmentKind
from bot.storage.readings import Reading
from bot.texts import say

if TYPE_CHECKING:
    from bot.conversation.house import House

__all__ = ["Choice", "FileReader", "OnceFetched", "readers_of"]

_HEAD_BYTES: Final = IMAGE_HEAD_BYTES
_HEARD: Final = (AttachmentKind.VOICE, AttachmentKind.AUDIO)
_WATCHED: Final = (AttachmentKind.VIDEO_NOTE, AttachmentKind.VIDEO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Who reads files whose first bytes are taken."""

    takes: Callable[[bytes], bool]
    reader: Reader


class OnceFetched:
    """A Reader that gives ``reader`` each file to read as often as it likes; it is fetched once."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def read(self, attachment: Attachment, place: Place) -> Reading:
        """See Reader.read."""
        async with FetchedOnce(place, attachment) as files:
            return await self._reader.read(attachment, replace(place, files=files))


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
    eyes, films = Eyes(model=house.model, answers=house.answers), Films()
    pictures = PictureReader(images=Images(), films=films, fetching=fetching, eyes=eyes)
    voice = VoiceReader(hearing=hearing) if hearing is not None else None
    watched = FilmReader(films=films, fetching=fetching, eyes=eyes, voice=voice)
    films_in_files = Choice(takes=is_film, reader=watched)
    sounds = () if voice is None else (Choice(takes=_is_sound, reader=voice),)
    documents = Choice(takes=_is_anything, reader=document_reader_of(house, fetching))
    images = Choice(takes=_is_picture, reader=pictures)
    files = OnceFetched(FileReader(fetching=fetching, choices=(images, films_in_files, *sounds, documents)))
    return {
        **({} if voice is None else dict.fromkeys(_HEARD, voice)),
        **dict.fromkeys(_WATCHED, OnceFetched(watched)),
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

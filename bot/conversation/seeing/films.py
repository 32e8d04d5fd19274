"""Reads films: what is said in them, and what they show, for a model that sees."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import BinaryIO, Final

import structlog

from bot.conversation.perceiving.perceiving import UNSEEN, NotReadable, NotSeen, Place, Reader
from bot.conversation.question import attachments_of
from bot.conversation.seeing.eyes import Eyes
from bot.conversation.seeing.files import Fetching, FileTooLarge
from bot.media import MOST_FILM_BYTES, MOST_STILLS, FilmFault, Films, UnusableFilm
from bot.messages import Attachment, AttachmentKind
from bot.ports import Picture
from bot.storage.readings import Reading
from bot.texts import say

__all__ = ["FilmReader", "stills_for"]

log = structlog.get_logger(__name__)

_FILMS: Final = frozenset({AttachmentKind.VIDEO, AttachmentKind.VIDEO_NOTE, AttachmentKind.ANIMATION})
_UNHEARD: Final = "[What is said in the video could not be heard]"
_SENTENCES: Final = {
    FilmFault.NO_PICTURES: "film_without_pictures",
    FilmFault.CORRUPT: "film_broken",
    FilmFault.TOO_LARGE: "film_too_large",
    FilmFault.TOO_MANY_PIXELS: "film_too_large",
}


class FilmReader:
    """A Reader. Shared by all conversations; nothing to close.

    ``voice`` hears what is said; it is the whole reading of what calls itself a film and has no pictures.
    """

    def __init__(self, *, films: Films, fetching: Fetching, eyes: Eyes, voice: Reader | None) -> None:
        self._films = films
        self._fetching = fetching
        self._eyes = eyes
        self._voice = voice

    async def read(self, attachment: Attachment, place: Place) -> Reading:
        """The words and the pictures, as far as either can be had. Raises NotReadable, and its errors."""
        words = await self._hear(attachment, place)
        try:
            film = await self._see(attachment, place)
        except UnusableFilm as exc:
            log.info("film_not_seen", reason=exc.reason.value, detail=str(exc))
            if exc.reason is FilmFault.NO_PICTURES:
                return _only(words)
            return _unseen(words, NotReadable(_sentence(exc.reason, place)))
        except NotSeen:
            return _unlooked_at(words, place)
        except NotReadable as exc:
            return _unseen(words, exc)
        return _seen(words, film)

    async def _hear(self, attachment: Attachment, place: Place) -> Reading | NotReadable:
        """What is said; an animation is silent by its nature."""
        if self._voice is None or attachment.kind is AttachmentKind.ANIMATION:
            return NotReadable(say("film_without_pictures", place.language), empty=True)
        try:
            return await self._voice.read(attachment, place)
        except NotReadable as exc:
            return exc

    async def _see(self, attachment: Attachment, place: Place) -> Picture:
        async with self._fetched(attachment, place) as file:
            if not self._eyes.see(place):
                await self._films.check(file)
                raise NotSeen(say("film_unseen_wordless", place.language))
            return await self._films.watch(file, most_stills=stills_for(place))

    @asynccontextmanager
    async def _fetched(self, attachment: Attachment, place: Place) -> AsyncIterator[BinaryIO]:
        with tempfile.TemporaryFile(prefix="parley-film-") as file:
            try:
                await self._fetching.into(file, attachment, place, most_bytes=MOST_FILM_BYTES)
            except FileTooLarge as exc:
                raise UnusableFilm(FilmFault.TOO_LARGE, f"more than {MOST_FILM_BYTES} bytes") from exc
            yield file


def stills_for(place: Place) -> int:
    """How many stills each film of the question may have; they share what films may cost."""
    films = sum(one.kind in _FILMS for one in attachments_of(place.messages)) if place.messages else 1
    return MOST_STILLS // max(1, films)


def _only(words: Reading | NotReadable) -> Reading:
    if isinstance(words, NotReadable):
        raise words
    return words


def _seen(words: Reading | NotReadable, film: Picture) -> Reading:
    """A film in which nobody speaks is as whole as one with words."""
    if isinstance(words, Reading):
        return replace(words, pictures=(film,))
    if words.empty:
        return Reading(pictures=(film,))
    return Reading(text=_UNHEARD, pictures=(film,), remark=words.sentence)


def _unlooked_at(words: Reading | NotReadable, place: Place) -> Reading:
    """Where no model sees: the words, and that there is no more."""
    if isinstance(words, Reading):
        return _without_pictures(words, say("film_unseen", place.language))
    unseen = say("film_unseen_wordless", place.language)
    raise NotSeen(unseen if words.empty else f"{words.sentence} {unseen}")


def _unseen(words: Reading | NotReadable, trouble: NotReadable) -> Reading:
    """The words, and why there are no pictures; without either the cause that says more."""
    if isinstance(words, Reading):
        return _without_pictures(words, trouble.sentence)
    raise trouble if words.empty else words


def _without_pictures(words: Reading, remark: str) -> Reading:
    return replace(words, text=f"{words.text}\n\n{UNSEEN}", remark=remark)


def _sentence(fault: FilmFault, place: Place) -> str:
    return say(_SENTENCES[fault], place.language, megabytes=MOST_FILM_BYTES // (1024 * 1024))

"""Speaks what is finished of an answer while the rest is being written, so that its voice is ready sooner.

In memory only: whoever does not find the beginning of an answer here speaks all of it. What was spoken and is
never heard (of an answer that was stopped, failed, or turned out otherwise) is paid for all the same: at most
what is spoken of any answer, MOST_SPOKEN_BYTES, and nothing before its first sentence stands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from bot.conversation.speaking.manner import Manner, Spoken
from bot.conversation.speaking.pieces import LONGEST_PIECE, joined, sentences_of
from bot.conversation.speaking.speakable import text_to_speak
from bot.ports import Speech

__all__ = ["Rehearsal", "Rehearsals"]

log = structlog.get_logger(__name__)

_SIDE_BY_SIDE: Final = 3
# Shorter pieces are ready sooner, longer ones sound more like one speaker.
_LONGEST: Final = 200
_SHORTEST: Final = 40
# To look is to read the whole answer as Markdown.
_LOOK_EVERY_CHARACTERS: Final = 60
# Five minutes of speech are 13 MB; an answer that finds no room here is spoken afterwards.
_MOST: Final = 8

Ask = Callable[[Spoken], "asyncio.Task[Speech]"]
FindManner = Callable[[], Awaitable[Manner]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    sentences: tuple[str, ...]
    speech: asyncio.Task[Speech]

    @property
    def has_failed(self) -> bool:
        return self.speech.done() and (self.speech.cancelled() or self.speech.exception() is not None)


class Rehearsal:
    """One answer's beginning. Discard it, unless its pieces are taken."""

    def __init__(self, *, ask: Ask, find_manner: FindManner) -> None:
        self.is_over = False
        self._ask = ask
        self._find_manner = find_manner
        self._manner: Manner | None = None
        self._reply = ""
        self._looked_at = 0
        self._grown = asyncio.Event()
        self._room = asyncio.Semaphore(_SIDE_BY_SIDE)
        self._pieces: list[_Piece] = []
        self._reading = asyncio.create_task(self._read_along(), name="speak ahead")
        self._reading.add_done_callback(_note_failure)

    def heed(self, reply: str) -> None:
        """So much of the answer is written."""
        self._reply = reply
        if len(reply) - self._looked_at >= _LOOK_EVERY_CHARACTERS:
            self._grown.set()

    def end(self) -> None:
        """The answer is whole: nothing more is begun, and what is begun goes on."""
        self.is_over = True
        self._reading.cancel()

    def take(self, sentences: Sequence[str], manner: Manner) -> tuple[list[asyncio.Task[Speech]], int]:
        """The speech of as many of these sentences as were spoken so, and their number.

        They are the caller's to await or cancel; the others are discarded.
        """
        taken: list[asyncio.Task[Speech]] = []
        count = 0
        for piece in self._pieces if manner == self._manner else ():
            end = count + len(piece.sentences)
            if piece.sentences != tuple(sentences[count:end]) or piece.has_failed:
                break
            taken.append(piece.speech)
            count = end
        self._pieces = self._pieces[len(taken) :]
        self.discard()
        return taken, count

    def discard(self) -> list[asyncio.Task[Speech]]:
        """Break off what is under way: nobody will hear it. Safe to call twice."""
        self.end()
        discarded, self._pieces = self._pieces, []
        for piece in discarded:
            piece.speech.cancel()
        if discarded:
            size = sum(len(text.encode()) for piece in discarded for text in piece.sentences)
            log.info("speech_discarded", text_bytes=size)
        return [piece.speech for piece in discarded]

    async def _read_along(self) -> None:
        self._manner = await self._find_manner()
        while True:
            await self._room.acquire()
            sentences = await self._next()
            text = joined(sentences)
            speech = self._ask(Spoken(text=text, manner=self._manner))
            speech.add_done_callback(self._spoken)
            self._pieces.append(_Piece(sentences=sentences, speech=speech))

    async def _next(self) -> tuple[str, ...]:
        """The next finished sentences to be spoken together, once there are some."""
        while True:
            await self._grown.wait()
            self._grown.clear()
            self._looked_at = len(self._reply)
            finished = await asyncio.to_thread(_finished, self._reply)
            said = tuple(text for piece in self._pieces for text in piece.sentences)
            if finished[: len(said)] == said and (found := _first_of(finished[len(said) :])):
                self._grown.set()  # there may be more
                return found

    def _spoken(self, speech: asyncio.Task[Speech]) -> None:
        self._room.release()
        if not speech.cancelled():
            speech.exception()  # whoever awaits it is told; nobody may


class Rehearsals:
    """Those of all conversations, by the turn that answers. ``aclose`` ends them."""

    def __init__(self, *, ask: Ask) -> None:
        self._ask = ask
        self._by_answer: dict[int, Rehearsal] = {}

    def begin(self, answer: int, find_manner: FindManner) -> None:
        """Speak this answer as it is told of by ``heed``, where there is room for another."""
        if len(self._by_answer) >= _MOST:
            self.discard(next((known for known, one in self._by_answer.items() if one.is_over), -1))
        if len(self._by_answer) < _MOST:
            self._by_answer[answer] = Rehearsal(ask=self._ask, find_manner=find_manner)

    def heed(self, answer: int, reply: str) -> None:
        """So much of the answer is written; cheap, and nothing for one that is not spoken."""
        if (rehearsal := self._by_answer.get(answer)) is not None:
            rehearsal.heed(reply)

    def end(self, answer: int, *, is_answered: bool) -> None:
        """Nothing more is written. Unless the question is answered so, nobody will hear it."""
        if not is_answered:
            self.discard(answer)
        elif (rehearsal := self._by_answer.get(answer)) is not None:
            rehearsal.end()

    def take(self, answer: int) -> Rehearsal | None:
        """What was spoken of an answer, for the one that has it heard."""
        return self._by_answer.pop(answer, None)

    def discard(self, answer: int) -> None:
        """Nobody will hear this answer; nothing where nothing was spoken of it."""
        if (rehearsal := self._by_answer.pop(answer, None)) is not None:
            rehearsal.discard()

    async def aclose(self) -> None:
        """Break off everything."""
        pieces = [piece for rehearsal in self._by_answer.values() for piece in rehearsal.discard()]
        self._by_answer.clear()
        await asyncio.gather(*pieces, return_exceptions=True)


def _finished(reply: str) -> tuple[str, ...]:
    """The sentences that will not change any more, as far as can be told: all but the last one."""
    return sentences_of(text_to_speak(reply))[:-1]


def _first_of(sentences: Sequence[str]) -> tuple[str, ...]:
    """As many as make a piece; none as long as they are too little."""
    count = size = 0
    for sentence in sentences:
        if len(sentence) > LONGEST_PIECE:
            break  # it is cut later
        if count and size + len(sentence) > _LONGEST:
            break
        count, size = count + 1, size + len(sentence)
    return tuple(sentences[:count]) if size >= _SHORTEST else ()


def _note_failure(reading: asyncio.Task[None]) -> None:
    if not reading.cancelled() and (failure := reading.exception()) is not None:
        log.error("rehearsal_failed", exc_info=failure)

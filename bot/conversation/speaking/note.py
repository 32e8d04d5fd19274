"""Speaks a text as one voice note: its pieces are spoken beside each other and joined in their order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import structlog

from bot.conversation.perceiving.senses import Senses
from bot.conversation.speaking.ahead import Rehearsal
from bot.conversation.speaking.manner import Manner, Spoken, in_preset_voice
from bot.conversation.speaking.pieces import FIRST_PIECE, LONGEST_PIECE, gathered, sentences_of
from bot.errors import ProviderRefused
from bot.media import VoiceForm
from bot.ports import OutgoingVoice, Speech, SpeechFormat, SpeechRequest
from bot.providers import VOICE_GONE

__all__ = ["SAMPLE_RATE", "Narrator", "in_other_form", "in_voice_or_preset"]

log = structlog.get_logger(__name__)

Ask = Callable[[], "asyncio.Task[Speech]"]

_SIDE_BY_SIDE = 3
# What CosyVoice2 speaks in; more only makes the download longer.
SAMPLE_RATE = 24_000


class Narrator:
    """Shared by all conversations; nothing to close."""

    def __init__(self, *, senses: Senses) -> None:
        self._senses = senses

    async def narrate(
        self, text: str, manner: Manner, *, mime: str, ahead: Rehearsal | None = None
    ) -> OutgoingVoice:
        """The text as a voice note in that form; what of it was spoken ``ahead`` is not spoken again.

        Raises ProviderError and UnusableAudio; may be cancelled.
        """
        sentences = sentences_of(text)
        begun, count = ahead.take(sentences, manner) if ahead is not None else ([], 0)
        pieces = _pieces(sentences[count:])
        spoken = [Spoken(text=piece, manner=manner) for piece in pieces]
        return await self._join(begun, self._asks(spoken), mime)

    async def join(self, parts: Sequence[Spoken], *, mime: str) -> OutgoingVoice:
        """Several parts in their order as one voice note. Raises ProviderError and UnusableAudio."""
        return await self._join((), self._asks(parts), mime)

    async def join_asked(self, asks: Sequence[Ask], *, mime: str) -> OutgoingVoice:
        """Several pieces of speech, each asked for in its turn, as one voice note. Raises as ``join``."""
        return await self._join((), asks, mime)

    def ask(self, part: Spoken) -> asyncio.Task[Speech]:
        """Have a part spoken. The task raises ProviderError."""
        manner = part.manner
        request = SpeechRequest(
            text=part.text,
            voice=manner.voice,
            models=(manner.model,) if manner.model else self._senses.speaking_models,
            style=manner.style,
            format=SpeechFormat.WAV,
            sample_rate=SAMPLE_RATE,
            speed=manner.speed,
            gain_decibels=manner.gain_decibels,
        )
        return asyncio.create_task(self._senses.speaking.speak(request), name="speak a piece")

    async def _join(
        self, begun: Sequence[asyncio.Task[Speech]], asks: Sequence[Ask], mime: str
    ) -> OutgoingVoice:
        left, asked = deque(asks), deque(begun)
        try:
            async with self._senses.audio.open_voice_note(_form(mime)) as note:
                _ask_more(left, asked)
                while asked:
                    speech = await asked[0]
                    asked.popleft()
                    _ask_more(left, asked)
                    await note.add(speech.data)
                spoken = await note.finish()
        finally:
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)
        return OutgoingVoice(data=spoken.data, mime=spoken.form.mime_type, seconds=spoken.seconds)

    def _asks(self, parts: Sequence[Spoken]) -> list[Ask]:
        return [partial(self.ask, part) for part in parts]


def _ask_more(left: deque[Ask], asked: deque[asyncio.Task[Speech]]) -> None:
    """As much as is spoken side by side."""
    while left and sum(not task.done() for task in asked) < _SIDE_BY_SIDE:
        asked.append(left.popleft()())


def _pieces(sentences: Sequence[str]) -> tuple[str, ...]:
    """As even as they can be spoken side by side: the longest of them is what is waited for."""
    even = sum(map(len, sentences)) // _SIDE_BY_SIDE + 1
    return gathered(sentences, longest=min(max(even, FIRST_PIECE), LONGEST_PIECE))


async def in_voice_or_preset(
    manner: Manner, preset: str, speak: Callable[[Manner], Awaitable[OutgoingVoice]]
) -> OutgoingVoice:
    """What ``speak`` makes; in the preset voice where the provider has the own one no longer.

    Raises ProviderError and UnusableAudio.
    """
    try:
        return await speak(manner)
    except ProviderRefused as exc:
        if not manner.model or exc.code not in VOICE_GONE:
            raise
        log.warning("own_voice_gone", voice=manner.voice, trace_id=exc.trace_id)
        return await speak(in_preset_voice(manner, preset))


async def in_other_form(senses: Senses, note: OutgoingVoice, mime: str) -> OutgoingVoice:
    """The same recording in another form. Raises UnusableAudio."""
    async with senses.audio.open_voice_note(_form(mime)) as writing:
        await writing.add(note.data)
        written = await writing.finish()
    return OutgoingVoice(data=written.data, mime=mime, seconds=written.seconds)


def _form(mime: str) -> VoiceForm:
    return VoiceForm.OGG_OPUS if mime == VoiceForm.OGG_OPUS.mime_type else VoiceForm.MP3

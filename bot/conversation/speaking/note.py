"""Speaks a text as one voice note: its pieces are spoken beside each other and joined in their order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from bot.conversation.perceiving.senses import Senses
from bot.conversation.speaking.pieces import speech_pieces
from bot.conversation.speaking.speaking import Manner
from bot.media import VoiceForm
from bot.ports import OutgoingVoice, Speech, SpeechFormat, SpeechRequest

__all__ = ["Narrator", "Spoken", "in_other_form"]

_AHEAD = 3
# What CosyVoice2 speaks in; more only makes the download longer.
_SAMPLE_RATE = 24_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A piece of text and how it is spoken."""

    text: str
    manner: Manner


class Narrator:
    """Shared by all conversations; nothing to close."""

    def __init__(self, *, senses: Senses) -> None:
        self._senses = senses

    async def narrate(self, text: str, manner: Manner, *, mime: str) -> OutgoingVoice:
        """The text as a voice note in that form. Raises ProviderError and UnusableAudio; may be cancelled."""
        return await self.join(
            [Spoken(text=piece, manner=manner) for piece in speech_pieces(text)], mime=mime
        )

    async def join(self, parts: Sequence[Spoken], *, mime: str) -> OutgoingVoice:
        """Several parts in their order as one voice note. Raises ProviderError and UnusableAudio."""
        left = iter(parts)
        asked: deque[asyncio.Task[Speech]] = deque()
        try:
            async with self._senses.audio.open_voice_note(_form(mime)) as note:
                asked.extend(self._ask(part) for part in islice(left, _AHEAD))
                while asked:
                    await note.add((await asked[0]).data)
                    asked.popleft()
                    asked.extend(self._ask(part) for part in islice(left, 1))
                spoken = await note.finish()
        finally:
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)
        return OutgoingVoice(data=spoken.data, mime=spoken.form.mime_type, seconds=spoken.seconds)

    def _ask(self, part: Spoken) -> asyncio.Task[Speech]:
        manner = part.manner
        request = SpeechRequest(
            text=part.text,
            voice=manner.voice,
            models=(manner.model,) if manner.model else self._senses.speaking_models,
            style=manner.style,
            format=SpeechFormat.WAV,
            sample_rate=_SAMPLE_RATE,
            speed=manner.speed,
            gain_decibels=manner.gain_decibels,
        )
        return asyncio.create_task(self._senses.speaking.speak(request), name="speak a piece")


async def in_other_form(senses: Senses, note: OutgoingVoice, mime: str) -> OutgoingVoice:
    """The same recording in another form. Raises UnusableAudio."""
    async with senses.audio.open_voice_note(_form(mime)) as writing:
        await writing.add(note.data)
        written = await writing.finish()
    return OutgoingVoice(data=written.data, mime=mime, seconds=written.seconds)


def _form(mime: str) -> VoiceForm:
    return VoiceForm.OGG_OPUS if mime == VoiceForm.OGG_OPUS.mime_type else VoiceForm.MP3

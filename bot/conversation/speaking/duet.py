"""Has a dialogue spoken by a model that speaks as two people, each sounding as in a recording of theirs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final

import structlog

from bot.conversation.perceiving.senses import Senses
from bot.conversation.speaking.dialogue import dialogue_language, dialogue_parts
from bot.conversation.speaking.manner import Manner, Spoken
from bot.conversation.speaking.note import SAMPLE_RATE, Narrator
from bot.errors import ProviderError
from bot.media import UnusableAudio
from bot.ports import (
    DialogueLine,
    DialogueRequest,
    OutgoingVoice,
    Speech,
    SpeechFormat,
    VoiceReference,
)
from bot.texts import say

__all__ = ["Duet"]

log = structlog.get_logger(__name__)

# Both speakers are cut from one cloth: a voice says this once, and is known from then on.
_MOST_KNOWN: Final = 32

References = tuple[VoiceReference, VoiceReference]


class Duet:
    """Shared by all conversations; nothing to close. Remembers how preset voices sound."""

    def __init__(self, *, senses: Senses, narrator: Narrator) -> None:
        self._senses = senses
        self._narrator = narrator
        self._known: dict[tuple[Manner, str], VoiceReference] = {}

    async def speak(
        self, lines: Sequence[DialogueLine], manners: tuple[Manner, Manner], *, mime: str
    ) -> OutgoingVoice | None:
        """The dialogue as one voice note; None where no model can, or does, speak it so."""
        language, parts = dialogue_language(lines), dialogue_parts(lines)
        if not (self._senses.dialogue_models and language and parts):
            return None
        try:
            first, second = await asyncio.gather(*(self._reference(one, language) for one in manners))
            asks = [partial(self._ask, part, (first, second), manners[0]) for part in parts]
            return await self._narrator.join_asked(asks, mime=mime)
        except (ProviderError, UnusableAudio) as exc:
            log.warning("duet_failed", reason=str(exc))
            return None

    def _ask(
        self, part: tuple[DialogueLine, ...], references: References, manner: Manner
    ) -> asyncio.Task[Speech]:
        request = DialogueRequest(
            lines=part,
            references=references,
            models=self._senses.dialogue_models,
            format=SpeechFormat.WAV,
            sample_rate=SAMPLE_RATE,
            speed=manner.speed,
            gain_decibels=manner.gain_decibels,
        )
        speaking = self._senses.speaking.speak_dialogue(request)
        return asyncio.create_task(speaking, name="speak a part of a dialogue")

    async def _reference(self, manner: Manner, language: str) -> VoiceReference:
        """How a voice sounds: a sentence it says, since no recording of it is kept. Raises ProviderError."""
        plain = replace(manner, speed=1.0, gain_decibels=0.0)
        if (known := self._known.get((plain, language))) is not None:
            return known
        text = say("podcast_reference", language)
        speech = await self._narrator.ask(Spoken(text=text, manner=plain))
        reference = VoiceReference(recording=speech.data, mime_type="audio/wav", transcript=text)
        # An own voice is its maker's, who may delete it: nothing of it stays here.
        if not plain.model:
            self._remember((plain, language), reference)
        return reference

    def _remember(self, key: tuple[Manner, str], reference: VoiceReference) -> None:
        if len(self._known) >= _MOST_KNOWN:
            self._known.pop(next(iter(self._known)))
        self._known[key] = reference

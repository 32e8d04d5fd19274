"""Voices that people make of their own: from a recording of theirs to the provider, and away again."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Final

import structlog

from bot.conversation.perceiving.senses import Senses
from bot.conversation.speaking.consent import (
    LONGEST_SAMPLE_SECONDS,
    SHORTEST_SAMPLE_SECONDS,
    consent_sentence,
    is_consent,
)
from bot.conversation.visit import Visit
from bot.errors import DeliveryError, ProviderError
from bot.media import UnusableAudio, open_sound
from bot.messages import Attachment
from bot.ports import Adapter, Clock, OwnVoice, TranscriptionRequest, VoiceSample
from bot.providers import BAD_SAMPLE, REAL_NAME_NEEDED, SAMPLE_TOO_LARGE
from bot.storage import Database
from bot.storage.voices import MadeVoice, discarded_voices, drop_voice
from bot.texts import say

__all__ = ["OwnVoices", "VoiceNotMade"]

log = structlog.get_logger(__name__)

_MOST_BYTES: Final = 20 * 1024 * 1024
_SAMPLE_RATE: Final = 24_000
_REASONS: Final = {
    REAL_NAME_NEEDED: "speech_new_real_name",
    BAD_SAMPLE: "speech_new_unusable",
    SAMPLE_TOO_LARGE: "speech_new_unusable",
}


class VoiceNotMade(Exception):
    """No voice came of it; ``sentence`` tells the person why and what to do. Never leaves the core."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sample:
    recording: bytes
    heard: str


class OwnVoices:
    """Shared by all conversations; nothing to close."""

    def __init__(
        self, *, senses: Senses, database: Database, adapters: Mapping[str, Adapter], clock: Clock
    ) -> None:
        self._senses = senses
        self._database = database
        self._adapters = adapters
        self._clock = clock

    async def make(self, visit: Visit, name: str, recording: Attachment) -> MadeVoice:
        """The voice in a recording of this person's consent, made at the provider; not stored yet.

        However often it is tried there is one voice of one recording. Raises VoiceNotMade.
        """
        sample = await self._take(visit, recording)
        if not is_consent(sample.heard, visit.key, visit.author.id, visit.language):
            log.info("voice_consent_missing", author=visit.author.id)
            raise _not_made("speech_new_other", visit)
        voice = await self._upload(sample, visit)
        return MadeVoice(
            platform=visit.key.platform,
            account=visit.key.account,
            author_id=visit.author.id,
            name=name,
            uri=voice.uri,
            model=voice.model,
            created_at=self._clock.now().timestamp(),
        )

    async def sweep(self) -> None:
        """Delete at the provider what was discarded; what cannot be deleted now is left for the next time."""
        for voice_id, uri in await self._database.read(discarded_voices):
            try:
                await self._senses.voices.delete_voice(uri)
            except ProviderError as exc:
                log.warning("voice_not_deleted", trace_id=exc.trace_id, reason=str(exc))
                return
            await self._database.write(lambda conn, gone=voice_id: drop_voice(conn, gone))  # type: ignore[misc]
            log.info("voice_deleted")

    async def _take(self, visit: Visit, recording: Attachment) -> _Sample:
        adapter, audio = self._adapters[visit.key.platform], self._senses.audio
        try:
            async with (
                adapter.fetch(recording) as chunks,
                audio.keep(chunks, most_bytes=_MOST_BYTES) as path,
            ):
                data, seconds = await asyncio.to_thread(_as_wav, path)
                if not SHORTEST_SAMPLE_SECONDS <= seconds <= LONGEST_SAMPLE_SECONDS:
                    raise _not_made("speech_new_length", visit, seconds=round(seconds))
                return _Sample(recording=data, heard=await self._hear(path.with_name("sample.wav"), data))
        except (DeliveryError, UnusableAudio) as exc:
            log.warning("voice_sample_unusable", reason=str(exc))
            raise _not_made("speech_new_unusable", visit) from exc
        except ProviderError as exc:
            log.warning("voice_sample_not_heard", trace_id=exc.trace_id, reason=str(exc))
            raise _not_made("speech_new_failed", visit) from exc

    async def _hear(self, path: Path, data: bytes) -> str:
        """The words, by a file whose name tells its format. The folder goes with the download's."""
        await asyncio.to_thread(path.write_bytes, data)
        request = TranscriptionRequest(path=path, models=self._senses.hearing_models)
        return (await self._senses.hearing.transcribe(request)).text

    async def _upload(self, sample: _Sample, visit: Visit) -> OwnVoice:
        name = f"p{sha256(sample.recording).hexdigest()[:32]}"
        try:
            made = await self._senses.voices.list_voices()
            known = next((voice for voice in made if voice.name == name), None)
            return known or await self._senses.voices.add_voice(
                VoiceSample(
                    name=name,
                    model=self._senses.speaking_models[0],
                    recording=sample.recording,
                    mime_type="audio/wav",
                    transcript=consent_sentence(visit.key, visit.author.id, visit.language),
                )
            )
        except ProviderError as exc:
            log.warning("voice_not_made", code=exc.code, trace_id=exc.trace_id, reason=str(exc))
            raise _not_made(_REASONS.get(exc.code, "speech_new_failed"), visit) from exc


def _not_made(key: str, visit: Visit, **values: object) -> VoiceNotMade:
    sentence = consent_sentence(visit.key, visit.author.id, visit.language)
    limits = {"least": round(SHORTEST_SAMPLE_SECONDS), "most": round(LONGEST_SAMPLE_SECONDS)}
    return VoiceNotMade(say(key, visit.language, sentence=sentence, **limits, **values))


def _as_wav(path: Path) -> tuple[bytes, float]:
    """One voice in a plain form, and its seconds; at 30 s well below the provider's 5 MB. Blocking."""
    with open_sound(path, longest_seconds=600.0) as sound:
        samples = b"".join(sound.blocks(sample_rate=_SAMPLE_RATE, block_samples=_SAMPLE_RATE))
    file = BytesIO()
    with wave.open(file, "wb") as writing:
        writing.setnchannels(1)
        writing.setsampwidth(2)
        writing.setframerate(_SAMPLE_RATE)
        writing.writeframes(samples)
    return file.getvalue(), len(samples) / 2 / _SAMPLE_RATE

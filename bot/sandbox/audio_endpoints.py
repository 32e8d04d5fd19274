"""The stand-in's endpoints that hear and speak: checks by the provider's limits, then a backend.

Limits and codes: facts SiliconFlow §9, §10, §11, §15.
"""

from __future__ import annotations

import asyncio
from typing import Final

import orjson
from aiohttp import web

from bot.sandbox.audio_backend import AudioBackend, HeardFile, Samples
from bot.sandbox.audio_files import CONTENT_TYPES, check_recording, check_references, write_speech
from bot.sandbox.audio_forms import AudioForm, read_form, too_large
from bot.sandbox.audio_models import DIALOGUE_MODEL, HEARING_MODELS
from bot.sandbox.audio_speech_request import SpeechBody, parse_speech
from bot.sandbox.audio_voices import VoiceShelf
from bot.sandbox.exchange import Exchange
from bot.sandbox.refusals import coded
from bot.sandbox.script import Cut

__all__ = ["FORM_PATHS", "AudioEndpoints"]

# Their bodies are read by the endpoint, in pieces.
FORM_PATHS: Final = frozenset({"/v1/audio/transcriptions", "/v1/uploads/audio/voice"})

_MOST_BYTES: Final = 50 * 1024 * 1024
_LONGEST_SECONDS: Final = 3_600.0
_STT_FORMAT: Final = 20083
_TOO_LARGE: Final = too_large(20042, _MOST_BYTES)
_CHUNK_BYTES: Final = 16 * 1024


class AudioEndpoints:
    """Serves what a backend hears and says."""

    def __init__(
        self, backend: AudioBackend, *, real_name_verified: bool, speaks_dialogue: bool = True
    ) -> None:
        self._backend = backend
        self.speaks_dialogue = speaks_dialogue
        self.voices = VoiceShelf(real_name_verified=real_name_verified)

    async def transcribe(self, exchange: Exchange) -> web.StreamResponse:
        """POST /audio/transcriptions."""
        async with read_form(exchange.request, most_bytes=_MOST_BYTES, refusal=_TOO_LARGE) as form:
            exchange.record.body = form.describe()
            text = await self._backend.hear(await _heard_file(form))
        return exchange.whole(orjson.dumps({"text": text}))

    async def speak(self, exchange: Exchange) -> web.StreamResponse:
        """POST /audio/speech."""
        body = parse_speech(exchange.record.raw_body, is_own_voice=self.voices.holds)
        if body.model == DIALOGUE_MODEL and not self.speaks_dialogue:
            raise coded(20012, "Model does not exist. Please check it carefully.")
        if body.references:
            await asyncio.to_thread(check_references, body.references)
        spoken = await self._backend.say(body)
        samples, rate = _cut(spoken, body), body.sample_rate
        data = await asyncio.to_thread(
            write_speech, samples, from_rate=spoken.rate, to_rate=rate, form=body.format
        )
        return await _send(exchange, body, spoken, data)

    async def add_voice(self, exchange: Exchange) -> web.StreamResponse:
        """POST /uploads/audio/voice."""
        return exchange.whole(await self.voices.add(exchange))

    async def list_voices(self, exchange: Exchange) -> web.StreamResponse:
        """GET /audio/voice/list."""
        return exchange.whole(self.voices.list())

    async def delete_voice(self, exchange: Exchange) -> web.StreamResponse:
        """POST /audio/voice/deletions; its answer is empty."""
        return exchange.whole(self.voices.delete(exchange.record.raw_body), content_type="text/plain")


async def _heard_file(form: AudioForm) -> HeardFile:
    model = form.need("model")
    if model not in HEARING_MODELS:
        raise coded(20012, "Model does not exist. Please check it carefully.")
    path = form.need_file()
    seconds = await asyncio.to_thread(
        check_recording, path, longest_seconds=_LONGEST_SECONDS, format_code=_STT_FORMAT
    )
    return HeardFile(model=model, path=path, seconds=seconds, size=form.size)


def _cut(spoken: Samples, body: SpeechBody) -> bytes:
    """What is said before a dialogue's tokens are used up."""
    seconds = len(spoken.samples) / 2 / spoken.rate
    most = min(seconds, body.longest_seconds)
    return spoken.samples[: round(most * spoken.rate) * 2]


async def _send(exchange: Exchange, body: SpeechBody, spoken: Samples, data: bytes) -> web.StreamResponse:
    response = await exchange.open(content_type=CONTENT_TYPES[body.format])
    end = len(data) if spoken.cut is None else len(data) // 2
    for start in range(0, end, _CHUNK_BYTES):
        await exchange.send(data[start : min(start + _CHUNK_BYTES, end)])
    if spoken.cut is not None:
        await _break(exchange, spoken.cut)
    return response


async def _break(exchange: Exchange, cut: Cut) -> None:
    if cut.how != "clean":
        # One turn of the loop, so that what was written reaches the socket before it is torn down.
        await asyncio.sleep(0)
        exchange.drop(reset=cut.how == "reset")

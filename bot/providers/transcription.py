"""Speech to text by POST /audio/transcriptions (facts: SiliconFlow §11), or by a chat model that hears.

The file goes out as it is read from disk; a retry reads it again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from bot.errors import ProviderAccountError, ProviderError, ProviderUnavailable
from bot.ports import Transcript, TranscriptionRequest
from bot.providers.api import FormFile, SiliconFlowApi
from bot.providers.calls import Calls
from bot.providers.omni import hear_by_chat, hears_by_chat
from bot.providers.transcript_text import clean_transcript

__all__ = ["TRANSCRIPTION_MODELS", "SiliconFlowTranscriber"]

TRANSCRIPTION_MODELS: Final = ("FunAudioLLM/SenseVoiceSmall", "TeleAI/TeleSpeechASR")

_PATH: Final = "/audio/transcriptions"
_MIME_TYPES: Final = {
    ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
    ".opus": "audio/opus",
    ".webm": "audio/webm",
    ".pcm": "audio/pcm",
}
_NO_SUCH_PATH: Final = frozenset({404, 405})


class SiliconFlowTranscriber:
    """SpeechToText on the SiliconFlow API."""

    def __init__(self, *, api: SiliconFlowApi, calls: Calls) -> None:
        self._api = api
        self._calls = calls

    async def transcribe(self, request: TranscriptionRequest) -> Transcript:
        """See SpeechToText.transcribe."""

        async def call(model: str, seconds_left: float) -> Transcript:
            return await self._call(request, model, seconds_left)

        return await self._calls.carry_out(
            call,
            models=request.models,
            deadline_seconds=request.deadline_seconds,
            another_may=_another_may_hear,
        )

    async def _call(self, request: TranscriptionRequest, model: str, seconds_left: float) -> Transcript:
        hear = self._hear_by_chat if hears_by_chat(model) else self._hear
        words, trace_id = await hear(request.path, model, seconds_left)
        text = clean_transcript(words, speech_seconds=request.speech_seconds)
        return Transcript(text=text, model=model, trace_id=trace_id)

    async def _hear_by_chat(self, path: Path, model: str, seconds_left: float) -> tuple[str, str]:
        return await hear_by_chat(
            self._api, path, _mime_type(path), model=model, timeout_seconds=seconds_left
        )

    async def _hear(self, path: Path, model: str, seconds_left: float) -> tuple[str, str]:
        with path.open("rb") as content:
            file = FormFile(name=_file_name(path), content=content, mime_type=_mime_type(path))
            answer = await self._api.post_form(
                _PATH, fields={"model": model}, file=file, model=model, timeout_seconds=seconds_left
            )
        return _text_of(answer.body, model), answer.trace_id


def _another_may_hear(error: ProviderError) -> bool:
    """Models that hear differ in size limits, formats and rules, and the two kinds in address: what one
    refuses the next one may take. An account in trouble is in trouble with all."""
    return not isinstance(error, ProviderAccountError) or error.status in _NO_SUCH_PATH


def _text_of(body: Any, model: str) -> str:
    text = body.get("text") if isinstance(body, dict) else None
    if not isinstance(text, str):
        raise ProviderUnavailable("the transcript came in an unknown form", model=model)
    return text


def _file_name(path: Path) -> str:
    """A name that tells the format and nothing else."""
    return f"speech{path.suffix.lower()}"


def _mime_type(path: Path) -> str:
    return _MIME_TYPES.get(path.suffix.lower(), "application/octet-stream")

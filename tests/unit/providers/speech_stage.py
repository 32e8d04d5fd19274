"""What the tests of speech share: the three clients on a scripted stand-in, and a clock moved by hand."""

from __future__ import annotations

import io
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.ports import SpeechRequest, TranscriptionRequest
from bot.providers import (
    Calls,
    Limits,
    SiliconFlowApi,
    SiliconFlowSpeaker,
    SiliconFlowTranscriber,
    SiliconFlowVoices,
)
from bot.providers.speech import SPEECH_MODELS
from bot.providers.transcription import TRANSCRIPTION_MODELS
from bot.providers.transport import open_http
from bot.sandbox import AudioScript, Sandbox
from tests.unit.providers.support import KEY, FakeClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The clients, and what stands behind them."""

    sandbox: Sandbox
    clock: FakeClock
    transcriber: SiliconFlowTranscriber
    speaker: SiliconFlowSpeaker
    voices: SiliconFlowVoices

    @property
    def script(self) -> AudioScript:
        return self.sandbox.audio_script

    @property
    def models(self) -> list[str]:
        """The models asked so far, in order."""
        return [record.body["model"] for record in self.sandbox.requests]


@asynccontextmanager
async def open_stage(*, limits: Limits | None = None, **sandbox_options: Any) -> AsyncIterator[Stage]:
    """Clients of a scripted stand-in."""
    clock = FakeClock()
    async with Sandbox(**sandbox_options) as sandbox, open_http() as http:
        api = SiliconFlowApi(http=http, api_key=KEY, base_url=sandbox.url, clock=clock)
        calls = Calls(clock=clock, limits=limits, random=lambda: 0.5)
        yield Stage(
            sandbox=sandbox,
            clock=clock,
            transcriber=SiliconFlowTranscriber(api=api, calls=calls),
            speaker=SiliconFlowSpeaker(api=api, calls=calls),
            voices=SiliconFlowVoices(api=api, calls=calls),
        )


def wav_file(folder: Path, *, seconds: float = 1.0) -> Path:
    """A silent recording."""
    path = folder / "piece.wav"
    path.write_bytes(wav_of(seconds))
    return path


def wav_of(seconds: float) -> bytes:
    """Silence as a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(16_000)
        writer.writeframes(bytes(int(seconds * 32_000)))
    return file.getvalue()


def hear(path: Path, *models: str, **changes: Any) -> TranscriptionRequest:
    """A request for the words in ``path``."""
    return TranscriptionRequest(path=path, models=models or TRANSCRIPTION_MODELS, **changes)


def say(
    text: str = "Good morning", *, models: tuple[str, ...] = SPEECH_MODELS, **changes: Any
) -> SpeechRequest:
    """A request for ``text`` to be spoken."""
    changes.setdefault("voice", "anna")
    return SpeechRequest(text=text, models=models, **changes)

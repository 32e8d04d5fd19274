"""Real models hear what a real voice said: through voice notes, pieces, HTTP and back."""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bot.media import Audio, VoiceForm, VoiceNote
from bot.ports import (
    DialogueLine,
    DialogueRequest,
    SpeechFormat,
    SpeechRequest,
    SystemClock,
    TranscriptionRequest,
    VoiceReference,
)
from bot.providers import Calls, SiliconFlowApi, SiliconFlowSpeaker, SiliconFlowTranscriber
from bot.providers.transcript_text import normalise
from bot.providers.transport import open_http
from bot.sandbox import HEARING_MODELS, SPEAKING_MODELS, RealAudio, Sandbox, SandboxError
from bot.sandbox.audio_weights import WeightFile, check_weights
from bot.sandbox.piper import _VOICE, load_piper
from bot.sandbox.whisper import load_whisper
from tests.unit.media.sounds import noises, wav_bytes

_SENTENCES = (
    "Hello, how are you today?",
    "The quick brown fox jumps over the lazy dog.",
    "Please call me back tomorrow morning.",
)


class _Service:
    """Clients of a stand-in with real models, and what it said while loading."""

    def __init__(self, sandbox: Sandbox, api: SiliconFlowApi, audio: Audio, lines: list[str]) -> None:
        calls = Calls(clock=SystemClock())
        self.sandbox = sandbox
        self.lines = lines
        self.audio = audio
        self._transcriber = SiliconFlowTranscriber(api=api, calls=calls)
        self.speaker = SiliconFlowSpeaker(api=api, calls=calls)

    async def speak(self, form: SpeechFormat, sentence: str) -> bytes:
        """A sentence as a file."""
        request = SpeechRequest(text=sentence, voice="anna", models=SPEAKING_MODELS, format=form)
        return (await self.speaker.speak(request)).data

    async def record(self, form: VoiceForm, *sentences: str) -> VoiceNote:
        """A voice note of the sentences, each spoken by a call of its own."""
        async with self.audio.open_voice_note(form) as note:
            for sentence in sentences:
                await note.add(await self.speak(SpeechFormat.WAV, sentence))
            return await note.finish()

    async def hear(self, path: Path) -> list[str]:
        """The words of each piece of a recording."""
        async with self.audio.open_recording(path) as recording:
            return [
                (
                    await self._transcriber.transcribe(
                        TranscriptionRequest(
                            path=piece.path, models=HEARING_MODELS, speech_seconds=piece.speech_seconds
                        )
                    )
                ).text
                async for piece in recording.pieces()
            ]


@pytest.fixture(scope="module")
def real() -> Iterator[RealAudio]:
    """Models that are loaded once for the module."""
    real = RealAudio()
    yield real
    real._ears.shutdown()
    real._mouth.shutdown()


@pytest.fixture
async def service(real: RealAudio) -> AsyncIterator[_Service]:
    lines: list[str] = []
    real._say_line = lines.append
    async with Sandbox(audio=real) as sandbox, open_http() as http, Audio() as audio:
        api = SiliconFlowApi(http=http, api_key="sk-test-123456", base_url=sandbox.url, clock=SystemClock())
        yield _Service(sandbox, api, audio, lines)


async def test_a_spoken_note_is_heard_word_for_word(service: _Service, tmp_path: Path) -> None:
    """Sentences joined into one OGG/Opus voice note come back as they were written; the loop stays free."""
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0.001)

    counting = asyncio.create_task(count())
    path = tmp_path / "voice.oga"
    path.write_bytes((await service.record(VoiceForm.OGG_OPUS, *_SENTENCES)).data)
    words = " ".join(await service.hear(path))
    counting.cancel()

    assert normalise(words) == normalise(" ".join(_SENTENCES))
    assert turns > 20
    assert service.lines == [
        "loading the local voice, once",
        "the local voice is ready",
        "loading the local speech model, once",
        "the local speech model is ready",
    ]


async def test_an_mp3_is_heard_and_nothing_is_loaded_twice(service: _Service, tmp_path: Path) -> None:
    """Another format gives the same words, at once; noise beside it gives none."""
    path = tmp_path / "voice.mp3"
    path.write_bytes((await service.record(VoiceForm.MP3, _SENTENCES[1])).data)
    noise = tmp_path / "noise.wav"
    noise.write_bytes(wav_bytes(noises(-18)["fan"]))

    assert [normalise(text) for text in await service.hear(path)] == [normalise(_SENTENCES[1])]
    assert await service.hear(noise) == []
    assert service.lines == []


async def test_two_speakers_are_heard_and_told_apart(service: _Service, tmp_path: Path) -> None:
    """A dialogue comes back word for word, and its second voice is a higher one."""
    lead, explain = _SENTENCES[1:]
    introduced = await service.speak(SpeechFormat.WAV, "This is how I sound.")
    reference = VoiceReference(recording=introduced, mime_type="audio/wav", transcript="This is how I sound.")

    async def talk(*lines: tuple[int, str]) -> bytes:
        request = DialogueRequest(
            lines=tuple(DialogueLine(speaker=speaker, text=text) for speaker, text in lines),
            references=(reference, reference),
            models=SPEAKING_MODELS[1:],
            format=SpeechFormat.WAV,
        )
        return (await service.speaker.speak_dialogue(request)).data

    path = tmp_path / "talk.wav"
    path.write_bytes(await talk((0, lead), (1, explain)))
    heard = " ".join(await service.hear(path))
    low, high = await talk((0, lead)), await talk((1, lead))

    assert normalise(heard) == normalise(f"{lead} {explain}")
    assert _brightness(high) > 1.1 * _brightness(low)


def _brightness(wav: bytes) -> float:
    """The middle of its sound, in hertz."""
    with wave.open(io.BytesIO(wav)) as file:
        samples, rate = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2"), file.getframerate()
    spectrum = np.abs(np.fft.rfft(samples))
    return float((spectrum * np.fft.rfftfreq(len(samples), 1 / rate)).sum() / spectrum.sum())


async def test_models_that_are_not_there_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A line for the operator and an error for the client; a closed backend is overloaded."""
    lines: list[str] = []
    missing = replace(_VOICE, package="no_such_package")
    monkeypatch.setattr("bot.sandbox.piper._VOICE", missing)
    async with (
        RealAudio(on_progress=lines.append) as real,
        Sandbox(audio=real) as sandbox,
        open_http() as http,
    ):
        api = SiliconFlowApi(http=http, api_key="sk-test-123456", base_url=sandbox.url, clock=SystemClock())
        speaker = SiliconFlowSpeaker(api=api, calls=Calls(clock=SystemClock()))
        request = SpeechRequest(text="Hi", voice="anna", models=SPEAKING_MODELS[:1], deadline_seconds=1.0)
        with pytest.raises(Exception, match="not installed"):
            await speaker.speak(request)
        await real.close()
        with pytest.raises(Exception, match="overloaded"):
            await speaker.speak(request)

    assert any("make setup" in line for line in lines)


def test_damaged_weights_are_refused_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file is compared before it is loaded."""
    damaged = WeightFile(package="bot", name="__init__.py", sha256="0" * 64)
    with pytest.raises(SandboxError, match=r"sha256.*make setup"):
        check_weights(damaged)

    monkeypatch.setattr("bot.sandbox.whisper._SMALL_FILES", (damaged,))
    with pytest.raises(SandboxError, match="make setup"):
        load_whisper(threads=1)

    monkeypatch.setattr("bot.sandbox.piper._VOICE", damaged)
    with pytest.raises(SandboxError, match="make setup"):
        load_piper()

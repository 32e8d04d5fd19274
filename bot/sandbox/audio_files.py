"""Checks files that should hold speech, and writes speech in the formats the provider offers. Blocking."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final, assert_never

from bot.media import Container, UnusableAudio, VoiceForm, VoiceWriter, open_sound, raw_samples
from bot.sandbox.audio_speech_request import SpokenFormat
from bot.sandbox.refusals import coded

__all__ = ["CONTENT_TYPES", "check_recording", "check_references", "write_speech"]

CONTENT_TYPES: Final[dict[SpokenFormat, str]] = {
    "mp3": "audio/mpeg",
    "opus": "audio/opus",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}
# wav, mp3, opus, webm (facts: SiliconFlow §11); bare samples cannot be told from their bytes.
_TAKEN: Final = frozenset({Container.WAV, Container.MP3, Container.OGG, Container.MATROSKA})
_LONGEST_CLAIM_SECONDS: Final = 1e6
_RATE: Final = 16_000
_MOST_REFERENCE_BYTES: Final = 5 * 1024 * 1024
_LONGEST_REFERENCE_SECONDS: Final = 30.0


def check_recording(source: Path | BinaryIO, *, longest_seconds: float, format_code: int) -> float:
    """The recording's seconds. Raises Refused: ``format_code`` for another format, 20044 for broken sound."""
    try:
        with open_sound(source, longest_seconds=_LONGEST_CLAIM_SECONDS) as sound:
            if sound.info.container not in _TAKEN:
                raise coded(format_code, "The audio format must be one of wav, mp3, pcm, opus, webm.")
            seconds = sound.info.duration_seconds
            if seconds is None:
                seconds = sum(map(len, sound.blocks(sample_rate=_RATE, block_samples=_RATE))) / (_RATE * 2)
    except UnusableAudio as exc:
        raise coded(20044, f"The audio file is invalid: {exc.reason.value}.") from exc
    if seconds >= longest_seconds:
        raise coded(20044, f"The audio must be shorter than {longest_seconds:.0f} seconds.")
    return seconds


def check_references(recordings: Sequence[bytes]) -> None:
    """Raises Refused unless each is sound of less than 30 s and at most 5 MB."""
    for recording in recordings:
        if len(recording) > _MOST_REFERENCE_BYTES:
            raise coded(20045, "The audio file must not exceed 5 MB.")
        check_recording(BytesIO(recording), longest_seconds=_LONGEST_REFERENCE_SECONDS, format_code=20044)


def write_speech(samples: bytes, *, from_rate: int, to_rate: int, form: SpokenFormat) -> bytes:
    """16-bit mono samples as a file of ``form``."""
    match form:
        case "pcm":
            return b"".join(raw_samples(samples, from_rate=from_rate, to_rate=to_rate))
        case "wav":
            return _wav(b"".join(raw_samples(samples, from_rate=from_rate, to_rate=to_rate)), to_rate)
        case "mp3":
            return _encode(VoiceForm.MP3, samples, from_rate, to_rate)
        case "opus":
            return _encode(VoiceForm.OGG_OPUS, samples, from_rate, to_rate)
        case _:
            assert_never(form)


def _wav(samples: bytes, rate: int) -> bytes:
    file = BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(samples)
    return file.getvalue()


def _encode(form: VoiceForm, samples: bytes, from_rate: int, to_rate: int) -> bytes:
    writer = VoiceWriter(form, sample_rate=to_rate)
    try:
        writer.add(samples, pcm_rate=from_rate)
        return writer.finish().data
    finally:
        writer.close()

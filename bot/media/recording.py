"""Turns a recording of any length into short WAV files of its speech, each ready while the next is decoded.

WAV is what the provider's transcription takes without doubt (facts: SiliconFlow §11: wav, mp3, pcm, opus and
webm; the rest should be converted); two minutes are 3.8 MB of its 50.
"""

from __future__ import annotations

import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.media.decode import BYTES_PER_SAMPLE, Sound
from bot.media.pieces import Cut, Cutter, PieceLimits
from bot.media.voice_activity import FRAME_SAMPLES, SAMPLE_RATE, VoiceDetector

__all__ = ["Heard", "Piece", "cut_recording"]

# Eight seconds: enough for the detector to work at full speed, little enough for others to get their turn.
_BLOCK_FRAMES: Final = 256
_FRAME_BYTES: Final = FRAME_SAMPLES * BYTES_PER_SAMPLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of speech as a 16 kHz mono WAV file, which lives until its recording is closed.

    Whoever is done with it may delete ``path`` earlier.
    """

    index: int
    start_seconds: float
    seconds: float
    speech_seconds: float
    path: Path


@dataclass(slots=True, kw_only=True)
class Heard:
    """How much was heard so far; final once the pieces have ended."""

    seconds: float = 0.0
    speech_seconds: float = 0.0


def cut_recording(
    sound: Sound,
    *,
    detector: VoiceDetector,
    limits: PieceLimits,
    folder: Path,
    heard: Heard,
) -> Iterator[Piece | None]:
    """Decode ``sound`` and write its pieces into ``folder``. Blocking, for some 20 ms a step.

    A step that completes no piece gives None, so that many recordings can take turns. Memory stays at one
    piece and one block. Raises UnusableAudio.
    """
    index = 0
    for cut in _cuts(sound, detector, Cutter(limits), heard):
        if cut is None:
            yield None
            continue
        path = folder / f"{index:04d}.wav"
        _write_wav(path, cut.samples)
        heard.speech_seconds += cut.speech_seconds
        yield Piece(
            index=index,
            start_seconds=cut.start_seconds,
            seconds=cut.seconds,
            speech_seconds=cut.speech_seconds,
            path=path,
        )
        index += 1


def _cuts(sound: Sound, detector: VoiceDetector, cutter: Cutter, heard: Heard) -> Iterator[Cut | None]:
    """The pieces, and None after every block."""
    track = detector.begin()
    for block in sound.blocks(sample_rate=SAMPLE_RATE, block_samples=_BLOCK_FRAMES * FRAME_SAMPLES):
        heard.seconds += len(block) / (SAMPLE_RATE * BYTES_PER_SAMPLE)
        for index, is_speech in enumerate(track.hear(block)):
            frame = block[index * _FRAME_BYTES : (index + 1) * _FRAME_BYTES]
            yield from cutter.feed(frame, is_speech=is_speech)
        yield None
    yield from cutter.finish()


def _write_wav(path: Path, samples: bytes) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(BYTES_PER_SAMPLE)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(samples)

"""Real speech for whole stories: what the stand-in's voice says, as the files that clients record."""

from __future__ import annotations

import io
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from numpy.typing import NDArray
from piper import PiperVoice, SynthesisConfig

from bot.providers.transcript_text import normalise
from bot.sandbox.piper import load_piper

__all__ = ["FOX", "PAUSE", "STORY", "clip", "encoded_file", "encoded_samples", "voice_note", "words"]

FOX = "The quick brown fox jumps over the lazy dog."
PAUSE = ""
"""In the place of a sentence: nothing is said for so long that a new piece begins after it."""

STORY = (
    "Good morning everybody, and thank you for coming.",
    "Today we talk about the old bridge over the river.",
    "For a long time only horses and carts went over it.",
    PAUSE,
    "Please bring your friends and your family.",
    "Thank you, and see you all next week.",
)
_RATE = 48_000
_BREATH_SECONDS = 0.8
_PAUSE_SECONDS = 6.0


@cache
def _piper() -> PiperVoice:
    return load_piper()._voice


@cache
def voice_note(*sentences: str) -> bytes:
    """Somebody says them, with a breath after each: OGG/Opus, as Telegram's clients record it."""
    return _spoken(sentences, muxer="ogg", codec="libopus")


@cache
def clip(text: str) -> bytes:
    """Somebody says it: MP4/AAC, as Slack's clients record it."""
    return _spoken((text,), muxer="mp4", codec="aac")


def words(text: str) -> list[str]:
    """What is said in a text, without case and punctuation."""
    return normalise(text).split()


def _say(voice: PiperVoice, sentence: str) -> bytes:
    """The same every time: without its noise, the voice is not misheard one day and not the next."""
    config = SynthesisConfig(noise_scale=0.0, noise_w_scale=0.0, volume=0.5)
    return b"".join(chunk.audio_int16_bytes for chunk in voice.synthesize(sentence, config))


def encoded_file(path: Path, *, muxer: str, codec: str) -> bytes:
    """The sound of a file, as a client would have recorded it."""
    with av.open(str(path)) as opened:
        return _encoded(opened.decode(audio=0), muxer=muxer, codec=codec)


def encoded_samples(samples: NDArray[np.int16], *, rate: int) -> bytes:
    """A sound as a voice note of Telegram's clients."""
    return _encoded([_frame(samples, rate)], muxer="ogg", codec="libopus")


def _spoken(sentences: tuple[str, ...], *, muxer: str, codec: str) -> bytes:
    voice = _piper()
    rate = int(voice.config.sample_rate)
    breath, pause = (bytes(int(rate * one) * 2) for one in (_BREATH_SECONDS, _PAUSE_SECONDS))
    said = (_say(voice, one) if one else pause for one in sentences)
    samples = np.frombuffer(breath.join((*said, b"")), dtype=np.int16)
    return _encoded([_frame(samples, rate)], muxer=muxer, codec=codec)


def _frame(samples: NDArray[np.int16], rate: int) -> AudioFrame:
    frame = AudioFrame.from_ndarray(samples[np.newaxis, :], format="s16", layout="mono")
    frame.sample_rate = rate
    return frame


def _encoded(frames: Iterable[AudioFrame], *, muxer: str, codec: str) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=muxer) as output:
        stream = output.add_stream(codec, rate=_RATE, layout="mono")
        assert isinstance(stream, AudioStream)
        resampler = AudioResampler(
            format=stream.format.name, layout="mono", rate=_RATE, frame_size=stream.frame_size or 0
        )
        for frame in (*frames, None):
            for part in resampler.resample(frame):
                output.mux(stream.encode(part))
        output.mux(stream.encode(None))
    return file.getvalue()

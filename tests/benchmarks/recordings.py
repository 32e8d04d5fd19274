"""What people send in the benchmark: voice notes in a real voice, and files of any size.

A tone would not do: what is no speech is not sent to the provider.
"""

from __future__ import annotations

import io
import tempfile
import wave
from functools import cache
from pathlib import Path
from typing import Final

import av
import numpy as np
from pypdf import PdfReader, PdfWriter

from bot.media import raw_samples
from bot.sandbox.piper import load_piper
from tests.unit.media.made_documents import pdf
from tests.unit.media.sounds import FORMS, RATE, Samples, silence, write_file

__all__ = ["MEGABYTE", "long_text", "numbered", "paper", "studio_recording", "voice_note"]

MEGABYTE: Final = 1 << 20
SENTENCE: Final = "Please bring the red umbrella, the bridge is closed on Monday."
_BREATH_SECONDS: Final = 0.8
_STUDIO_RATE: Final = 48_000
_PAGES: Final = 20


@cache
def voice_note(seconds: float) -> bytes:
    """Somebody talks for so long: OGG/Opus, as Telegram's clients record it."""
    with tempfile.TemporaryDirectory() as folder:
        return write_file(Path(folder), FORMS[0], _speech(seconds)).read_bytes()


def numbered(note: bytes, number: int) -> bytes:
    """The same note as another file: equal files are heard once."""
    written = io.BytesIO()
    with av.open(io.BytesIO(note), "r") as source, av.open(written, "w", format="ogg") as target:
        track = source.streams.audio[0]
        copy = target.add_stream_from_template(track)
        copy.metadata["title"] = f"note {number}"
        for packet in source.demux(track):
            if packet.dts is not None:
                packet.stream = copy
                target.mux(packet)
    return written.getvalue()


@cache
def studio_recording(megabytes: int) -> bytes:
    """Somebody talks into a good microphone: WAV in stereo, 11.5 MB a minute."""
    frames = megabytes * MEGABYTE // 4
    samples = np.repeat(_speech(60.0), _STUDIO_RATE // RATE)
    both = np.column_stack([samples, samples])
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(2)
        writer.setsampwidth(2)
        writer.setframerate(_STUDIO_RATE)
        writer.writeframes(np.resize(both, (frames, 2)).tobytes())
    return file.getvalue()[: megabytes * MEGABYTE]


def long_text(megabytes: int) -> bytes:
    """A log of some program."""
    lines = (
        b"%08d the same as every day, at the same place\n" % number for number in range(22_000 * megabytes)
    )
    return b"".join(lines)[: megabytes * MEGABYTE]


def paper(megabytes: int) -> bytes:
    """A PDF: some pages of text, and a file of the rest of the size in its appendix."""
    text = "\n".join(f"Line {number}: {SENTENCE}" for number in range(40))
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf(*[text] * _PAGES))))
    noise = np.random.default_rng(1).bytes(megabytes * MEGABYTE - 500_000)
    writer.add_attachment("measurements.bin", noise)
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def _speech(seconds: float) -> Samples:
    return np.resize(_sentence(), int(seconds * RATE))


@cache
def _sentence() -> Samples:
    voice = load_piper()
    samples = voice.say(SENTENCE, speed=1.0, gain_decibels=0.0)
    spoken = b"".join(raw_samples(samples, from_rate=voice.rate, to_rate=RATE))
    return np.concatenate([np.frombuffer(spoken, dtype=np.int16), silence(_BREATH_SECONDS)])

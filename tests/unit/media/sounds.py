"""Sounds for tests, made on the spot: tones, noises, files of every kind, and one real voice."""

from __future__ import annotations

import io
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from numpy.typing import NDArray

RATE = 16_000
Samples = NDArray[np.int16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How a test file is written: FFmpeg's muxer and codec."""

    name: str
    muxer: str
    codec: str
    rate: int = 48_000
    video: bool = False
    live: bool = False
    bits: int = 64_000


LIVE = Form(name="live.webm", muxer="webm", codec="libopus", live=True)
FORMS = (
    Form(name="voice.oga", muxer="ogg", codec="libopus"),
    Form(name="song.mp3", muxer="mp3", codec="libmp3lame", rate=44_100),
    Form(name="clip.m4a", muxer="ipod", codec="aac", rate=44_100),
    Form(name="round.mp4", muxer="mp4", codec="aac", video=True),
    Form(name="plain.wav", muxer="wav", codec="pcm_s16le", rate=8_000),
    Form(name="studio.flac", muxer="flac", codec="flac"),
    Form(name="page.webm", muxer="webm", codec="libopus"),
    Form(name="film.mkv", muxer="matroska", codec="libopus", video=True),
    Form(name="radio.aac", muxer="adts", codec="aac"),
    Form(name="phone.amr", muxer="amr", codec="libopencore_amrnb", rate=8_000, bits=12_200),
    Form(name="old.aiff", muxer="aiff", codec="pcm_s16be"),
    Form(name="apple.caf", muxer="caf", codec="pcm_s16le"),
    Form(name="windows.wma", muxer="asf", codec="wmav2"),
    Form(name="camera.avi", muxer="avi", codec="libmp3lame", video=True),
)


def tone(seconds: float, *, hertz: float = 440.0, rate: int = RATE, loudness: float = 0.25) -> Samples:
    """A sine."""
    times = np.arange(int(seconds * rate)) / rate
    return np.asarray((np.sin(2 * np.pi * hertz * times) * loudness * 32_767).astype(np.int16))


def silence(seconds: float, *, rate: int = RATE) -> Samples:
    """Nothing."""
    return np.zeros(int(seconds * rate), dtype=np.int16)


def noises(level_decibels: float, *, seconds: float = 3.0) -> dict[str, Samples]:
    """What microphones hear when nobody speaks."""
    generator = np.random.default_rng(20261123)
    count = int(seconds * RATE)
    times = np.arange(count) / RATE
    white = generator.standard_normal(count)
    pink, brown = _coloured(generator, count, 0.5), _coloured(generator, count, 1.0)
    harmonics = [np.sin(2 * np.pi * 50 * number * times + number) / number for number in range(1, 12)]
    raw = {
        "silence": np.zeros(count),
        "hiss": white,
        "fan": pink,
        "engine": brown,
        "mains hum": np.sum(harmonics, axis=0) + 0.05 * white,
        "wind": brown * (1 + np.sin(np.pi * times)) ** 2,
        "breath": pink * np.abs(np.sin(np.pi * times / 2)) ** 4,
        "keys": _clicks(generator, count),
        "dial tone": np.sin(2 * np.pi * 1_000 * times) * (np.sin(4 * np.pi * times) > 0),
    }
    return {name: _at_level(samples, level_decibels) for name, samples in raw.items()}


def music(seconds: float = 8.0) -> Samples:
    """A tune with its accompaniment and a beat: plucked strings with overtones, and drums."""
    generator = np.random.default_rng(20261123)
    count = int(seconds * RATE)
    times = np.arange(count) / RATE
    song = np.zeros(count)
    for number, step in enumerate((0, 4, 7, 12, 7, 4, 5, 9, 12, 16, 12, 9, 7, 11, 14, 7) * 8):
        start = int(number * RATE / 4)
        rest = times[: max(0, count - start)]
        for pitch in (step, step - 12, -24 + step % 5):
            hertz = 261.6 * 2 ** (pitch / 12)
            overtones = sum(np.sin(2 * np.pi * hertz * n * rest) / n**2 for n in range(1, 6))
            song[start:] += overtones * np.exp(-4 * rest)
        song[start:] += 0.5 * generator.standard_normal(len(rest)) * np.exp(-60 * rest)
    return _at_level(song, -18)


def wav_bytes(samples: Samples, *, rate: int = RATE) -> bytes:
    """Samples as a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(samples.tobytes())
    return file.getvalue()


def write_file(folder: Path, form: Form, samples: Samples, *, rate: int = RATE) -> Path:
    """Samples as a file of ``form``; a film shows black."""
    path = folder / form.name
    options = {"live": "1"} if form.live else {}
    with av.open(str(path), "w", format=form.muxer, options=options) as output:
        stream = cast("AudioStream", output.add_stream(form.codec, rate=form.rate, layout="mono"))
        stream.bit_rate = form.bits
        if form.video:
            write_film(output, seconds=len(samples) / rate)
        frame = AudioFrame.from_ndarray(samples[np.newaxis, :], format="s16", layout="mono")
        frame.sample_rate = rate
        resampler = AudioResampler(format=stream.format.name, layout="mono", rate=form.rate)
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            output.mux(stream.encode(part))
        output.mux(stream.encode(None))
    return path


def write_film(output: av.container.OutputContainer, *, seconds: float) -> None:
    """A black picture, ten times a second."""
    stream = output.add_stream("mpeg4", rate=10)
    stream.width = stream.height = 64
    stream.pix_fmt = "yuv420p"
    for _ in range(max(1, int(seconds * 10))):
        output.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")))
    output.mux(stream.encode(None))


def _coloured(generator: np.random.Generator, count: int, slope: float) -> NDArray[np.float64]:
    spectrum = np.fft.rfft(generator.standard_normal(count))
    return np.asarray(np.fft.irfft(spectrum / np.arange(1, len(spectrum) + 1) ** slope, count))


def _clicks(generator: np.random.Generator, count: int) -> NDArray[np.float64]:
    clicks = np.zeros(count)
    for start in generator.integers(0, count - 400, count // 2_600):
        clicks[start : start + 400] += generator.standard_normal(400) * np.exp(-np.arange(400) / 60)
    return clicks


def _at_level(samples: NDArray[np.float64], decibels: float) -> Samples:
    centred = samples - samples.mean()
    power = max(float(np.sqrt(np.square(centred).mean())), 1e-9)
    scaled = centred / power * 32_768 * 10 ** (decibels / 20)
    return np.asarray(scaled.clip(-32_768, 32_767).astype(np.int16))

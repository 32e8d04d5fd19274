"""Cuts a recording into pieces that begin and end in silence, while it is being decoded.

Silence around speech is left out, so that no piece tempts a model to invent words for it, and a recording
without speech gives no piece at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.media.voice_activity import FRAME_SAMPLES, SAMPLE_RATE

__all__ = ["FRAME_SECONDS", "Cut", "Cutter", "PieceLimits"]

FRAME_SECONDS: Final = FRAME_SAMPLES / SAMPLE_RATE
_FRAME_BYTES: Final = FRAME_SAMPLES * 2
# Shorter bursts (clicks, a chord) are not speech; the shortest words last about 0.2 s.
_LEAST_RUN: Final = 4
# Beginnings and ends of words are too faint for the detector: this much is kept around speech.
_PADDING: Final = 12
_QUIET_FRAMES: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceLimits:
    """How long pieces should be.

    From ``shortest_seconds`` on a piece ends at the next silence of ``pause_seconds``, at the latest at
    ``longest_seconds``; a silence of ``gap_seconds`` ends any piece.
    """

    shortest_seconds: float = 60.0
    longest_seconds: float = 120.0
    pause_seconds: float = 0.4
    gap_seconds: float = 5.0

    def __post_init__(self) -> None:
        if not 0 < self.pause_seconds <= self.gap_seconds:
            raise ValueError(f"pause_seconds {self.pause_seconds!r} must lie between 0 and gap_seconds")
        if not 1 <= self.shortest_seconds <= self.longest_seconds:
            raise ValueError(f"shortest_seconds {self.shortest_seconds!r} must lie between 1 and the longest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A stretch of the recording with speech in it: 16-bit mono samples at SAMPLE_RATE."""

    start_seconds: float
    speech_seconds: float
    samples: bytes

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.samples) / (SAMPLE_RATE * 2)


class Cutter:
    """Takes a recording frame by frame and gives the pieces as they become complete."""

    def __init__(self, limits: PieceLimits) -> None:
        self._shortest = _frames(limits.shortest_seconds)
        self._longest = _frames(limits.longest_seconds)
        self._pause = max(1, _frames(limits.pause_seconds))
        self._gap = max(self._pause, _frames(limits.gap_seconds))
        self._start = 0
        self._begin()

    def feed(self, frame: bytes, *, is_speech: bool) -> list[Cut]:
        """Take the next frame of FRAME_SAMPLES; the pieces that it completes, mostly none."""
        self._add(frame, is_speech=is_speech)
        if not self._has_speech:
            self._forget_silence()
            return []
        length = len(self._flags)
        if self._silence >= self._gap:
            return self._cut(min(length, length - self._silence + _PADDING))
        if length >= self._shortest and self._silence >= self._pause:
            return self._cut(length - self._silence // 2)
        return self._cut(self._quietest()) if length >= self._longest else []

    def finish(self) -> list[Cut]:
        """The piece that the recording ends in, if there is speech in it."""
        if not self._has_speech:
            return []
        length = len(self._flags)
        return self._cut(min(length, length - self._silence + _PADDING))

    def _begin(self) -> None:
        self._samples = bytearray()
        self._flags: list[bool] = []
        self._run = self._silence = 0
        self._has_speech = False

    def _add(self, frame: bytes, *, is_speech: bool) -> None:
        self._samples += frame.ljust(_FRAME_BYTES, b"\0")
        self._flags.append(is_speech)
        self._run = self._run + 1 if is_speech else 0
        self._silence = 0 if is_speech else self._silence + 1
        self._has_speech = self._has_speech or self._run >= _LEAST_RUN

    def _forget_silence(self) -> None:
        """Before the first speech only what may belong to it is kept."""
        excess = len(self._flags) - _PADDING - _LEAST_RUN
        if excess > 0:
            del self._samples[: excess * _FRAME_BYTES], self._flags[:excess]
            self._start += excess

    def _cut(self, end: int) -> list[Cut]:
        """Give the first ``end`` frames as a piece, and go on with the rest."""
        piece = Cut(
            start_seconds=self._start * FRAME_SECONDS,
            speech_seconds=sum(self._flags[:end]) * FRAME_SECONDS,
            samples=bytes(self._samples[: end * _FRAME_BYTES]),
        )
        rest, flags = bytes(self._samples[end * _FRAME_BYTES :]), self._flags[end:]
        self._start += end
        self._begin()
        cuts = [piece]
        for index, flag in enumerate(flags):
            cuts += self.feed(rest[index * _FRAME_BYTES : (index + 1) * _FRAME_BYTES], is_speech=flag)
        return cuts

    def _quietest(self) -> int:
        """Where to cut speech that makes no pause: in the faintest moment of the piece's second half."""
        import numpy

        first = len(self._flags) // 2
        samples = numpy.frombuffer(self._samples, dtype="<i2")[first * FRAME_SAMPLES :]
        loudness = numpy.square(samples.astype(numpy.float32)).reshape(-1, FRAME_SAMPLES).mean(axis=1)
        around = numpy.convolve(loudness, numpy.ones(_QUIET_FRAMES), mode="valid")
        return first + int(around.argmin()) + _QUIET_FRAMES // 2 + 1


def _frames(seconds: float) -> int:
    return round(seconds / FRAME_SECONDS)

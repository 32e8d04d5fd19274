"""Joins pieces of speech into one voice note without gaps, encoded while they come."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from io import BytesIO
from itertools import pairwise
from typing import TYPE_CHECKING, Final, assert_never

from bot.media.decode import frame_of, open_sound, raw_samples
from bot.media.faults import AudioFault, UnusableAudio

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import OutputContainer

__all__ = ["WAVEFORM_SAMPLES", "VoiceForm", "VoiceNote", "VoiceWriter"]

WAVEFORM_SAMPLES: Final = 100
_LOUDEST: Final = 31
_FAINTEST_PEAK: Final = 500

VOICE_SAMPLE_RATE: Final = 48_000
_PEAK_SAMPLES: Final = 480
_LONGEST_SECONDS: Final = 3_600.0
_OPUS_BITS: Final = 32_000
_MP3_BITS: Final = 64_000


class VoiceForm(Enum):
    """What the voice note is written as: Telegram's own (OGG with Opus), or MP3 for the others."""

    OGG_OPUS = "ogg"
    MP3 = "mp3"

    @property
    def mime_type(self) -> str:
        """For the upload."""
        return "audio/ogg" if self is VoiceForm.OGG_OPUS else "audio/mpeg"


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceNote:
    """A finished recording. ``waveform`` holds WAVEFORM_SAMPLES loudnesses from 0 to 31."""

    data: bytes
    form: VoiceForm
    seconds: float
    waveform: tuple[int, ...]


class VoiceWriter:
    """Takes pieces of speech in order and gives one voice note. Blocking; memory holds the encoded bytes.

    Close it when it is not finished. Not for several threads at a time.
    """

    def __init__(self, form: VoiceForm, *, sample_rate: int = VOICE_SAMPLE_RATE) -> None:
        import av  # here, since it is large and many services never speak

        self._form = form
        self._file = BytesIO()
        self._output = av.open(self._file, "w", format=form.value)
        self._rate = sample_rate
        self._stream = _add_stream(self._output, form, sample_rate)
        self._fifo = av.AudioFifo()
        self._samples = 0
        self._peaks: list[int] = []
        self._closed = False

    def add(self, speech: bytes, *, pcm_rate: int | None = None) -> float:
        """Append one piece: any sound file, or with ``pcm_rate`` bare 16-bit mono samples. Gives its seconds.

        Raises UnusableAudio; the note then holds what could be decoded of the piece.
        """
        before = self._samples
        if pcm_rate is not None:
            for samples in raw_samples(speech, from_rate=pcm_rate, to_rate=self._rate):
                self._write(samples)
        else:
            with open_sound(BytesIO(speech), longest_seconds=_LONGEST_SECONDS) as sound:
                for samples in sound.blocks(sample_rate=self._rate, block_samples=self._rate):
                    self._write(samples)
        return (self._samples - before) / self._rate

    def finish(self) -> VoiceNote:
        """The whole note. Raises UnusableAudio when no sample was added."""
        if not self._samples:
            raise UnusableAudio(AudioFault.EMPTY, "nothing was said")
        self._encode(partial=True)
        self._output.mux(self._stream.encode(None))
        self.close()
        return VoiceNote(
            data=self._file.getvalue(),
            form=self._form,
            seconds=self._samples / self._rate,
            waveform=_waveform(self._peaks),
        )

    def close(self) -> None:
        """Let go of the encoder. Safe to call twice."""
        if not self._closed:
            self._closed = True
            self._output.close()

    def _write(self, samples: bytes) -> None:
        frame = frame_of(samples, self._rate)
        if not frame.samples:
            return
        frame.pts, frame.time_base = self._samples, Fraction(1, self._rate)
        self._note_peaks(samples)
        self._samples += frame.samples
        self._fifo.write(frame)
        self._encode(partial=False)

    def _encode(self, *, partial: bool) -> None:
        """Give the encoder whole frames; the rest waits for the next piece, so that no gap is filled."""
        size = self._stream.codec_context.frame_size or _PEAK_SAMPLES
        while (frame := self._fifo.read(size)) is not None:
            self._output.mux(self._stream.encode(frame))
        if partial and (frame := self._fifo.read(partial=True)) is not None:
            self._output.mux(self._stream.encode(frame))

    def _note_peaks(self, samples: bytes) -> None:
        import numpy

        loudness = numpy.abs(numpy.frombuffer(samples, dtype="<i2").astype(numpy.int32))
        loudness = numpy.pad(loudness, (0, -len(loudness) % _PEAK_SAMPLES))
        self._peaks += loudness.reshape(-1, _PEAK_SAMPLES).max(axis=1).tolist()


def _add_stream(output: OutputContainer, form: VoiceForm, sample_rate: int) -> AudioStream:
    match form:
        case VoiceForm.OGG_OPUS:
            stream = output.add_stream(
                "libopus", rate=sample_rate, layout="mono", options={"application": "voip"}
            )
            stream.bit_rate = _OPUS_BITS
        case VoiceForm.MP3:
            stream = output.add_stream("libmp3lame", rate=sample_rate, layout="mono")
            stream.bit_rate = _MP3_BITS
        case _:
            assert_never(form)
    return stream


def _waveform(peaks: list[int]) -> tuple[int, ...]:
    """The loudest of each hundredth, on a scale from silence to the note's own loudest moment."""
    loudest = max(_FAINTEST_PEAK, *peaks)
    edges = [index * len(peaks) // WAVEFORM_SAMPLES for index in range(WAVEFORM_SAMPLES + 1)]
    bins = (peaks[start : max(end, start + 1)] for start, end in pairwise(edges))
    return tuple(max(part, default=0) * _LOUDEST // loudest for part in bins)

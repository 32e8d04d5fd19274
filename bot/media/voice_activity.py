"""Tells speech from silence and noise, frame by frame, with the Silero network.

It runs on the processor at some 400 times the speed of speech. Fans, hum, wind, keys and music count as no
speech, which a measure of loudness could not tell (compared 2026-11-23: WebRTC's detector took every one of
them for speech). The network is the file inside the faster-whisper package, checked byte for byte.
"""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.errors import ConfigurationError

if TYPE_CHECKING:
    import numpy as np
    import onnxruntime
    from numpy.typing import NDArray

__all__ = ["FRAME_SAMPLES", "SAMPLE_RATE", "SpeechTrack", "VoiceDetector", "load_voice_detector"]

SAMPLE_RATE: Final = 16_000
FRAME_SAMPLES: Final = 512

_PACKAGE: Final = "faster_whisper"
_FILE: Final = "assets/silero_vad_v6.onnx"
_SHA256: Final = "4cbf549b8326f60f80f2536d9eefeb450a9abe83365a098031c89719f1be17d2"
_CONTEXT_SAMPLES: Final = 64
_STATE: Final = (1, 1, 128)
_FULL_SCALE: Final = 32_768.0
# Speech begins at the upper and goes on at the lower probability.
_BEGINS: Final = 0.5
_GOES_ON: Final = 0.35
# The network knows speech from -40 dB upwards; amplified, it knows whispers, and noise stays noise.
_TARGET_PEAK: Final = 0.5
_MOST_GAIN: Final = 32.0


class VoiceDetector:
    """The loaded network; any number of recordings and threads may share it."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session

    def begin(self) -> SpeechTrack:
        """Listen to another recording from its start."""
        return SpeechTrack(self._session)


class SpeechTrack:
    """One recording's way through the network, which remembers what it heard last."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        import numpy

        self._session = session
        self._h: NDArray[np.float32] = numpy.zeros(_STATE, dtype=numpy.float32)
        self._c: NDArray[np.float32] = numpy.zeros(_STATE, dtype=numpy.float32)
        self._context: NDArray[np.float32] = numpy.zeros(_CONTEXT_SAMPLES, dtype=numpy.float32)
        self._speaking = False

    def hear(self, samples: bytes) -> list[bool]:
        """Whether each frame of these 16 kHz mono samples is speech.

        ``samples`` are whole frames, but for the recording's last ones.
        """
        return [self._judge(probability) for probability in self._probabilities(samples)]

    def _judge(self, probability: float) -> bool:
        self._speaking = probability >= (_GOES_ON if self._speaking else _BEGINS)
        return self._speaking

    def _probabilities(self, samples: bytes) -> list[float]:
        import numpy

        heard = numpy.frombuffer(samples, dtype="<i2").astype(numpy.float32) / _FULL_SCALE
        heard = numpy.pad(heard, (0, -len(heard) % FRAME_SAMPLES))
        if not len(heard):
            return []
        heard *= min(_MOST_GAIN, _TARGET_PEAK / max(float(numpy.abs(heard).max()), _TARGET_PEAK / _MOST_GAIN))
        frames = heard.reshape(-1, FRAME_SAMPLES)
        before = numpy.vstack([self._context, frames[:-1, -_CONTEXT_SAMPLES:]])
        self._context = frames[-1, -_CONTEXT_SAMPLES:].copy()
        heard_with_context = numpy.concatenate([before, frames], axis=1)
        output, self._h, self._c = self._session.run(
            None, {"input": heard_with_context, "h": self._h, "c": self._c}
        )
        return [float(probability) for probability in output.ravel()]


def load_voice_detector() -> VoiceDetector:
    """Check and load the network; takes about 0.1 s. Raises ConfigurationError when it is not installed."""
    try:
        import onnxruntime
    except ImportError as exc:
        raise ConfigurationError("onnxruntime is not installed: run `make setup`") from exc
    network = _read_network()
    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    return VoiceDetector(
        onnxruntime.InferenceSession(network, providers=["CPUExecutionProvider"], sess_options=options)
    )


def _read_network() -> bytes:
    """The network inside the installed package, found without importing it."""
    spec = importlib.util.find_spec(_PACKAGE)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / _FILE
        if path.is_file():
            network = path.read_bytes()
            if hashlib.sha256(network).hexdigest() == _SHA256:
                return network
            raise ConfigurationError(f"{path.name!r} is damaged or another version: run `make setup`")
    raise ConfigurationError(f"{_FILE!r} of {_PACKAGE} is not installed: run `make setup`")

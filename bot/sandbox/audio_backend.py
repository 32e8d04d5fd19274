"""What answers the stand-in's checked audio requests: a script or real models."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bot.sandbox.audio_speech_request import SpeechBody
from bot.sandbox.script import Cut

__all__ = ["AudioBackend", "HeardFile", "Samples"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardFile:
    """A recording to transcribe; ``path`` is there until the answer is given."""

    model: str
    path: Path
    seconds: float
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Speech as 16-bit mono samples; ``cut`` breaks the connection in the middle of them."""

    samples: bytes
    rate: int
    cut: Cut | None = None


class AudioBackend(Protocol):
    """Hears and speaks. Both may raise ``Refused``; a call is cancelled when its client goes away."""

    async def hear(self, file: HeardFile) -> str:
        """The words in ``file``."""
        ...

    async def say(self, body: SpeechBody) -> Samples:
        """The text, spoken."""
        ...

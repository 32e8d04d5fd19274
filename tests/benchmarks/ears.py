"""A provider's ears that hear what they were told to, at once: what is left is the bot's own share."""

from __future__ import annotations

from collections import deque

from bot.sandbox.audio_backend import HeardFile, Samples
from bot.sandbox.audio_speech_request import SpeechBody

__all__ = ["Ears"]

_RATE = 24_000


class Ears:
    """An AudioBackend. ``heard`` counts recordings; one that nothing was said about just tells its number."""

    def __init__(self) -> None:
        self.heard = 0
        self._next: deque[str] = deque()

    def expect(self, text: str) -> None:
        """These are the words of the next recording that has none yet."""
        self._next.append(text)

    async def hear(self, file: HeardFile) -> str:
        """The words in ``file``."""
        self.heard += 1
        return self._next.popleft() if self._next else f"This is what number {self.heard} says."

    async def say(self, body: SpeechBody) -> Samples:
        """A tenth of a second of silence."""
        return Samples(samples=bytes(_RATE // 10 * 2), rate=_RATE)

"""Says why a recording cannot be used, by a reason the conversation turns into a sentence."""

from __future__ import annotations

from enum import Enum

from bot.errors import BotError

__all__ = ["AudioFault", "UnusableAudio"]


class AudioFault(Enum):
    """What is wrong with a recording."""

    NOT_AUDIO = "not_audio"
    CORRUPT = "corrupt"
    NO_SOUND = "no_sound"
    EMPTY = "empty"
    TOO_LONG = "too_long"
    TOO_LARGE = "too_large"


class UnusableAudio(BotError):
    """The recording cannot be heard. The text is for the log; ``reason`` decides what a person reads."""

    def __init__(self, reason: AudioFault, text: str) -> None:
        super().__init__(text)
        self.reason = reason

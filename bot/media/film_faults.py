"""Says why a film cannot be looked at, by a reason the conversation turns into a sentence."""

from __future__ import annotations

from enum import Enum

from bot.errors import BotError

__all__ = ["FilmFault", "Stopped", "UnusableFilm"]


class FilmFault(Enum):
    """What is wrong with a film."""

    NO_PICTURES = "no_pictures"
    CORRUPT = "corrupt"
    TOO_LARGE = "too_large"
    TOO_MANY_PIXELS = "too_many_pixels"


class UnusableFilm(BotError):
    """The film cannot be looked at. The text is for the log; ``reason`` decides what a person reads."""

    def __init__(self, reason: FilmFault, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class Stopped(Exception):
    """Nobody waits for the film any more."""

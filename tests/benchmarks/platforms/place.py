"""What the benchmark needs of a platform: people who write, eyes that see the answers, and when each was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from tests.benchmarks.subjects import Running, Subject

__all__ = ["API_KEY", "Place", "PlaceMaker", "Platform", "Sighting", "TakesFiles"]

API_KEY = "sk-for-benchmarks-only"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A message of the bot showed this text from ``at`` (``time.monotonic()``) on."""

    chat: int
    text: str
    at: float


class Place(Protocol):
    """One platform with its people. Limits on rates are off; the figures are about the subject."""

    @property
    def settings(self) -> Mapping[str, str]:
        """What points a subject at this platform."""

    @property
    def calls(self) -> int:
        """How many calls, or frames, the subject has made for answers so far."""

    async def open(self) -> None:
        """Be there for a subject to come. Close when done."""

    async def close(self) -> None:
        """End what was opened."""

    async def reached(self, subject: Running) -> float:
        """Wait until the subject takes messages in; when that was. Raises SubjectEnded."""

    async def open_chat(self) -> int:
        """A new chat of one person with the bot; its number."""

    async def say(self, chat: int, text: str) -> float:
        """Write a message; when it was written."""

    async def changed(self, seconds: float) -> None:
        """Return when something may be seen that was not seen before, or the time is over."""

    def look(self) -> Iterable[Sighting]:
        """What was shown since the last look."""

    def answers(self, chat: int) -> list[str]:
        """What the bot's messages in a chat show now."""


@runtime_checkable
class TakesFiles(Protocol):
    """A place where people can also speak, and send files."""

    async def open_group(self, *, writes_all: bool) -> int:
        """A group with the bot; ``writes_all`` sets it to write down every recording. Its number."""

    async def send_voice(self, chat: int, data: bytes, *, seconds: int) -> float:
        """Send a voice note into a chat or a group; when it was sent."""

    async def send_file(self, chat: int, data: bytes, *, name: str, text: str) -> float:
        """Send a file with a text; when it was sent."""


class PlaceMaker(Protocol):
    """Makes the platform for one run."""

    def __call__(self) -> Place:
        """A place that is not open yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """A platform to measure on: its bots, the service first, and the loads that make sense there."""

    name: str
    make: PlaceMaker
    subjects: tuple[Subject, ...]
    scenarios: frozenset[str]

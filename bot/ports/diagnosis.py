"""What a look at a part of the service finds, in words an operator can act on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

__all__ = ["Diagnoses", "Finding", "Level", "caution", "fault", "good"]


class Level(StrEnum):
    """OK needs nothing. WARNING: it works, but not as somebody may think. ERROR: it does not work."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing found. ``code`` is for programs and stays the same: its first word is ``subject``.

    ``what`` and ``remedy`` are whole sentences without secrets; ``remedy`` is empty where nothing is to do.
    """

    level: Level
    code: str
    what: str
    remedy: str = ""

    @property
    def subject(self) -> str:
        """The part of the service it is about."""
        return self.code.partition(".")[0]


class Diagnoses(Protocol):
    """A part of the service that can be looked at without changing anything."""

    async def diagnose(self) -> Sequence[Finding]:
        """What is found; nothing is raised for a part that is broken. Opens and closes what it needs."""


def good(code: str, what: str, remedy: str = "") -> Finding:
    """A finding that needs nothing; ``remedy`` may say how to have it otherwise."""
    return Finding(level=Level.OK, code=code, what=what, remedy=remedy)


def caution(code: str, what: str, remedy: str) -> Finding:
    """A warning."""
    return Finding(level=Level.WARNING, code=code, what=what, remedy=remedy)


def fault(code: str, what: str, remedy: str) -> Finding:
    """An error."""
    return Finding(level=Level.ERROR, code=code, what=what, remedy=remedy)

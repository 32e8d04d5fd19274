"""The text in which several models' answers stand one after the other, and how it is read back.

It is made of sections: a heading with a model's number and name, then what the model says. What models say is
guarded so that it never holds such a heading; so a text says by itself how far it got, wherever it was cut.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

__all__ = [
    "GAP",
    "MOST_MODELS",
    "Excuses",
    "Guard",
    "Section",
    "Stand",
    "StandsAt",
    "comparison_openings",
    "shared_beginning",
    "short_name",
    "short_names",
    "split_sections",
]

_NUMBERS: Final = "①②③④"
MOST_MODELS: Final = len(_NUMBERS)
GAP: Final = "\n\n"
_SIGN: Final = "## "
_HEADING: Final = re.compile(rf"(?:\A|\n\n)## ([{_NUMBERS}]) ([^\n]+)\n\n")
_FORGED: Final = re.compile(rf"^## (?=[{_NUMBERS}])", re.MULTILINE)
_WORD_JOINER: Final = "\u2060"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One model's part of the text."""

    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Excuses:
    """One line each, in the place of an answer that failed: ``silent`` from the first, ``broken`` half-way.

    Made by ``marked``: each begins with an invisible sign that no answer holds.
    """

    silent: str
    broken: str

    @classmethod
    def marked(cls, *, silent: str, broken: str) -> Excuses:
        """These sentences, told from what models say by their sign."""
        return cls(silent=_WORD_JOINER + silent, broken=_WORD_JOINER + broken)


def split_sections(text: str) -> tuple[Section, ...]:
    """The sections of a text, as far as it got."""
    found: list[re.Match[str]] = []
    for match in _HEADING.finditer(text):
        if len(found) < MOST_MODELS and match[1] == _NUMBERS[len(found)]:
            found.append(match)
    ends = [*(match.start() for match in found[1:]), len(text)]
    return tuple(
        Section(title=f"{match[1]} {match[2]}", text=text[match.end() : end])
        for match, end in zip(found, ends, strict=False)
    )


def short_name(model: str) -> str:
    """A model's name in one line, without its vendor; a paid twin keeps its mark."""
    name = " ".join(model.rpartition("/")[2].split())
    return f"Pro/{name}" if model.startswith("Pro/") else name


def short_names(models: Sequence[str]) -> tuple[str, ...]:
    """The models' short names; whole ids where these would be the same."""
    names = [short_name(model) for model in models]
    return tuple(
        " ".join(model.split()) if names.count(name) > 1 else name
        for model, name in zip(models, names, strict=True)
    )


def comparison_openings(models: Sequence[str]) -> tuple[str, ...]:
    """What each model's section begins with, for at most MOST_MODELS."""
    named = zip(_NUMBERS, short_names(models), strict=False)
    return tuple(f"{GAP if at else ''}{_SIGN}{number} {name}{GAP}" for at, (number, name) in enumerate(named))


class Guard:
    """Keeps one answer from holding a heading or an excuse, whatever its pieces are.

    ``before`` is its part that is shown already.
    """

    def __init__(self, before: str = "") -> None:
        self._line = _last_line(before)

    def feed(self, text: str) -> str:
        """The text to be shown for the next piece of the answer."""
        before, line = self._line, self._line + text.replace(_WORD_JOINER, "")
        self._line = _last_line(line)
        return _disarmed(line)[len(_disarmed(before)) :]


def _disarmed(text: str) -> str:
    return _FORGED.sub(_SIGN + _WORD_JOINER, text)


def _last_line(text: str) -> str:
    """As much of the last line as can matter."""
    return text.rpartition("\n")[2][: len(_SIGN) + 1]


def shared_beginning(one: str, other: str) -> int:
    """How many characters two texts have in common from their beginning."""
    length = min(len(one), len(other))
    return next((at for at in range(length) if one[at] != other[at]), length)


class Stand(Enum):
    """How the last section of a text stands: it lacks its heading, is being written, or lacks its excuse."""

    TO_OPEN = "to_open"
    OPEN = "open"
    SILENT = "silent"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class StandsAt:
    """How far a text got.

    Section ``place`` is next to be worked on. ``body`` is what surely is its answer's own; ``ahead`` follows
    it in the text and is the beginning of whatever comes next: more of the answer, a heading, an excuse.
    ``answered`` says whether an earlier section holds an answer.
    """

    place: int
    stand: Stand
    body: str = ""
    ahead: str = ""
    answered: bool = False

    @classmethod
    def at_end_of(cls, text: str, openings: Sequence[str], excuses: Excuses) -> StandsAt:
        """Where ``text`` ends, which was written with these openings and excuses."""
        place, start, bodies = -1, 0, []
        for opening in openings:
            at = text.find(opening, start)
            if at < 0 or (place < 0 and at > 0):
                break
            bodies.append(text[start:at])
            place, start = place + 1, at + len(opening)
        answered = any(body != excuses.silent for body in bodies[1:])
        if place < 0:
            return cls(place=0, stand=Stand.TO_OPEN, ahead=text)
        following = openings[place + 1] if place + 1 < len(openings) else ""
        return cls._inside(text[start:], following, excuses, place=place, answered=answered)

    @classmethod
    def _inside(cls, body: str, following: str, excuses: Excuses, *, place: int, answered: bool) -> StandsAt:
        """Where a section ends that has its heading; ``following`` opens the next one."""
        section = cls(place=place, stand=Stand.OPEN, answered=answered)
        if body and excuses.silent.startswith(body):
            return replace(section, stand=Stand.SILENT, ahead=body)
        begun = _overlap(body, following)
        whole = body.removesuffix(begun)
        broken = _overlap(whole, GAP + excuses.broken)
        is_excused = bool(following) and (whole == excuses.silent or broken == GAP + excuses.broken)
        if is_excused or len(begun) > len(GAP + _SIGN):
            answered = answered or whole != excuses.silent
            return cls(place=place + 1, stand=Stand.TO_OPEN, ahead=begun, answered=answered)
        if len(broken) > len(GAP):
            return replace(section, stand=Stand.BROKEN, body=whole.removesuffix(broken), ahead=broken)
        # A blank line may be the answer's own as well as the end of it.
        ahead = _overlap(body, GAP + _SIGN)
        return replace(section, body=body.removesuffix(ahead), ahead=ahead)


def _overlap(text: str, following: str) -> str:
    """The longest end of ``text`` that is a beginning of ``following``."""
    longest = min(len(text), len(following))
    return next((following[:size] for size in range(longest, 0, -1) if text.endswith(following[:size])), "")

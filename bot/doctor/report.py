"""Writes findings down: for a person at a terminal, and for a program."""

from __future__ import annotations

import json
import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from bot.ports.diagnosis import Finding, Level
from bot.scrubbing import MASK, Scrubber

__all__ = ["Style", "as_json", "as_text", "is_sound", "scrubbed"]

_PASSWORD: Final = re.compile(r"(://[^/@\s:]*:)[^/@\s]*@")
_MARKS: Final = {Level.OK: "✓", Level.WARNING: "!", Level.ERROR: "✗"}
_ASCII_MARKS: Final = {Level.OK: "+", Level.WARNING: "!", Level.ERROR: "x"}
_COLOURS: Final = {Level.OK: "32", Level.WARNING: "33", Level.ERROR: "31"}
_ASCII: Final = str.maketrans({"…": "...", "¥": "CNY ", "–": "-", "—": "-", "’": "'", "→": "->"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How text looks. ``width`` is the terminal's; 0 leaves every finding on one line."""

    colours: bool = False
    ascii_only: bool = False
    width: int = 0


def is_sound(findings: Iterable[Finding]) -> bool:
    """Whether there is no error among them."""
    return all(finding.level is not Level.ERROR for finding in findings)


def scrubbed(findings: Iterable[Finding], secrets: Iterable[str]) -> list[Finding]:
    """The findings without secrets and control characters, whatever a server put into its words."""
    scrubber = Scrubber(secrets)
    return [
        replace(finding, what=_clean(finding.what, scrubber), remedy=_clean(finding.remedy, scrubber))
        for finding in findings
    ]


def _clean(text: str, scrubber: Scrubber) -> str:
    line = "".join(character for character in " ".join(text.split()) if character.isprintable())
    return scrubber.scrub(_PASSWORD.sub(rf"\1{MASK}@", line))


# --- for programs -------------------------------------------------------------------------------------


def as_json(findings: Sequence[Finding]) -> str:
    """One object: whether there is no error, and every finding. In ASCII, so that any pipe bears it."""
    listed = [
        {
            "level": str(finding.level),
            "subject": finding.subject,
            "code": finding.code,
            "what": finding.what,
            "remedy": finding.remedy,
        }
        for finding in findings
    ]
    return json.dumps({"ok": is_sound(findings), "findings": listed}, indent=2) + "\n"


# --- for people ---------------------------------------------------------------------------------------


def as_text(findings: Sequence[Finding], style: Style) -> str:
    """A line a finding, its remedy indented below, and a line that sums up."""
    column = max((len(finding.subject) for finding in findings), default=0)
    lines = [
        line
        for finding, following in pairwise([*findings, None])
        if finding is not None
        for line in _lines(_said_once(finding, following), column, style)
    ]
    text = "\n".join([*lines, "", _summary(findings, style), ""])
    return text.translate(_ASCII).encode("ascii", "replace").decode() if style.ascii_only else text


def _said_once(finding: Finding, following: Finding | None) -> Finding:
    """A remedy that serves the following finding too is told there."""
    shared = following is not None and following.remedy == finding.remedy
    return replace(finding, remedy="") if shared else finding


def _lines(finding: Finding, column: int, style: Style) -> Iterator[str]:
    mark = (_ASCII_MARKS if style.ascii_only else _MARKS)[finding.level]
    margin = " " * (column + 4)
    first, *more = _wrapped(finding.what, margin, style)
    yield f"{_painted(mark, _COLOURS[finding.level], style)} {finding.subject:<{column}}  {first}"
    yield from (f"{margin}{line}" for line in more)
    dim = "2" if finding.level is Level.OK else ""
    yield from (f"{margin}{_painted(line, dim, style)}" for line in _advice(finding, margin, style))


def _advice(finding: Finding, margin: str, style: Style) -> Iterator[str]:
    if finding.remedy:
        first, *more = _wrapped(finding.remedy, f"{margin}  ", style)
        yield f"→ {first}"
        yield from (f"  {line}" for line in more)


def _wrapped(text: str, margin: str, style: Style) -> list[str]:
    """The text in lines that fit beside the margin; names and addresses stay whole, to be copied."""
    if not style.width:
        return [text]
    width = max(style.width - len(margin) - 1, 30)
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [text]


def _painted(text: str, colour: str, style: Style) -> str:
    return f"\x1b[{colour}m{text}\x1b[0m" if style.colours and colour else text


def _summary(findings: Sequence[Finding], style: Style) -> str:
    count = Counter(finding.level for finding in findings)
    errors, warnings = count[Level.ERROR], count[Level.WARNING]
    if not errors and not warnings:
        return _painted("Everything is in order.", "32", style)
    parts = [_counted(errors, "error"), _counted(warnings, "warning")]
    told = " and ".join(part for part in parts if part)
    if errors:
        return _painted(f"{told[:1].upper()}{told[1:]}: see what is marked {_mark(style)}.", "31", style)
    return _painted(f"No errors; {told}.", "33", style)


def _mark(style: Style) -> str:
    return (_ASCII_MARKS if style.ascii_only else _MARKS)[Level.ERROR]


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number > 1 else ''}" if number else ""

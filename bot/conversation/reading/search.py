"""Finds the passages of a document that speak of something, by the words they share with it."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from bot.conversation.history import estimate_tokens
from bot.conversation.reading.text import split_text

__all__ = ["find_passages", "pages_named"]

_PASSAGE_TOKENS: Final = 300
_WORD: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_UNSPACED: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]+")
_SATURATION: Final = 1.2
_NUMBERS: Final = re.compile(r"\d{1,6}")
_RANGE: Final = re.compile(r"(\d{1,6})\s*(?:-|–|~|to|至|到)\s*(\d{1,6})")
_PAGE: Final = re.compile(r"(?:page|slide) (\d+)")
_MOST_PAGES: Final = 40

Parts = Sequence[tuple[str, str]]


def find_passages(parts: Parts, query: str, *, most_tokens: int) -> list[tuple[str, str]]:
    """The passages that fit the query best, as many as may be, in the order of the document."""
    passages = [
        (label, passage.strip())
        for label, text in parts
        for passage in split_text(text, most_tokens=_PASSAGE_TOKENS)
        if passage.strip()
    ]
    counted = [Counter(_terms(f"{label} {passage}")) for label, passage in passages]
    weights = _weights(set(_terms(query)), counted)
    scores = {number: _score(counts, weights) for number, counts in enumerate(counted)}
    best = sorted((number for number in scores if scores[number] > 0), key=lambda number: -scores[number])
    kept: list[int] = []
    for number in best:
        most_tokens -= estimate_tokens(passages[number][1]) + 8
        if most_tokens < 0 and kept:
            break
        kept.append(number)
    return [passages[number] for number in sorted(kept)]


def _terms(text: str) -> list[str]:
    """Words in small letters; of scripts without spaces every two neighbours."""
    terms: list[str] = []
    for word in _WORD.findall(text.lower()):
        terms += _UNSPACED.sub(" ", word).split()
        for run in _UNSPACED.findall(word):
            terms += [run[at : at + 2] for at in range(len(run) - 1)] or [run]
    return terms


def _weights(wanted: set[str], counted: Sequence[Counter[str]]) -> dict[str, float]:
    """What each wanted term is worth: the more, the fewer passages have it."""
    found = {term: sum(1 for counts in counted if term in counts) for term in wanted}
    return {term: math.log(1 + len(counted) / count) for term, count in found.items() if count}


def _score(counts: Counter[str], weights: dict[str, float]) -> float:
    return sum(
        weight * counts[term] / (counts[term] + _SATURATION)
        for term, weight in weights.items()
        if counts[term]
    )


def pages_named(parts: Parts, pages: str) -> list[tuple[str, str]]:
    """The parts that "3", "3-5" or part of a label ("Sales") names."""
    wanted = pages.strip().lower()
    if span := _RANGE.search(wanted):
        first, last = int(span[1]), int(span[2])
        return _numbered(parts, range(first, min(last, first + _MOST_PAGES) + 1))
    if named := [part for part in parts if wanted and wanted in part[0].lower() and not wanted.isdecimal()]:
        return named
    numbers = [int(number) for number in _NUMBERS.findall(wanted)]
    return _numbered(parts, numbers[:_MOST_PAGES])


def _numbered(parts: Parts, numbers: Sequence[int]) -> list[tuple[str, str]]:
    """By the number in the label where the document has pages or slides, else by their place in it."""
    paged = {int(named[1]): part for part in parts if (named := _PAGE.fullmatch(part[0]))}
    known = paged or dict(enumerate(parts, start=1))
    return [known[number] for number in numbers if number in known]

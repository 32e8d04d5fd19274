"""Cuts a text to be spoken into pieces at the ends of sentences; joined they say the same, word for word."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from typing import Final

__all__ = ["FIRST_PIECE", "LONGEST_PIECE", "gathered", "joined", "sentences_of", "shortened", "speech_pieces"]

FIRST_PIECE: Final = 120
LONGEST_PIECE: Final = 400

# After Chinese marks no space follows. A small letter after a full stop tells that no sentence has ended.
_SENTENCE: Final = re.compile(
    r"(?<=[。！？；])(?![。！？；”’」』）】》])|(?<=[。！？；][”’」』）】》])"
    r"|(?<=[.!?…])\s+(?![a-z])|(?<=[.!?…][\"')\]”’])\s+(?![a-z])|\n+"
)
_CLAUSE: Final = re.compile(r"(?<=[，、：；])|(?<=[,;:])\s+|\s+[–—-]\s+")
_WORD: Final = re.compile(r"\s+")


def sentences_of(text: str) -> tuple[str, ...]:
    """The sentences in order, none empty; a line's end ends one too."""
    return tuple(part.strip() for part in _SENTENCE.split(text) if part.strip())


def speech_pieces(text: str, *, first: int = FIRST_PIECE, longest: int = LONGEST_PIECE) -> tuple[str, ...]:
    """The pieces in order, none empty; the first of at most ``first`` characters, the others of ``longest``.

    Sentences stay together as far as they fit; one that is too long is cut at a comma, else between words.
    """
    return gathered(sentences_of(text), first=first, longest=longest)


def gathered(
    sentences: Sequence[str], *, first: int = FIRST_PIECE, longest: int = LONGEST_PIECE
) -> tuple[str, ...]:
    """Sentences as pieces. See ``speech_pieces``."""
    pieces: list[str] = []
    piece = ""
    for part in _parts(sentences, min(first, longest), longest):
        limit = longest if pieces else min(first, longest)
        together = f"{piece}{_joint(piece, part)}{part}"
        if piece and len(together) > limit:
            pieces.append(piece)
            piece = part
        else:
            piece = together
    return (*pieces, piece) if piece else tuple(pieces)


def joined(sentences: Sequence[str]) -> str:
    """The sentences as one piece, however long."""
    return functools.reduce(lambda before, after: f"{before}{_joint(before, after)}{after}", sentences, "")


def shortened(text: str, *, most_bytes: int) -> tuple[str, bool]:
    """The first sentences that fit into ``most_bytes`` of UTF-8, a line each, and whether that is all."""
    if len(text.encode()) <= most_bytes:
        return text, True
    kept = ""
    for sentence in sentences_of(text):
        longer = f"{kept}\n{sentence}".strip()
        if len(longer.encode()) > most_bytes:
            break
        kept = longer
    return kept or text.encode()[:most_bytes].decode(errors="ignore").strip(), False


def _parts(sentences: Sequence[str], first: int, longest: int) -> Iterator[str]:
    """Sentences, and parts of those that are too long: the first of them ends within ``first``."""
    limit = first
    for sentence in sentences:
        for part in _cut(sentence, limit, longest):
            yield part
            limit = longest


def _cut(sentence: str, first: int, longest: int) -> Iterator[str]:
    rest, limit = sentence, first
    while len(rest) > limit:
        place = _cut_place(rest, limit)
        yield rest[:place].rstrip()
        rest, limit = rest[place:].lstrip(), longest
    if rest:
        yield rest


def _cut_place(text: str, limit: int) -> int:
    """Where to cut so that what comes before fits: at the last comma, else between words, else anywhere."""
    for mark in (_CLAUSE, _WORD):
        places = [found.start() for found in mark.finditer(text[: limit + 1]) if 0 < found.start() <= limit]
        if places and places[-1] >= limit // 4:
            return places[-1]
    return limit


def _joint(before: str, after: str) -> str:
    """The space between two sentences; Chinese has none."""
    return "" if not before or not after or ord(before[-1]) > 0x2E7F else " "

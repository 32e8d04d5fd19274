"""Joins the rest of an answer to what is shown already: nothing twice, nothing lost.

Whether the provider repeats a ``prefix`` is undocumented (facts: SiliconFlow §2.5), and a model that is asked
to go on repeats some words, or everything. So the beginning of the rest is held back as long as it only says
what is shown already; where it leaves that text, the overlap is dropped. White space is not compared: models
drop and add it. Short overlaps are taken for chance ("ha" after "ha"), unless all that is shown came again.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

__all__ = ["Seam", "SeamKind"]

_MOST_HELD: Final = 400
_LEAST_OVERLAP: Final = 5
_LEAST_OVERLAP_CJK: Final = 4
_LEAST_DISTINCT: Final = 4
_LEAST_DISTINCT_CJK: Final = 3
_LEAST_UNSURE_ECHO: Final = 3
_SURELY_ANOTHER_START: Final = 60
_SURELY_AN_ECHO: Final = 24
_CJK_BEGINS: Final = "\u2e80"


class SeamKind(Enum):
    """How the rest was asked for.

    EXACT: by a prefix that the model is known not to repeat. PREFIX: by a prefix. ASKED: in words.
    """

    EXACT = "exact"
    PREFIX = "prefix"
    ASKED = "asked"


class Seam:
    """Where the rest of an answer meets ``shown``.

    ``restarted`` is set when the rest proved to be another answer, begun anew: its text must not be used.
    ``repeated`` tells whether the rest began with all of ``shown``; None while that cannot be said surely.
    """

    def __init__(self, shown: str, kind: SeamKind, *, forbid_restart: bool = True) -> None:
        self._shown = shown
        self._kind = kind
        self._forbid_restart = forbid_restart
        self._squeezed = _squeeze(shown)
        self._held = ""
        self._rest = ""
        self._open = kind is SeamKind.EXACT or not self._squeezed
        self.restarted = False
        self.repeated: bool | None = None

    @property
    def is_open(self) -> bool:
        """Whether the seam is settled, so that text may pass beside it."""
        return self._open

    def feed(self, text: str) -> str:
        """What of ``text``, and of what was held back, may be shown now."""
        if self._open:
            return text
        self._held += text
        self._rest += _squeeze(text)
        return "" if self._may_still_repeat(self._rest) else self._settle(self._rest)

    def flush(self) -> str:
        """What is held back, less what is shown already, when nothing more comes."""
        return "" if self._open else self._settle(self._rest)

    def _may_still_repeat(self, rest: str) -> bool:
        if self._squeezed.startswith(rest):
            return True
        if self._kind is SeamKind.PREFIX or len(rest) > _MOST_HELD:
            return False
        return rest in self._squeezed

    def _settle(self, rest: str) -> str:
        self._open = True
        held, self._held = self._held, ""
        if rest.startswith(self._squeezed):
            self._note_echo(repeated=True)
            overlap = len(self._squeezed) if self._is_echo() else 0
        else:
            self._note_echo(repeated=False)
            overlap = self._find_overlap(rest) if self._kind is SeamKind.ASKED else 0
            self.restarted = not overlap and self._forbid_restart and self._is_another_start(rest)
        return _drop_overlap(self._shown, held, overlap) if overlap else held

    def _note_echo(self, *, repeated: bool) -> None:
        if len(self._squeezed) >= _SURELY_AN_ECHO:
            self.repeated = repeated

    def _is_echo(self) -> bool:
        return self._kind is SeamKind.ASKED or len(self._squeezed) >= _LEAST_UNSURE_ECHO

    def _is_another_start(self, rest: str) -> bool:
        start = self._squeezed[:_SURELY_ANOTHER_START]
        return len(start) == _SURELY_ANOTHER_START and rest.startswith(start)

    def _find_overlap(self, rest: str) -> int:
        """The length of the longest telling overlap, in characters that are not white space."""
        boundaries = _word_starts(self._shown, min(len(rest), len(self._squeezed)))
        return next((size for size in boundaries if self._overlaps(rest[:size])), 0)

    def _overlaps(self, words: str) -> bool:
        return _is_telling(words) and self._squeezed.endswith(words)


def _squeeze(text: str) -> str:
    return "".join(text.split())


def _is_telling(words: str) -> bool:
    if words[0] >= _CJK_BEGINS:
        return len(words) >= _LEAST_OVERLAP_CJK and len(set(words)) >= _LEAST_DISTINCT_CJK
    return len(words) >= _LEAST_OVERLAP and len(set(words)) >= _LEAST_DISTINCT


def _word_starts(text: str, longest: int) -> list[int]:
    """How many characters (no white space) lie between a beginning of a word and the end; longest first."""
    sizes: list[int] = []
    size = 0
    for position in range(len(text) - 1, -1, -1):
        if text[position].isspace():
            continue
        size += 1
        if size > longest:
            break
        if _starts_word(text, position):
            sizes.append(size)
    sizes.reverse()
    return sizes


def _starts_word(text: str, position: int) -> bool:
    if position == 0 or text[position] >= _CJK_BEGINS:
        return True
    return not (text[position - 1].isalnum() and text[position].isalnum())


def _drop_overlap(shown: str, held: str, size: int) -> str:
    """``held`` without its first ``size`` characters and without white space that ``shown`` ends with."""
    position = 0
    while size:
        size -= not held[position].isspace()
        position += 1
    rest = held[position:]
    blank = shown[len(shown.rstrip()) :]
    if not blank:
        return rest
    return rest.removeprefix(blank) if rest.startswith(blank) else rest.lstrip()

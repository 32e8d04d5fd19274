"""Tells whether somebody speaks to the bot: its name at the beginning of what was heard, or at its end."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Final

from bot.conversation.groups.calling import calls_by_name

__all__ = ["speaks_to"]

# "Hey Parlay, …": a model that hears writes a name it does not know as a word it does.
_WORDS_LOOKED_AT: Final = 2
_LIKENESS: Final = 0.8
_SHORTEST_LIKE: Final = 5
_WORD: Final = re.compile(r"[^\W\d_]+")


def speaks_to(text: str, names: Iterable[str]) -> bool:
    """Whether ``text``, as it was heard, calls one of ``names``, or what sounds much like it."""
    names = tuple(names)
    if calls_by_name(text, names):
        return True
    words = _WORD.findall(text.casefold())
    near = {*words[:_WORDS_LOOKED_AT], *words[-_WORDS_LOOKED_AT:]}
    return any(_alike(word, name.casefold()) for name in names for word in near)


def _alike(word: str, name: str) -> bool:
    if min(len(word), len(name)) < _SHORTEST_LIKE or " " in name:
        return False
    return difflib.SequenceMatcher(None, word, name).ratio() >= _LIKENESS

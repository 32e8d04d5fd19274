"""How much there is of what people know by a name, as one line."""

from __future__ import annotations

from collections.abc import Mapping

from bot.storage.personal import Kind
from bot.texts import say

__all__ = ["counted"]


def counted(counts: Mapping[Kind, int], language: str) -> str:
    """Each kind of which there is anything, with how much; empty when there is nothing."""
    told = (say(f"kept_{kind}", language, count=counts[kind]) for kind in Kind if counts.get(kind))
    line = say("kept_separator", language).join(told)
    return line[:1].upper() + line[1:]

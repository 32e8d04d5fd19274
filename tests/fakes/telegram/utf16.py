"""Positions in UTF-16 code units, the unit of every offset and length in the Bot API."""

from __future__ import annotations

__all__ = ["boundaries", "code_units", "slice_units"]


def code_units(text: str) -> int:
    """The length of the text in UTF-16 code units."""
    if not has_astral(text):
        return len(text)
    return sum(2 if char > "\uffff" else 1 for char in text)


def slice_units(text: str, offset: int, length: int) -> str:
    """The piece of text at an offset, both in UTF-16 code units."""
    if not has_astral(text):
        return text[offset : offset + length]
    raw = text.encode("utf-16-le")
    return raw[2 * offset : 2 * (offset + length)].decode("utf-16-le", "replace")


def boundaries(text: str) -> frozenset[int] | None:
    """Offsets that do not split a surrogate pair; None when no offset can."""
    if not has_astral(text):
        return None
    seen = [0]
    for char in text:
        seen.append(seen[-1] + (2 if char > "\uffff" else 1))
    return frozenset(seen)


def has_astral(text: str) -> bool:
    """Whether some character takes two code units."""
    return not text.isascii() and max(text) > "\uffff"

"""Foreign text inside our own Markdown: a name shows as it is written, and never becomes markup."""

from __future__ import annotations

import re

__all__ = ["literal"]

_MARK = re.compile(r"[!-/:-@\[-`{-~]")
# Line breaks, other control characters, and what turns the direction of the text around it.
_UNFIT = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+")


def literal(text: str, *, longest: int = 64) -> str:
    """``text`` on one line, at most ``longest`` characters of it, as Markdown that shows just that."""
    line = _UNFIT.sub(" ", text).strip()
    shortened = line if len(line) <= longest else f"{line[: longest - 1]}…"
    # A backslash would not do: before a bracket it begins a formula.
    return _MARK.sub(lambda mark: f"&#{ord(mark[0])};", shortened)

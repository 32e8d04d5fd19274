"""Cuts what a failed test tells to what somebody reads in the log of a CI."""

from __future__ import annotations

__all__ = ["excerpt"]


def excerpt(text: str, *, max_lines: int = 120, max_width: int = 300) -> str:
    """The last lines of a text, each cut to a width; where something was left out it says so."""
    lines = text.splitlines()
    left_out = len(lines) - max_lines
    shown = [line if len(line) <= max_width else f"{line[:max_width]}… ({len(line)})" for line in lines]
    return "\n".join([f"… {left_out} lines before", *shown[-max_lines:]] if left_out > 0 else shown)

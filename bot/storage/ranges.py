"""Selects everything of a chat, in all its threads, by a range that an index serves."""

from __future__ import annotations

from sqlalchemy import ColumnElement

__all__ = ["within_chat"]


def within_chat(column: ColumnElement[str], peer: str) -> ColumnElement[bool]:
    """Whether a column of conversations holds one of the chat ``peer``."""
    # A peer ends with "/", the thread follows; "0" is the character after "/".
    return (column >= peer) & (column < peer[:-1] + "0")

"""Marks an event that we put into the queue ourselves, derived from one that came from outside."""

from __future__ import annotations

from typing import Final

__all__ = ["AGAIN"]

AGAIN: Final = "again:"
"""The beginning of such an event's id; no platform's event ids begin like this."""

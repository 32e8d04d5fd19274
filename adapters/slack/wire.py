"""Reads fields of payloads from outside: each accessor gives the type it promises, whatever is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

__all__ = ["Payload", "as_map", "clean", "list_of", "map_in", "moment", "text_in"]

Payload = Mapping[str, Any]

_CONTROLS = {code: None for code in range(32) if chr(code) not in "\n\t"} | {127: None}
_EMPTY: Payload = {}


def as_map(value: object) -> Payload:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else _EMPTY


def map_in(payload: Payload, name: str) -> Payload:
    """The object under ``name``; empty for anything else."""
    return as_map(payload.get(name))


def text_in(payload: Payload, *names: str) -> str:
    """The first text under one of ``names`` that is not empty."""
    for name in names:
        value = payload.get(name)
        if isinstance(value, str) and value:
            return value
    return ""


def list_of(payload: Payload, name: str) -> Iterator[Payload]:
    """The objects in the list under ``name``."""
    value = payload.get(name)
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())


def clean(text: str) -> str:
    """Text that can be stored and shown: no halves of surrogate pairs, no control characters."""
    sound = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode("utf-8")
    return sound.translate(_CONTROLS)


def moment(ts: str) -> datetime:
    """The time a message's ts tells; the epoch for what is none."""
    try:
        return datetime.fromtimestamp(float(ts), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)

"""Makes each call of a round one of its own: no repeats, and an id that no other call has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import count
from typing import Final

from bot.events import ToolCall

__all__ = ["MAX_CALLS", "distinct_calls"]

MAX_CALLS: Final = 16


def distinct_calls(calls: Iterable[ToolCall]) -> tuple[ToolCall, ...]:
    """The calls, each with an id of its own: a repeated call is dropped, a missing or taken id is replaced.

    Streams have been seen to lack ids or to send the same one twice (facts: SiliconFlow §17 quirk 1).
    """
    seen: set[ToolCall] = set()
    kept: dict[str, ToolCall] = {}
    for call in calls:
        if call.id and call in seen:
            continue
        seen.add(call)
        free = next(name for name in _candidate_ids(call.id) if name not in kept)
        kept[free] = replace(call, id=free)
    return tuple(kept.values())


def _candidate_ids(wanted: str) -> Iterable[str]:
    if wanted:
        yield wanted
    for number in count(1):
        yield f"{wanted or 'call'}-{number}"

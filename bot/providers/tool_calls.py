"""Puts the fragments of streamed tool calls together.

Fragments belong together by ``index``, else by ``id``, else they go to the last open call; an empty name or a
null id in a later fragment means "as before" (facts: SiliconFlow §2.3, §17 #1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import orjson
import structlog

from bot.events import ToolCall

__all__ = ["CallBuilder"]

_log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class _OpenCall:
    index: int | None
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)

    def add(self, fragment: Mapping[str, Any]) -> None:
        function = fragment.get("function") or {}
        self.id = self.id or _text(fragment.get("id"))
        self.name = self.name or _text(function.get("name"))
        arguments = function.get("arguments")
        if isinstance(arguments, dict):
            self.arguments.append(orjson.dumps(arguments).decode())
        elif arguments:
            self.arguments.append(str(arguments))


class CallBuilder:
    """Collects fragments; ``finish`` gives the whole calls in the order in which they began."""

    def __init__(self) -> None:
        self._calls: list[_OpenCall] = []

    def add(self, fragments: Iterable[Any]) -> None:
        """Take the ``tool_calls`` of one delta."""
        for fragment in fragments:
            if isinstance(fragment, dict):
                self._home_of(fragment).add(fragment)

    def finish(self) -> tuple[ToolCall, ...]:
        """The calls. One without a name is dropped; one without an id of its own gets one."""
        calls: list[ToolCall] = []
        taken: set[str] = set()
        for call in self._calls:
            if not call.name:
                _log.warning("nameless_tool_call_dropped")
                continue
            call_id = call.id if call.id and call.id not in taken else f"call_{uuid4().hex[:24]}"
            taken.add(call_id)
            calls.append(ToolCall(id=call_id, name=call.name, arguments="".join(call.arguments)))
        return tuple(calls)

    def _home_of(self, fragment: Mapping[str, Any]) -> _OpenCall:
        index, call_id = fragment.get("index"), _text(fragment.get("id"))
        home = self._find(index if isinstance(index, int) else None, call_id)
        if home is None or _is_another_call(home, call_id, fragment):
            home = _OpenCall(index=index if isinstance(index, int) else None)
            self._calls.append(home)
        return home

    def _find(self, index: int | None, call_id: str) -> _OpenCall | None:
        newest_first = reversed(self._calls)
        if index is not None:
            return next((call for call in newest_first if call.index == index), None)
        if call_id:
            return next((call for call in newest_first if call.id == call_id), None)
        return self._calls[-1] if self._calls else None


def _is_another_call(home: _OpenCall, call_id: str, fragment: Mapping[str, Any]) -> bool:
    if not home.name or not _text((fragment.get("function") or {}).get("name")):
        return False
    if call_id and home.id:
        # Some servers number every parallel call 0: a new id together with a name begins a new call.
        return call_id != home.id
    if call_id or fragment.get("index") is not None:
        return False
    return _is_json("".join(home.arguments))


def _is_json(text: str) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""

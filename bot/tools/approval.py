"""Says which calls of a round a person has to decide on, and keeps the others from running unasked.

A call whose arguments do not fit is not asked about: nobody should approve what cannot be done.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import structlog

from bot.errors import ToolError
from bot.events import ToolCall
from bot.tools.distinct import MAX_CALLS, distinct_calls
from bot.tools.registry import Toolbox
from bot.tools.tool import Tool

__all__ = ["PendingCall", "awaiting_approval", "refusal"]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingCall:
    """A call that waits for a person's word. ``description`` has one argument a line, and may be empty."""

    call: ToolCall
    description: str


def awaiting_approval(
    toolbox: Toolbox, calls: Iterable[ToolCall], *, max_calls: int = MAX_CALLS
) -> tuple[PendingCall, ...]:
    """Those of ``distinct_calls(calls)`` that a person has to decide on before ``run_calls`` runs them.

    They change something outside, and their arguments fit. Nothing is run. ``max_calls`` is that of
    ``run_calls``: the calls past it would not run in any case.
    """
    allowed = distinct_calls(calls)[:max_calls]
    pending = (_pending(toolbox, call) for call in allowed)
    return tuple(found for found in pending if found is not None)


def _pending(toolbox: Toolbox, call: ToolCall) -> PendingCall | None:
    try:
        tool = toolbox.get(call.name)
        if not tool.side_effects:
            return None
        return PendingCall(call=call, description=tool.check(call.arguments))
    except ToolError:
        return None
    except Exception:  # noqa: BLE001 - a tool from elsewhere: its round goes on, and this call never runs
        _log.exception("tool_check_raised", tool=call.name)
        return None


def refusal(tool: Tool, call: ToolCall, decisions: Mapping[str, bool]) -> str:
    """Why the call must not run, for the model; empty when it may. Raises ToolRetry as ``Tool.check``."""
    if not tool.side_effects:
        return ""
    tool.check(call.arguments)
    match decisions.get(call.id):
        case True:
            return ""
        case False:
            return (
                f"The person declined: {call.name} was not run. Do not call it again for this unless "
                "they ask; go on without it."
            )
        case None:
            return f"{call.name} was not run: it changes something, and nobody has agreed to that."

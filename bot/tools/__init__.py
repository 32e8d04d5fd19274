"""Functions the model may call: how they are made, kept and run, and the ones that come with Parley."""

from __future__ import annotations

from bot.tools.builtin import BUILTIN_TOOLS
from bot.tools.execute import MAX_CALLS, MAX_RESULT_CHARACTERS, distinct_calls, run_calls
from bot.tools.registry import Toolbox
from bot.tools.tool import Tool, ToolContext, ToolFunction, tool

__all__ = [
    "MAX_CALLS",
    "MAX_RESULT_CHARACTERS",
    "Tool",
    "ToolContext",
    "ToolFunction",
    "Toolbox",
    "default_tools",
    "distinct_calls",
    "run_calls",
    "tool",
]


def default_tools() -> Toolbox:
    """The built-in tools, which need neither network nor keys."""
    return Toolbox(BUILTIN_TOOLS)

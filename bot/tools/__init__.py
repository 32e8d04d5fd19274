"""Functions the model may call: how they are made, kept and run, and the ones that come with Parley."""

from __future__ import annotations

from bot.tools.approval import PendingCall, awaiting_approval
from bot.tools.builtin import BUILTIN_TOOLS
from bot.tools.distinct import MAX_CALLS, distinct_calls
from bot.tools.execute import MAX_RESULT_CHARACTERS, run_calls
from bot.tools.folder import LoadedTools, ToolFault, load_tools
from bot.tools.registry import Toolbox
from bot.tools.tool import Tool, ToolContext, ToolFunction, tool

__all__ = [
    "MAX_CALLS",
    "MAX_RESULT_CHARACTERS",
    "LoadedTools",
    "PendingCall",
    "Tool",
    "ToolContext",
    "ToolFault",
    "ToolFunction",
    "Toolbox",
    "awaiting_approval",
    "default_tools",
    "distinct_calls",
    "load_tools",
    "run_calls",
    "tool",
]


def default_tools() -> Toolbox:
    """The built-in tools: none needs a key or changes anything; only ``fetch_page`` uses the network."""
    return Toolbox(BUILTIN_TOOLS)

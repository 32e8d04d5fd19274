"""The tools that come with Parley: they need neither network nor keys, and change nothing."""

from __future__ import annotations

from typing import Final

from bot.tools.builtin.arithmetic import calculate
from bot.tools.builtin.clock import current_time
from bot.tools.tool import Tool

__all__ = ["BUILTIN_TOOLS", "calculate", "current_time"]

BUILTIN_TOOLS: Final[tuple[Tool, ...]] = (calculate, current_time)

"""The tools that come with Parley: they need no keys and change nothing."""

from __future__ import annotations

from typing import Final

from bot.tools.builtin.arithmetic import calculate
from bot.tools.builtin.clock import current_time
from bot.tools.builtin.page import fetch_page
from bot.tools.builtin.units import convert_units
from bot.tools.tool import Tool

__all__ = ["BUILTIN_TOOLS", "calculate", "convert_units", "current_time", "fetch_page"]

BUILTIN_TOOLS: Final[tuple[Tool, ...]] = (calculate, current_time, convert_units, fetch_page)

"""The tools that the core adds to those it is given: they work on what it alone knows."""

from __future__ import annotations

from typing import Final

from bot.conversation.drawing.studio import Studio
from bot.conversation.drawing.tool import DRAW_TOOL, draw_tool
from bot.conversation.groups.recall_tool import RECALL_TOOL, recall_tool
from bot.conversation.house import House
from bot.conversation.reading.tool import READ_TOOL, read_document_tool
from bot.tools import Tool

__all__ = ["OWN_TOOLS", "own_tools"]

OWN_TOOLS: Final = (RECALL_TOOL, READ_TOOL, DRAW_TOOL)
"""Their names."""


def own_tools(house: House, studio: Studio | None) -> tuple[Tool, ...]:
    """The tools; without models that draw there is none to draw with."""
    tools = (recall_tool(house.database), read_document_tool(house.database))
    if studio is None or house.making is None or not house.making.drawing_models:
        return tools
    return (*tools, draw_tool(studio, house.database))

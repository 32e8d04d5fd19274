"""The calculator: a result that is exact where it can be, and says so where it cannot."""

from __future__ import annotations

from typing import Annotated

from bot.tools.builtin.expression import evaluate
from bot.tools.builtin.number_text import number_text
from bot.tools.tool import tool

__all__ = ["calculate"]


@tool(timeout_seconds=10)
async def calculate(
    expression: Annotated[str, "Such as 1.03^5, 15% of 80, 7 mod 3, 20!, sin(30°)"],
) -> str:
    """Calculate exactly; use it for any arithmetic beyond the trivial."""
    return number_text(evaluate(expression))

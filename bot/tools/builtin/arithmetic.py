"""The calculator: a result that is exact where it can be, and says so where it cannot."""

from __future__ import annotations

from typing import Annotated

from bot.tools.builtin.expression import evaluate
from bot.tools.builtin.number_text import number_text
from bot.tools.tool import tool

__all__ = ["calculate"]


@tool(timeout_seconds=10)
async def calculate(
    expression: Annotated[str, "For example: 1,250 * (1 + 3%)^5, 15% of 80, sqrt(2), round(10/3, 2), 20!"],
) -> str:
    """Calculate exactly; use it for any arithmetic beyond the trivial.

    Knows + - * / // mod ^ ! (), n%, pi, e, sqrt, cbrt, ln, log(x, base), exp, sin, cos, tan (radians or 30°),
    round(x, places), floor, ceil, abs, min, max, gcd, lcm.
    """
    return number_text(evaluate(expression))

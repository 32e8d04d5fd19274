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

    Knows + - * / // mod ^ ! (), n% (= n/100), pi, e, abs, cbrt, ceil, cos, exp, factorial, floor, gcd, lcm,
    ln, log(x) to base 10, log(x, base), max, min, round(x, places), sin, sqrt, tan (radians, or 30°).
    """
    return number_text(evaluate(expression))

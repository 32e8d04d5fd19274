"""The converter of units: exact wherever the units are defined exactly, and it says so where they are not."""

from __future__ import annotations

import decimal

from bot.errors import ToolRetry
from bot.tools.builtin.expression import evaluate
from bot.tools.builtin.number_text import number_text
from bot.tools.builtin.numbers import Number, add, divide, multiply, subtract, working_precision
from bot.tools.builtin.unit_names import find_pair
from bot.tools.builtin.unit_table import Unit
from bot.tools.tool import tool

__all__ = ["convert", "convert_units"]


@tool(timeout_seconds=10)
async def convert_units(value: str, from_unit: str, to_unit: str) -> str:
    """Convert units exactly, such as F, mpg, MiB or 斤; no currencies."""
    source, target = find_pair(from_unit, to_unit)
    given = evaluate(value)
    return (
        f"{number_text(given)} {source.title} = {number_text(convert(given, source, target))} {target.title}"
    )


def convert(value: Number, source: Unit, target: Unit) -> Number:
    """``value`` of ``source`` in ``target``, of the same quantity. Raises ToolRetry when it has no result."""
    try:
        with working_precision():
            return _from_base(_to_base(value, source), target)
    except decimal.Overflow as exc:
        raise ToolRetry("The result is too large.") from exc


def _to_base(value: Number, unit: Unit) -> Number:
    if unit.inverse:
        return divide(unit.factor, _positive(value))
    base = add(multiply(value, unit.factor), unit.offset)
    if unit.quantity == "temperature" and base < 0:
        raise ToolRetry(f"That is below absolute zero: there is no such temperature in {unit.title}.")
    return base


def _from_base(base: Number, unit: Unit) -> Number:
    if unit.inverse:
        return divide(unit.factor, _positive(base))
    return divide(subtract(base, unit.offset), unit.factor)


def _positive(value: Number) -> Number:
    if value <= 0:
        raise ToolRetry("A fuel economy or consumption of zero or less cannot be converted.")
    return value

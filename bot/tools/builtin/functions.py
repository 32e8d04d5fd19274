"""The calculator's functions and constants, each bounded in cost and closed over the real numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Final

from bot.errors import ToolRetry
from bot.tools.builtin.numbers import (
    Number,
    ceiling,
    divide,
    floor,
    multiply,
    power,
    rounded,
    settle,
    whole,
    working_precision,
)

__all__ = ["CONSTANTS", "FUNCTIONS", "Function", "degrees", "factorial", "percent", "square_root"]

# 120 digits: sines are worked out with 100 of them.
PI: Final = Decimal(
    "3.14159265358979323846264338327950288419716939937510"
    "5820974944592307816406286208998628034825342117067982148086513282306647"
)
EULER: Final = Decimal("2.71828182845904523536028747135266249775724709369996")
CONSTANTS: Final[dict[str, Number]] = {"pi": PI, "e": EULER}

_LARGEST_FACTORIAL: Final = 1000
_LARGEST_ANGLE: Final = Decimal("1e30")
_TRUE_PLACES: Final = 45
_MOST_PLACES: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function and how many arguments it takes; ``most`` None is any number."""

    apply: Callable[..., Number]
    fewest: int = 1
    most: int | None = 1


def percent(value: Number) -> Number:
    """A hundredth of the value."""
    return divide(value, Fraction(100))


def degrees(value: Number) -> Number:
    """Degrees as radians."""
    return multiply(value, divide(PI, Fraction(180)))


def factorial(value: Number) -> Number:
    """n! for whole numbers up to 1000."""
    number = whole(value, what="factorial")
    if not 0 <= number <= _LARGEST_FACTORIAL:
        raise ToolRetry(f"factorial takes whole numbers from 0 to {_LARGEST_FACTORIAL}.")
    return settle(math.factorial(number))


def square_root(value: Number) -> Number:
    """The root that is not negative."""
    if value < 0:
        raise ToolRetry("The square root of a negative number is not real.")
    return power(value, Fraction(1, 2))


def _cube_root(value: Number) -> Number:
    third = Fraction(1, 3)
    return -power(-value, third) if value < 0 else power(value, third)


def _smallest(*values: Number) -> Number:
    return min(values, key=rounded) if _any_decimal(values) else min(values)


def _largest(*values: Number) -> Number:
    return max(values, key=rounded) if _any_decimal(values) else max(values)


def _any_decimal(values: tuple[Number, ...]) -> bool:
    return any(isinstance(value, Decimal) for value in values)


def _round(value: Number, places: Number = Fraction(0)) -> Number:
    """Halves go away from zero, as people round by hand."""
    count = whole(places, what="round's second argument")
    if abs(count) > _MOST_PLACES:
        raise ToolRetry(f"round takes from -{_MOST_PLACES} to {_MOST_PLACES} places.")
    if isinstance(value, Decimal):
        return _round_decimal(value, count)
    scale = Fraction(10) ** count
    steps = math.floor(abs(value) * scale + Fraction(1, 2))
    return settle((steps if value >= 0 else -steps) / scale)


def _round_decimal(value: Decimal, places: int) -> Number:
    if value.adjusted() + places >= _TRUE_PLACES:
        return value
    return Fraction(value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP))


def _common_divisor(*values: Number) -> Number:
    return settle(math.gcd(*(whole(value, what="gcd") for value in values)))


def _common_multiple(*values: Number) -> Number:
    result: Number = Fraction(1)
    for value in values:
        result = settle(math.lcm(whole(result, what="a smaller lcm"), whole(value, what="lcm")))
    return result


def _exponential(value: Number) -> Number:
    return Fraction(1) if value == 0 else rounded(value).exp()


def _natural_logarithm(value: Number) -> Number:
    if value <= 0:
        raise ToolRetry("Logarithms take numbers greater than zero.")
    return Fraction(0) if value == 1 else rounded(value).ln()


def _logarithm(value: Number, base: Number = Fraction(10)) -> Number:
    below = _natural_logarithm(base)
    if below == 0:
        raise ToolRetry("A logarithm's base cannot be 1.")
    result = divide(_natural_logarithm(value), below)
    nearest = _round(result)
    return nearest if isinstance(nearest, Fraction) and power(base, nearest) == value else result


def _binary_logarithm(value: Number) -> Number:
    return _logarithm(value, Fraction(2))


def _sine(value: Number) -> Number:
    return _wave(value, Decimal(0))


def _cosine(value: Number) -> Number:
    return _wave(value, PI / 2)


def _tangent(value: Number) -> Number:
    below = _cosine(value)
    if below == 0:
        raise ToolRetry("The tangent is not defined at this angle.")
    return divide(_sine(value), below)


def _wave(value: Number, shift: Decimal) -> Decimal:
    """sin(value + shift), cut to the digits that the angle's own precision supports."""
    angle = rounded(value)
    if abs(angle) > _LARGEST_ANGLE:
        raise ToolRetry(f"Angles are limited to {_LARGEST_ANGLE:e}.")
    with working_precision(extra_digits=50):
        turn = 2 * PI
        turned = angle + shift
        exact = _sine_series(turned - turn * (turned / turn).to_integral_value())
        return exact.quantize(Decimal(1).scaleb(max(0, angle.adjusted()) - _TRUE_PLACES))


def _sine_series(angle: Decimal) -> Decimal:
    """The power series of the sine, for an angle between -pi and pi."""
    total = term = angle
    step = 1
    while abs(term) > Decimal("1e-70"):
        step += 2
        term *= -angle * angle / (step * (step - 1))
        total += term
    return total


FUNCTIONS: Final[dict[str, Function]] = {
    "abs": Function(apply=abs),
    "cbrt": Function(apply=_cube_root),
    "ceil": Function(apply=ceiling),
    "cos": Function(apply=_cosine),
    "exp": Function(apply=_exponential),
    "factorial": Function(apply=factorial),
    "floor": Function(apply=floor),
    "gcd": Function(apply=_common_divisor, most=None),
    "lcm": Function(apply=_common_multiple, most=None),
    "ln": Function(apply=_natural_logarithm),
    "log": Function(apply=_logarithm, most=2),
    "log10": Function(apply=_logarithm),
    "log2": Function(apply=_binary_logarithm),
    "max": Function(apply=_largest, most=None),
    "min": Function(apply=_smallest, most=None),
    "pow": Function(apply=power, fewest=2, most=2),
    "round": Function(apply=_round, most=2),
    "sin": Function(apply=_sine),
    "sqrt": Function(apply=square_root),
    "tan": Function(apply=_tangent),
}

"""Arithmetic on two kinds of number: fractions, which are exact, and decimals of 50 digits, which are not.

Every operation's cost is bounded. An exact result that grows past MAX_EXACT_BITS becomes a decimal, and a
decimal past 10^99999 raises decimal.Overflow. Work inside ``working_precision()``.
"""

from __future__ import annotations

import decimal
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from typing import Final

from bot.errors import ToolRetry

__all__ = [
    "MAX_EXACT_BITS",
    "Number",
    "add",
    "ceiling",
    "divide",
    "floor",
    "floor_divide",
    "modulo",
    "multiply",
    "power",
    "rounded",
    "settle",
    "subtract",
    "whole",
    "working_precision",
]

Number = Fraction | Decimal

MAX_EXACT_BITS: Final = 13_000
_DIGITS: Final = 50
_LARGEST_ROOT: Final = 64
_CONTEXT: Final = decimal.Context(
    prec=_DIGITS,
    rounding=decimal.ROUND_HALF_EVEN,
    Emin=-99_999,
    Emax=99_999,
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
)


@contextmanager
def working_precision(extra_digits: int = 0) -> Iterator[None]:
    """Decimal arithmetic with 50 digits (and some more) and bounded exponents inside the block."""
    with decimal.localcontext(_CONTEXT) as context:
        context.prec += extra_digits
        yield


def rounded(value: Number) -> Decimal:
    """The value as a decimal of the working precision."""
    if isinstance(value, Decimal):
        return value
    return Decimal(value.numerator) / Decimal(value.denominator)


def settle(value: Fraction | int) -> Number:
    """The exact value, or the nearest decimal when it has grown too large to go on with exactly."""
    exact = Fraction(value)
    return exact if _bits(exact) <= MAX_EXACT_BITS else rounded(exact)


def whole(value: Number, *, what: str) -> int:
    """The value as an int. Raises ToolRetry, in the name of ``what``, when it is not an exact one."""
    if isinstance(value, Fraction) and value.denominator == 1:
        return value.numerator
    raise ToolRetry(f"{what} takes whole numbers.")


def _bits(value: Fraction) -> int:
    return max(value.numerator.bit_length(), value.denominator.bit_length())


def add(left: Number, right: Number) -> Number:
    """left + right."""
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return settle(left + right)
    return rounded(left) + rounded(right)


def subtract(left: Number, right: Number) -> Number:
    """left - right."""
    return add(left, -right)


def multiply(left: Number, right: Number) -> Number:
    """left * right."""
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return settle(left * right)
    return rounded(left) * rounded(right)


def divide(left: Number, right: Number) -> Number:
    """left / right. Raises ToolRetry for a divisor of zero."""
    if right == 0:
        raise ToolRetry("Division by zero has no result.")
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return settle(left / right)
    return rounded(left) / rounded(right)


def floor_divide(left: Number, right: Number) -> Number:
    """left / right, rounded down."""
    return floor(divide(left, right))


def modulo(left: Number, right: Number) -> Number:
    """What floor division leaves, with the divisor's sign. Raises ToolRetry where no digit of it is known."""
    quotient = floor_divide(left, right)
    if isinstance(quotient, Decimal):
        raise ToolRetry("These numbers are too far apart in size to give a remainder.")
    return subtract(left, multiply(quotient, right))


def floor(value: Number) -> Number:
    """The nearest whole number below."""
    return _to_whole(value, math.floor)


def ceiling(value: Number) -> Number:
    """The nearest whole number above."""
    return _to_whole(value, math.ceil)


def _to_whole(value: Number, towards: Callable[[Number], int]) -> Number:
    if isinstance(value, Decimal) and value.adjusted() >= _DIGITS:
        return value  # its last digits are not known, so it is as whole as it can be
    return settle(towards(value))


def power(base: Number, exponent: Number) -> Number:
    """base to the power of exponent, exact where the two allow. Raises ToolRetry outside the reals."""
    if exponent == 0:
        return Fraction(1)
    if base == 0 and exponent < 0:
        raise ToolRetry("Division by zero has no result (zero to a negative power).")
    exact = _exact_power(base, exponent)
    if exact is not None:
        return exact
    if base < 0 and not _is_whole(exponent):
        raise ToolRetry("A negative number has no real power with a fractional exponent.")
    return rounded(base) ** rounded(exponent)


def _is_whole(value: Number) -> bool:
    return value == value.to_integral_value() if isinstance(value, Decimal) else value.denominator == 1


def _exact_power(base: Number, exponent: Number) -> Number | None:
    if not (isinstance(base, Fraction) and isinstance(exponent, Fraction)):
        return None
    if exponent.denominator == 1:
        return _whole_power(base, exponent.numerator)
    root = _exact_root(base, exponent.denominator)
    return None if root is None else _whole_power(root, exponent.numerator)


def _whole_power(base: Fraction, exponent: int) -> Fraction | None:
    if base in {0, 1, -1}:
        return base if exponent % 2 else base * base
    if _bits(base) * abs(exponent) > MAX_EXACT_BITS:
        return None
    return Fraction(base**exponent)


def _exact_root(value: Fraction, degree: int) -> Fraction | None:
    if value < 0 or degree > _LARGEST_ROOT:
        return None
    root = Fraction(_integer_root(value.numerator, degree), _integer_root(value.denominator, degree))
    return root if root**degree == value else None


def _integer_root(value: int, degree: int) -> int:
    """The largest whole number whose power does not exceed ``value``, by Newton's method from above."""
    if value < 2:
        return value
    guess = 1 << -(-value.bit_length() // degree)
    while True:
        better = ((degree - 1) * guess + value // guess ** (degree - 1)) // degree
        if better >= guess:
            return guess
        guess = better

"""A number as text: every digit where it is exact and short enough, else marked as an approximation."""

from __future__ import annotations

import decimal
from decimal import Decimal
from fractions import Fraction
from typing import Final

from bot.tools.builtin.numbers import Number, rounded, working_precision

__all__ = ["number_text"]

_MOST_WHOLE_DIGITS: Final = 1000
_MOST_DECIMAL_DIGITS: Final = 60
_LARGEST_PART: Final = 10**12
_SHOWN_DIGITS: Final = 20
_PLAIN_EXPONENTS: Final = range(-7, 21)


def number_text(value: Number) -> str:
    """``0.3``, ``1/3 (about 0.33333333333333333333)``, ``about 1.4142135623730950488``."""
    with working_precision():
        if isinstance(value, Decimal):
            return f"about {_shown(value)}"
        return _exact_text(value)


def _exact_text(value: Fraction) -> str:
    if value.denominator == 1:
        return _whole_text(value.numerator)
    text = _decimal_text(value)
    if text is not None:
        return text
    about = f"about {_shown(rounded(value))}"
    if max(abs(value.numerator), value.denominator) > _LARGEST_PART:
        return about
    return f"{value.numerator}/{value.denominator} ({about})"


def _whole_text(value: int) -> str:
    text = str(value)
    digits = len(text.removeprefix("-"))
    if digits <= _MOST_WHOLE_DIGITS:
        return text
    return f"about {_shown(rounded(Fraction(value)))} (a whole number of {digits:,} digits)"


def _decimal_text(value: Fraction) -> str | None:
    """All decimals of the value; None when they do not end, or not soon."""
    twos, rest = _divide_out(value.denominator, 2)
    fives, rest = _divide_out(rest, 5)
    places = max(twos, fives)
    if rest != 1 or places > _MOST_DECIMAL_DIGITS:
        return None
    digits = str(abs(value.numerator) * 10**places // value.denominator).rjust(places + 1, "0")
    if len(digits) > _MOST_DECIMAL_DIGITS:
        return None
    return f"{'-' if value < 0 else ''}{digits[:-places]}.{digits[-places:]}"


def _divide_out(value: int, prime: int) -> tuple[int, int]:
    """How often ``prime`` divides ``value``, up to a bit past what is shown, and what is left."""
    times = 0
    while value % prime == 0 and times <= _MOST_DECIMAL_DIGITS:
        value //= prime
        times += 1
    return times, value


def _shown(value: Decimal) -> str:
    with decimal.localcontext() as context:
        context.prec = _SHOWN_DIGITS
        short = (value + 0).normalize()
    if short.adjusted() in _PLAIN_EXPONENTS:
        return f"{short:f}"
    return f"{short:e}"

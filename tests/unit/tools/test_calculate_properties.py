"""The calculator against Python's own exact arithmetic, and against everything else a model may write."""

from __future__ import annotations

import decimal
import operator
import string
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.tools.builtin.expression import evaluate
from bot.tools.builtin.functions import FUNCTIONS
from bot.tools.builtin.number_text import number_text
from tests.unit.tools.support import outcome

EXACT: Final[dict[str, Callable[[Fraction, Fraction], Fraction | int]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "×": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "mod": operator.mod,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """An expression and its value; None where it divides by zero."""

    text: str
    value: Fraction | None


def _literal(value: Decimal) -> Sum:
    return Sum(text=f"{value:f}", value=Fraction(value))


def _combine(left: Sum, sign: str, right: Sum) -> Sum:
    text = f"({left.text} {sign} {right.text})"
    if left.value is None or right.value is None or (sign in {"/", "//", "mod"} and right.value == 0):
        return Sum(text=text, value=None)
    return Sum(text=text, value=Fraction(EXACT[sign](left.value, right.value)))


def _negate(inner: Sum) -> Sum:
    return Sum(text=f"-{inner.text}", value=None if inner.value is None else -inner.value)


def _percent(inner: Sum) -> Sum:
    return Sum(text=f"({inner.text})%", value=None if inner.value is None else inner.value / 100)


def _square(inner: Sum) -> Sum:
    return Sum(text=f"({inner.text})^2", value=None if inner.value is None else inner.value**2)


LITERALS = st.decimals(min_value=0, max_value=10**6, places=3).map(_literal)


def _larger(inner: st.SearchStrategy[Sum]) -> st.SearchStrategy[Sum]:
    pairs = st.builds(_combine, inner, st.sampled_from(sorted(EXACT)), inner)
    return pairs | inner.map(_negate) | inner.map(_percent) | inner.map(_square)


@settings(deadline=None)
@given(expected=st.recursive(LITERALS, _larger, max_leaves=12))
def test_the_value_is_that_of_exact_fractions(expected: Sum) -> None:
    """Whatever is put together from operators, signs, squares and percents comes out without any loss."""
    value, sentence = outcome(lambda: evaluate(expected.text))
    assert value == expected.value
    assert sentence == ("Division by zero has no result." if expected.value is None else "")


@settings(deadline=None)
@given(
    first=st.integers(0, 99),
    rest=st.lists(st.tuples(st.sampled_from(["+", "-", "*"]), st.integers(0, 99)), max_size=30),
)
def test_precedence_without_parentheses_is_pythons(first: int, rest: list[tuple[str, int]]) -> None:
    """A flat chain of operators means the same as in Python."""
    text = str(first) + "".join(f"{sign}{number}" for sign, number in rest)
    assert evaluate(text) == eval(text)


@settings(deadline=None)
@given(
    value=st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30, places=20)
)
def test_a_decimal_is_shown_with_all_its_digits(value: Decimal) -> None:
    """What is exact can be read back to the same value."""
    text = number_text(Fraction(value))
    assert Fraction(text) == Fraction(value)
    assert "e" not in text


@settings(deadline=None)
@given(value=st.integers(min_value=1, max_value=10**18))
def test_thousands_separators_change_nothing(value: int) -> None:
    """1,234,567 is 1234567, in full width too."""
    wide = str.maketrans({**{digit: chr(ord(digit) + 0xFEE0) for digit in string.digits}, ",": "，"})
    assert evaluate(f"{value:,}") == evaluate(f"{value:,}".translate(wide)) == value


@settings(deadline=None)
@given(value=st.fractions(min_value=-1000, max_value=1000, max_denominator=10**6))
def test_sine_and_cosine_lie_on_the_unit_circle(value: Fraction) -> None:
    """sin² + cos² is one, to forty digits."""
    total = evaluate(f"sin({value})^2 + cos({value})^2")
    assert abs(Fraction(total) - 1) < Fraction(1, 10**40)


@settings(deadline=None)
@given(value=st.decimals(min_value=Decimal("0.001"), max_value=10**9, places=3))
def test_the_logarithm_undoes_the_exponential(value: Decimal) -> None:
    """exp(ln(x)) is x, to forty digits."""
    with decimal.localcontext(prec=60):
        assert abs(Fraction(evaluate(f"exp(ln({value:f}))")) / Fraction(value) - 1) < Fraction(1, 10**40)


@settings(deadline=None)
@given(base=st.integers(2, 50), degree=st.integers(2, 12))
def test_roots_of_powers_are_exact(base: int, degree: int) -> None:
    """The n-th root of an n-th power is a whole number, and so is the logarithm."""
    assert evaluate(f"({base}^{degree})^(1/{degree})") == Fraction(base)
    assert evaluate(f"log({base}^{degree}, {base})") == Fraction(degree)


PIECES = [
    *FUNCTIONS,
    *"0123456789",
    *"+-*/%^!°√(),.",
    "(",
    ")",
    "**",
    "//",
    "mod",
    "of",
    "万",
    "pi",
    "e",
    " ",
    "1e9",
]


@settings(deadline=None)
@given(text=st.text(max_size=60) | st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
@example("1e9999^1e9999")
@example("max(" + "1000!," * 300 + "1)")
@example("exp(-9e5) mod 1000!")
@example("(1/(7^4000))^(1/63)")
@example("exp(-1e9) ^ -1")
@example("floor(1e-9999)")
def test_no_text_raises_anything_but_a_sentence(text: str) -> None:
    """Every text has a value that can be shown, or ends in ToolRetry; and soon."""
    shown, sentence = outcome(lambda: number_text(evaluate(text)))
    assert 0 < len(shown or sentence) < 1100


ATOMS = st.sampled_from(["0", "1", "7", "0.5", "1e300", "1e-300", "pi", "1000!", "2^9999", "1/3", "(-5)"])


def _applied(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    joined = st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "//", " mod ", "^"]), inner)
    called = st.tuples(st.sampled_from(sorted(FUNCTIONS)), st.lists(inner, min_size=1, max_size=2))
    return joined.map(lambda parts: f"({''.join(parts)})") | called.map(
        lambda call: f"{call[0]}({', '.join(call[1])})"
    )


@settings(deadline=None)
@given(text=st.recursive(ATOMS, _applied, max_leaves=8))
def test_no_well_formed_expression_breaks_out(text: str) -> None:
    """The extremes of every function, put into each other, still end in a value or a sentence."""
    shown, sentence = outcome(lambda: number_text(evaluate(text)))
    assert shown or sentence

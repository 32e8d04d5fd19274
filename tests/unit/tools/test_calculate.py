"""The calculator: exact where it can be, honest where it cannot, bounded always."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction

import pytest

from bot.errors import ToolRetry
from bot.tools.builtin import calculate
from bot.tools.builtin.expression import evaluate
from bot.tools.builtin.functions import PI
from tests.unit.tools.support import a_context, use


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("0.1+0.2", "0.3"),
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("2 ^ 3 ^ 2", "512"),
        ("2 ** 10", "1024"),
        ("-2 ^ 2", "-4"),
        ("2 ^ -2", "0.25"),
        ("--1", "1"),
        ("+5 - -5", "10"),
        ("10 - 4 - 3", "3"),
        ("100 / 10 / 5", "2"),
        ("10 // 3", "3"),
        ("-7 // 2", "-4"),
        ("-7 % 3", "2"),
        ("7 mod -3", "-2"),
        ("1.5e3", "1500"),
        ("1E-3", "0.001"),
        (".5 + 5.", "5.5"),
        ("0 ^ 0", "1"),
        ("(-1) ^ (10 ^ 60 + 1)", "-1"),
        ("1/3", "1/3 (about 0.33333333333333333333)"),
        ("-22/7", "-22/7 (about -3.1428571428571428571)"),
        ("1/3 + 2/3", "1"),
        ("-0.0", "0"),
        ("1/1024", "0.0009765625"),
        ("2^0.5 * 2^0.5", "about 2"),
    ],
)
async def test_arithmetic_is_exact(expression: str, result: str) -> None:
    """Precedence as in school, fractions without loss, the remainder with the divisor's sign."""
    assert await use(calculate, expression=expression) == result


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("15% of 80", "12"),
        ("15 percent of 80", "12"),
        ("80的15%", "12"),
        ("200 * (1 + 10%)", "220"),
        ("50% - 3", "-2.5"),
        ("7 % 3", "1"),
        ("7 %(3)", "1"),
        ("1,234,567.5 + 1", "1234568.5"),
        ("(1,000) + 1", "1001"),
        ("1_000 + 1", "1001"),
        ("3 × 4 ÷ 6 − 1", "1"),
        ("3x4", "12"),
        ("３＋４＊（２－１）", "7"),
        ("１，０００．５", "1000.5"),
        ("3加5乘以2减1", "12"),
        ("10除以4", "2.5"),
        ("3.5万 + 1亿", "100035000"),
        ("5² + 10⁻¹", "25.1"),
        ("√16 + √(9)", "7"),
        ("3 + 4 = ?", "7"),
        ("[1 + 2] * {3}", "9"),
        ("math.sqrt(9)", "3"),
    ],
)
async def test_expressions_may_be_written_as_people_write_them(expression: str, result: str) -> None:
    """Percent, thousands, typographic signs, full width and Chinese words."""
    assert await use(calculate, expression=expression) == result


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("sqrt(16)", "4"),
        ("sqrt(2.25)", "1.5"),
        ("sqrt(2)", "about 1.4142135623730950488"),
        ("8 ^ (1/3)", "2"),
        ("cbrt(-27)", "-3"),
        ("cbrt(2)", "about 1.2599210498948731648"),
        ("abs(-3.5)", "3.5"),
        ("round(2.5)", "3"),
        ("round(-2.675, 2)", "-2.68"),
        ("round(1234, -2)", "1200"),
        ("round(pi, 4)", "3.1416"),
        ("min(3, 1/2, 2)", "0.5"),
        ("max(100,200,300)", "300"),
        ("max(pi, 3)", "about 3.1415926535897932385"),
        ("floor(-3.5) + ceil(3.2)", "0"),
        ("floor(pi * 1000)", "3141"),
        ("log(1000)", "3"),
        ("log(8, 2)", "3"),
        ("log10(0.01) + log2(8)", "1"),
        ("ln(1)", "0"),
        ("ln(2)", "about 0.69314718055994530942"),
        ("exp(0)", "1"),
        ("exp(1)", "about 2.7182818284590452354"),
        ("sin(30°)", "about 0.5"),
        ("sin(pi)", "about 0"),
        ("cos(60°)", "about 0.5"),
        ("sin(1)", "about 0.84147098480789650665"),
        ("tan(45°)", "about 1"),
        ("factorial(20)", "2432902008176640000"),
        ("5!", "120"),
        ("gcd(12, 18, 27)", "3"),
        ("lcm(4, 6)", "12"),
        ("pow(2, 5) + 7 mod 4", "35"),
    ],
)
async def test_functions_are_exact_where_the_result_is(expression: str, result: str) -> None:
    """Roots and logarithms that come out even are exact; the rest says "about"."""
    assert await use(calculate, expression=expression) == result


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("2^1000", str(2**1000)),
        ("2^20000", "about 3.9802768403379665924e+6020"),
        ("1.0001^10000", "about 2.718145926825224864"),
        ("1000!", "about 4.0238726007709377354e+2567 (a whole number of 2,568 digits)"),
        ("10^400 mod 7", "4"),
        ("9^3000 / 9^2999", "9"),
        ("1e-9000", "about 1e-9000"),
        ("round(exp(200), 2)", "about 7.2259737681257492582e+86"),
        ("10^70 + 0.5", "about 1e+70"),
        ("1/7^50", "about 5.5602971216385734478e-43"),
    ],
)
async def test_large_numbers_stay_sensible(expression: str, result: str) -> None:
    """Every digit while that helps, then the size."""
    assert await use(calculate, expression=expression) == result


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("", "The expression is empty"),
        (" = ", "The expression is empty"),
        ("1 +", "'the end' does not fit"),
        ("(1 + 2", "')' is missing before 'the end'"),
        ("1 + 2)", "')' does not fit at character 6"),
        ("2(3)", "An operator is missing before '(' at character 2"),
        ("mod 3", "'mod' does not fit at character 1"),
        ("2 3", "An operator is missing before '3'"),
        ("3,14", "the decimal point is '.'"),
        ("(3,14)", "the decimal point is '.'"),
        ("max(1,000, 2)", "without thousands separators"),
        ("max(1,250, 900)", "without thousands separators"),
        ("max(900, 1,250)", "without thousands separators"),
        ("0x10", "hexadecimal"),
        ("$5", "'$' has no meaning"),
        ("__import__('os')", "'_' has no meaning"),
        ("open(1)", "'open' is not known. There is: pi, e, abs"),
        ("sqrt 4", "sqrt needs its arguments in parentheses"),
        ("sqrt()", "sqrt does not take 0 arguments"),
        ("sqrt(1, 2)", "sqrt does not take 2 arguments"),
        ("1/0", "Division by zero"),
        ("1 // 0", "Division by zero"),
        ("pi / sin(0)", "Division by zero"),
        ("0 ^ -1", "Division by zero"),
        ("sqrt(-1)", "not real"),
        ("(-8) ^ (1/3)", "no real power"),
        ("ln(0)", "greater than zero"),
        ("log(5, 1)", "base cannot be 1"),
        ("tan(90°)", "not defined at this angle"),
        ("sin(1e31)", "Angles are limited"),
        ("2.5!", "factorial takes whole numbers"),
        ("1001!", "from 0 to 1000"),
        ("(-1)!", "from 0 to 1000"),
        ("gcd(1.5, 2)", "gcd takes whole numbers"),
        ("round(1, 101)", "from -100 to 100 places"),
        ("1e10000", "exponents go up to 9999"),
        ("9 ^ 9 ^ 9", "too large"),
        ("exp(1e9)", "too large"),
        ("exp(200) mod 3", "too far apart"),
        ("(" * 100 + "1" + ")" * 100, "nested more than 60 deep"),
        ("-" * 100 + "1", "nested more than 60 deep"),
        ("√" * 100 + "1", "nested more than 60 deep"),
        ("2^" * 100 + "1", "nested more than 60 deep"),
        ("1+" * 1000 + "1", "longer than 2000 characters"),
    ],
)
async def test_what_cannot_be_calculated_is_told_in_a_sentence(expression: str, sentence: str) -> None:
    """The model learns what is wrong and can write it better."""
    with pytest.raises(ToolRetry) as caught:
        await use(calculate, expression=expression)
    assert sentence in str(caught.value)


async def test_a_long_sum_is_not_deep() -> None:
    """A chain of operators costs no nesting."""
    assert await use(calculate, expression="+".join(["1"] * 999)) == "999"


async def test_a_number_may_come_as_a_number() -> None:
    """Some models write the argument without quotes."""
    assert await calculate.run(a_context(), json.dumps({"expression": 42})) == "42"


def test_pi_has_the_digits_it_claims() -> None:
    """The constant agrees with Machin's formula in every digit."""
    places = Fraction(10) ** 125
    pi = 4 * (4 * _arc_tangent_of_one_over(5, places) - _arc_tangent_of_one_over(239, places)) / places
    digits = -int(PI.as_tuple().exponent)
    assert abs(pi - Fraction(PI)) < Fraction(1, 10**digits)


def _arc_tangent_of_one_over(part: int, scale: Fraction) -> Fraction:
    total, power, step = Fraction(0), scale / part, 1
    while power >= 1:
        total += Fraction(int(power), step) * (1 if step % 4 == 1 else -1)
        power /= part * part
        step += 2
    return total


def test_values_say_whether_they_are_exact() -> None:
    """A Fraction is exact and a Decimal is not."""
    assert isinstance(evaluate("1/3"), Fraction)
    assert isinstance(evaluate("sqrt(3)"), Decimal)

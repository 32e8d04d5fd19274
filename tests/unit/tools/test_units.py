"""``convert_units``: exact, in either language, and never a guess between two meanings."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ToolRetry
from bot.tools.builtin import convert_units
from bot.tools.builtin.unit_names import find_pair
from bot.tools.builtin.unit_table import UNITS, Unit
from bot.tools.builtin.units import convert
from tests.unit.tools.support import outcome, use

BY_QUANTITY: dict[str, list[Unit]] = {}
for unit in UNITS:
    BY_QUANTITY.setdefault(unit.quantity, []).append(unit)
PAIRS = st.sampled_from(sorted(BY_QUANTITY)).flatmap(
    lambda quantity: st.tuples(*[st.sampled_from(BY_QUANTITY[quantity])] * 2)
)


async def converted(value: str, source: str, target: str) -> str:
    """The right side of the answer."""
    return (await use(convert_units, None, value=value, from_unit=source, to_unit=target)).split(" = ")[1]


@pytest.mark.parametrize(
    ("value", "source", "target", "expected"),
    [
        ("1", "mile", "km", "1.609344 kilometres"),
        ("0.1", "m", "cm", "10 centimetres"),
        ("5+11/12", "feet", "cm", "180.34 centimetres"),
        ("1", "英里", "公里", "1.609344 kilometres"),
        ("3", "尺", "米", "1 metres"),
        ("1", "里", "m", "500 metres"),
        ("100", "寸", "尺", "10 Chinese chi (尺)"),
        ("1", "lb", "g", "453.59237 grams"),
        ("2", "斤", "kg", "1 kilograms"),
        ("1", "斤", "两", "10 Chinese liang (两)"),
        ("3", "亩", "平方米", "2000 square metres"),
        ("15", "亩", "公顷", "1 hectares"),
        ("1", "acre", "㎡", "4046.8564224 square metres"),
        ("1", "US gallon", "L", "3.785411784 litres"),
        ("1", "imperial pint", "ml", "568.26125 millilitres"),
        ("2", "cups", "tbsp", "32 US tablespoons"),
        ("1", "tbsp", "tsp", "3 US teaspoons"),
        ("1", "oz", "g", "28.349523125 grams"),
        ("1", "oz", "ml", "29.5735295625 millilitres"),
        ("100", "km/h", "m/s", "250/9 (about 27.777777777777777778) metres per second"),
        ("1", "knot", "km/h", "1.852 kilometres per hour"),
        ("100", "°C", "°F", "212 degrees Fahrenheit"),
        ("-40", "Fahrenheit", "摄氏度", "-40 degrees Celsius"),
        ("0", "K", "C", "-273.15 degrees Celsius"),
        ("37", "度", "F", "98.6 degrees Fahrenheit"),
        ("1", "度", "kJ", "3600 kilojoules"),
        ("1", "KiB", "B", "1024 bytes"),
        ("1", "KB", "bytes", "1000 bytes"),
        ("1", "GB", "MiB", "953.67431640625 mebibytes"),
        ("100", "Mbps", "MB/s", "12.5 megabytes per second"),
        ("1", "week", "hours", "168 hours"),
        ("1", "Cal", "kJ", "4.184 kilojoules"),
        ("1", "cal", "J", "4.184 joules"),
        ("1", "大卡", "千焦", "4.184 kilojoules"),
        ("1", "atm", "Pa", "101325 pascals"),
        ("1", "马力", "W", "735.49875 watts"),
        ("180", "deg", "rad", "about 3.1415926535897932385 radians"),
        ("1", "turn", "degrees", "360 degrees (angle)"),
        ("8", "L/100km", "km/L", "12.5 kilometres per litre"),
        ("12.5", "km/L", "升/百公里", "8 litres per 100 km"),
        ("20", "mpg", "mpg", "20 miles per US gallon"),
        ("3万", "米", "公里", "30 kilometres"),
        ("1,250", "grams", "kilos", "1.25 kilograms"),
        ("0.1", "ＫＭ", "ｍ", "100 metres"),
    ],
)
async def test_known_conversions_are_exact(value: str, source: str, target: str, expected: str) -> None:
    """By the definitions of the units; what involves pi says that it is approximate."""
    assert await converted(value, source, target) == expected


async def test_the_answer_names_both_units_in_full() -> None:
    """So that a unit that was understood wrongly is seen."""
    text = await use(convert_units, None, value=2.5, from_unit="斤", to_unit="lb")
    assert text.startswith("2.5 Chinese jin (斤) = ")
    assert text.endswith("pounds")


@pytest.mark.parametrize(
    ("source", "target", "sentence"),
    [
        ("kilometrs", "m", "no unit 'kilometrs'. Is it one of these: kilometres"),
        ("m", "millimetrs", "Is it one of these: millimetres"),
        ("zorkmid", "m", "no unit 'zorkmid'. Give a name or symbol"),
        ("", "m", "no unit ''"),
        ("x" * 10_000, "m", "no unit"),
        ("kg", "ml", "'kg' measures mass and 'ml' measures volume: one cannot be converted"),
        ("GB", "Mbps", "'GB' measures data and 'Mbps' measures data rate"),
        ("ton", "kg", "'ton' could be one of these: tonnes, short tons, long tons. Name the one"),
        ("kg", "tons", "'tons' could be one of these"),
        ("mb", "GB", "'mb' could be one of these: megabits, megabytes"),
        ("CAL", "J", "calories (thermochemical), kilocalories"),
    ],
)
async def test_what_cannot_be_converted_is_explained(source: str, target: str, sentence: str) -> None:
    """Unknown, ambiguous and incompatible units, with what to do about them."""
    with pytest.raises(ToolRetry) as caught:
        await converted("1", source, target)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("value", "source", "target", "sentence"),
    [
        ("-300", "C", "F", "below absolute zero"),
        ("-1", "K", "C", "below absolute zero"),
        ("0", "L/100km", "mpg", "zero or less"),
        ("0", "mpg", "L/100km", "zero or less"),
        ("many", "m", "km", ""),
        ("", "m", "km", "empty"),
        ("10^99990", "peta bytes", "bits", ""),
    ],
)
async def test_values_that_have_no_result_are_told(
    value: str, source: str, target: str, sentence: str
) -> None:
    """Also numbers beyond reckoning."""
    with pytest.raises(ToolRetry) as caught:
        await converted(value, source.replace("peta bytes", "petabytes"), target)
    assert sentence in str(caught.value)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.title)
def test_every_name_finds_its_unit(unit: Unit) -> None:
    """Unless it is one that several units share, which is then asked about."""
    for name in unit.names:
        pair, sentence = outcome(lambda name=name: find_pair(name, unit.title))  # type: ignore[misc]
        assert pair == (unit, unit) or "could be one of these" in sentence


def test_the_title_of_every_unit_means_it_alone() -> None:
    """The sentences suggest titles, so each must work."""
    assert len({unit.title for unit in UNITS}) == len(UNITS)
    for unit in UNITS:
        assert find_pair(unit.title, unit.title) == (unit, unit)


@given(PAIRS, st.fractions(min_value=Fraction(1, 1000), max_value=10**9, max_denominator=1000))
def test_there_and_back_is_where_it_began(pair: tuple[Unit, Unit], value: Fraction) -> None:
    """Exactly, but for angles in radians, where it is close."""
    source, target = pair
    back = convert(convert(value, source, target), target, source)
    if isinstance(back, Fraction):
        assert back == value
    else:
        assert abs(Fraction(back) - value) <= value * Fraction(1, 10**40)


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_names_end_in_a_result_or_a_sentence(one: str, other: str) -> None:
    """Models write anything."""
    pair, sentence = outcome(lambda: find_pair(one, other))
    assert pair or sentence

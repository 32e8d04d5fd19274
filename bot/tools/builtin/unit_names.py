"""Finds the units that two names mean together: "oz" is a mass beside grams, a volume beside millilitres."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from itertools import product
from typing import Final

from bot.errors import ToolRetry
from bot.tools.builtin.unit_table import UNITS, Unit

__all__ = ["find_pair"]

_MOST_CHARACTERS: Final = 60
_MOST_GUESSES: Final = 4
_SHORTEST_WITH_PLURAL: Final = 4
_SPELLINGS: Final = ((r"metre", "meter"), (r"litre", "liter"), (r"gramme", "gram"), (r"s per ", " per "))

_Index = Mapping[str, tuple[Unit, ...]]


def find_pair(one: str, other: str) -> tuple[Unit, Unit]:
    """The two units, of the same quantity.

    Raises ToolRetry for a name that is unknown (with what comes close), for names that could mean several
    units, and for units that measure different things.
    """
    meanings, others = _meanings(one), _meanings(other)
    for rank in range(2):  # how the names are written decides first: MB and Mb, Cal and cal
        pairs = [
            pair
            for pair in product(meanings[rank] or meanings[1], others[rank] or others[1])
            if pair[0].quantity == pair[1].quantity
        ]
        if len(pairs) == 1:
            return pairs[0]
        if pairs:
            raise ToolRetry(_ambiguous((one, other), pairs))
    raise ToolRetry(_different((one, meanings[1]), (other, others[1])))


def _meanings(name: str) -> tuple[tuple[Unit, ...], tuple[Unit, ...]]:
    """The units called exactly so, and those called so but for case, plural and spelling."""
    exact = _index(_written).get(_written(name), ())
    loose = _index(_spoken).get(_spoken(name), ())
    if not loose:
        raise ToolRetry(_unknown(name))
    return exact, loose


@cache
def _index(form: Callable[[str], str]) -> _Index:
    found: dict[str, dict[str, Unit]] = {}
    for unit in UNITS:
        for name in unit.names:
            found.setdefault(form(name), {})[unit.title] = unit
    return {name: tuple(units.values()) for name, units in found.items()}


def _written(name: str) -> str:
    """One form for full-width and compatibility characters (㎡, ℃, µ) and for spaces."""
    return " ".join(unicodedata.normalize("NFKC", name[:_MOST_CHARACTERS]).split())


def _spoken(name: str) -> str:
    """Also without case, plural, points and British spelling."""
    text = _written(name).casefold().replace(".", "").replace("_", " ").replace("-", " ")
    for pattern, spelling in _SPELLINGS:
        text = re.sub(pattern, spelling, text)
    return text.removesuffix("s") if len(text) >= _SHORTEST_WITH_PLURAL else text


def _unknown(name: str) -> str:
    index = _index(_spoken)
    guesses = difflib.get_close_matches(_spoken(name), index, n=_MOST_GUESSES, cutoff=0.7)
    titles = dict.fromkeys(unit.title for guess in guesses for unit in index[guess])
    asked = repr(name[:_MOST_CHARACTERS])
    if titles:
        return f"There is no unit {asked}. Is it one of these: {_listed(titles)}?"
    return f"There is no unit {asked}. Give a name or symbol, such as kilometres, km or 公里."


def _ambiguous(names: tuple[str, str], pairs: list[tuple[Unit, Unit]]) -> str:
    for at, name in enumerate(names):
        titles = dict.fromkeys(pair[at].title for pair in pairs)
        if len(titles) > 1:
            return f"{name!r} could be one of these: {_listed(titles)}. Name the one you mean."
    return f"{names[0]!r} and {names[1]!r} could mean several units. Write their names out."


def _different(*asked: tuple[str, tuple[Unit, ...]]) -> str:
    told = (
        f"{name!r} measures {_listed(dict.fromkeys(unit.quantity for unit in units), ' or ')}"
        for name, units in asked
    )
    return f"{' and '.join(told)}: one cannot be converted into the other."


def _listed(words: Iterable[str], between: str = ", ") -> str:
    return between.join(words)

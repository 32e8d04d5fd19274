"""Finds the time zone people mean by an IANA name, an offset, a city or a country, in English or Chinese."""

from __future__ import annotations

import difflib
import re
import unicodedata
import zoneinfo
from dataclasses import dataclass
from datetime import UTC, timedelta, timezone, tzinfo
from functools import cache
from typing import Final

from bot.errors import ToolFailed, ToolRetry
from bot.tools.builtin.places import PLACES, WIDE_PLACES

__all__ = ["Zone", "find_zone"]

_MOST_CHARACTERS: Final = 60
_MOST_GUESSES: Final = 4
_OFFSET: Final = re.compile(r"(?:utc|gmt)?([+-])(\d{1,2})(?::?([0-5]\d))?", re.ASCII)
_UTC_NAMES: Final = frozenset({"utc", "gmt", "z", "zulu", "etc/utc", "世界时", "格林尼治"})
_REGIONS: Final = (
    "Africa",
    "America",
    "Antarctica",
    "Asia",
    "Atlantic",
    "Australia",
    "Europe",
    "Indian",
    "Pacific",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A time zone and the name to call it by."""

    name: str
    info: tzinfo


def find_zone(name: str) -> Zone:
    """The zone that ``name`` means. Reads files on first use.

    Raises ToolRetry with names that come close, and ToolFailed when this system has no time zone data.
    """
    asked = _normal(name)
    if asked in _UTC_NAMES:
        return Zone(name="UTC", info=UTC)
    return _fixed(asked) or _named(asked, name)


def _normal(name: str) -> str:
    """Lower case, without accents, with single '_' for spaces and without a trailing 'time'."""
    folded = unicodedata.normalize("NFKD", name[: _MOST_CHARACTERS * 2]).casefold().replace("−", "-")
    bare = "".join(letter for letter in folded if not unicodedata.combining(letter))
    joined = "_".join(re.sub(r"[_\s]+", " ", bare).split())
    return re.sub(r"(_time|时间|時間|市)\Z", "", joined)


def _fixed(asked: str) -> Zone | None:
    """The zone of ``UTC+8`` and the like, or None."""
    found = _OFFSET.fullmatch(asked.replace("_", ""))
    if found is None:
        return None
    sign, hours, minutes = found.groups(default="0")
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    if offset > timedelta(hours=14):
        raise ToolRetry("UTC offsets go from -14:00 to +14:00.")
    return Zone(
        name=f"UTC{sign}{int(hours):02}:{minutes:0>2}", info=timezone(-offset if sign == "-" else offset)
    )


def _named(asked: str, name: str) -> Zone:
    index = _index()
    if not index:
        raise ToolFailed(
            "this server has no time zone data (the operator can install the Python package tzdata); "
            "UTC and offsets such as UTC+8 still work."
        )
    if asked in index:
        return Zone(name=index[asked], info=zoneinfo.ZoneInfo(index[asked]))
    if asked in WIDE_PLACES:
        raise ToolRetry(f"{name!r} has several time zones; name one: {', '.join(WIDE_PLACES[asked])}.")
    raise ToolRetry(_unknown(asked, name, index))


def _unknown(asked: str, name: str, index: dict[str, str]) -> str:
    short = asked[:_MOST_CHARACTERS]
    guesses = difflib.get_close_matches(short, index, n=_MOST_GUESSES * 2, cutoff=0.65)
    zones = list(dict.fromkeys(index[guess] for guess in guesses))[:_MOST_GUESSES]
    shown = repr(name[:_MOST_CHARACTERS])
    if zones:
        return f"The zone {shown} is not known. Is it one of these: {', '.join(zones)}?"
    return f"The zone {shown} is not known. Give an IANA name such as Asia/Shanghai, or a large city near it."


@cache
def _index() -> dict[str, str]:
    """Every name understood, in normal form, with its IANA zone; empty where there is no zone data.

    Cities come before the old short names (Singapore, PRC), so that answers name the zone people know.
    """
    known = sorted(zoneinfo.available_timezones())
    cities = {_normal(zone.rpartition("/")[2]): zone for zone in known if zone.startswith(_REGIONS)}
    places = {place: zone for place, zone in PLACES.items() if zone in known}
    full = {_normal(zone): zone for zone in known}
    return full | cities | places

"""The clock tool: the time here and elsewhere, under the names people use."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import ToolFailed, ToolRetry
from bot.tools.builtin import current_time, zones
from bot.tools.builtin.places import PLACES, WIDE_PLACES
from bot.tools.builtin.zones import find_zone
from tests.unit.tools.support import a_context, outcome, use


async def test_the_time_is_the_users_own_by_default() -> None:
    """Date, weekday, time and offset in the zone the context names."""
    told = await use(current_time, a_context(time_zone="Asia/Shanghai"))
    assert told == "Asia/Shanghai: Wednesday, 2026-03-04 20:30:15, UTC+08:00"


async def test_without_a_zone_it_is_utc() -> None:
    """Nothing is guessed about a person whose zone is not known."""
    assert await use(current_time) == "UTC: Wednesday, 2026-03-04 12:30:15, UTC+00:00"


async def test_two_places_are_compared() -> None:
    """Both times, and who is ahead."""
    told = await use(current_time, zone="Beijing", compare_with="印度")
    assert told.splitlines() == [
        "Asia/Shanghai: Wednesday, 2026-03-04 20:30:15, UTC+08:00",
        "Asia/Kolkata: Wednesday, 2026-03-04 18:00:15, UTC+05:30",
        "Asia/Kolkata is 2 hours and 30 minutes behind Asia/Shanghai.",
    ]


@pytest.mark.parametrize(
    ("zone", "other", "sentence"),
    [
        ("London", "Paris", "Europe/Paris is 1 hour ahead of Europe/London."),
        ("Berlin", "Paris", "Europe/Paris and Europe/Berlin have the same time."),
        ("UTC", "UTC+0:45", "UTC+00:45 is 45 minutes ahead of UTC."),
        ("UTC+1", "UTC-11", "UTC-11:00 is 12 hours behind UTC+01:00."),
    ],
)
async def test_the_difference_is_told_in_words(zone: str, other: str, sentence: str) -> None:
    """Hours and minutes, singular and plural, or none."""
    assert (await use(current_time, zone=zone, compare_with=other)).splitlines()[-1] == sentence


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("Asia/Shanghai", "Asia/Shanghai"),
        ("asia/shanghai", "Asia/Shanghai"),
        ("America/New York", "America/New_York"),
        ("new york", "America/New_York"),
        ("São Paulo", "America/Sao_Paulo"),
        ("Zürich", "Europe/Zurich"),
        ("北京时间", "Asia/Shanghai"),
        ("上海市", "Asia/Shanghai"),
        ("Tokyo time", "Asia/Tokyo"),
        ("UK", "Europe/London"),
        ("utc", "UTC"),
        ("UTC+8", "UTC+08:00"),
        ("GMT -03:30", "UTC-03:30"),
        ("+0530", "UTC+05:30"),
        ("UTC−5", "UTC-05:00"),
        ("Etc/GMT+8", "Etc/GMT+8"),
        ("Singapore", "Asia/Singapore"),
        ("PRC", "Asia/Shanghai"),
    ],
)
def test_a_zone_is_found_by_the_names_people_use(name: str, zone: str) -> None:
    """IANA names in any case, cities, countries, Chinese names and offsets."""
    assert find_zone(name).name == zone


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("Tokio", "Is it one of these: Asia/Tokyo"),
        ("Shangai", "Asia/Shanghai"),
        ("Narnia-on-Sea", "Give an IANA name"),
        ("", "Give an IANA name"),
        ("x" * 5000, "Give an IANA name"),
        ("USA", "'USA' has several time zones; name one: America/New_York"),
        ("cst", "Asia/Shanghai (China), America/Chicago"),
        ("UTC+15", "from -14:00 to +14:00"),
        ("../../etc/passwd", "Give an IANA name"),
    ],
)
def test_an_unknown_zone_is_answered_with_a_hint(name: str, sentence: str) -> None:
    """Close matches where there are any, else what a zone looks like."""
    with pytest.raises(ToolRetry) as caught:
        find_zone(name)
    assert sentence in str(caught.value)
    assert len(str(caught.value)) < 300


def test_every_place_leads_to_a_real_zone() -> None:
    """The table names no zone that the time zone data does not have, and no place twice over."""
    known = zoneinfo.available_timezones()
    assert {zone for zone in PLACES.values() if zone not in known} == set()
    for place, zone in PLACES.items():
        assert find_zone(place).name == zone
    for choices in WIDE_PLACES.values():
        assert {choice.split(" ")[0] for choice in choices} <= known


@pytest.fixture
def no_zone_data() -> Iterator[None]:
    """A slim system: no zone files and no tzdata package."""
    zoneinfo.reset_tzpath(to=[])
    zones._index.cache_clear()
    yield
    zoneinfo.reset_tzpath()
    zones._index.cache_clear()


@pytest.mark.usefixtures("no_zone_data")
def test_missing_zone_data_is_told_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """UTC and offsets work still; everything else says what the operator can install."""
    monkeypatch.setattr(zoneinfo, "available_timezones", set)
    assert find_zone("UTC").name == "UTC"
    assert find_zone("UTC+8").name == "UTC+08:00"
    with pytest.raises(ToolFailed, match="tzdata"):
        find_zone("Europe/Paris")


@settings(deadline=None)
@given(name=st.text() | st.text(alphabet="utcgm+-:0123456789 /_"))
def test_no_name_breaks_the_search(name: str) -> None:
    """Any text finds a zone or ends in a sentence."""
    zone, sentence = outcome(lambda: find_zone(name))
    assert zone or sentence.encode()

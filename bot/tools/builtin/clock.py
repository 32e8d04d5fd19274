"""The clock: what time it is, here or in a place that people name."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Annotated, Final

from bot.tools.builtin.zones import Zone, find_zone
from bot.tools.tool import ToolContext, tool

__all__ = ["current_time"]

_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@tool(timeout_seconds=10)
async def current_time(
    context: ToolContext,
    zone: Annotated[str, "City, country, UTC offset or IANA zone; the user's own if empty"] = "",
    compare_with: str = "",
) -> str:
    """Tell the date, weekday, time and UTC offset now; compare two places."""
    now = context.clock.now()
    here = await _find(zone.strip() or context.time_zone or "UTC")
    if not compare_with.strip():
        return _told(here, now)
    there = await _find(compare_with)
    return f"{_told(here, now)}\n{_told(there, now)}\n{_difference(here, there, now)}"


async def _find(name: str) -> Zone:
    """Off the event loop, since the first look reads the zone files."""
    return await asyncio.to_thread(find_zone, name)


def _told(zone: Zone, now: datetime) -> str:
    local = now.astimezone(zone.info)
    return (
        f"{zone.name}: {_WEEKDAYS[local.weekday()]}, {local:%Y-%m-%d %H:%M:%S}, UTC{local.isoformat()[-6:]}"
    )


def _difference(here: Zone, there: Zone, now: datetime) -> str:
    ahead = _offset(there, now) - _offset(here, now)
    if not ahead:
        return f"{there.name} and {here.name} have the same time."
    way = "ahead of" if ahead > timedelta() else "behind"
    return f"{there.name} is {_span(abs(ahead))} {way} {here.name}."


def _offset(zone: Zone, now: datetime) -> timedelta:
    return now.astimezone(zone.info).utcoffset() or timedelta()


def _span(length: timedelta) -> str:
    hours, minutes = divmod(int(length.total_seconds()) // 60, 60)
    parts = [_counted(hours, "hour"), _counted(minutes, "minute")]
    return " and ".join(part for part in parts if part)


def _counted(number: int, unit: str) -> str:
    if not number:
        return ""
    return f"1 {unit}" if number == 1 else f"{number} {unit}s"

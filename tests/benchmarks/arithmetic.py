"""The arithmetic of the report: percentiles, medians of runs, ratios; what nobody measured is NaN."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Figures", "median_figures", "percentile", "ratio", "spread"]

Figures = Mapping[str, float]


def percentile(values: Iterable[float], percent: float) -> float:
    """The value below which ``percent`` of the values lie, between neighbours on a straight line.

    NaN without values. Raises ValueError for a percentage outside 0 to 100.
    """
    if not 0 <= percent <= 100:
        raise ValueError(f"a percentile of {percent!r} does not exist: give 0 to 100")
    ordered = sorted(values)
    if not ordered:
        return math.nan
    place = (len(ordered) - 1) * percent / 100
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def median_figures(runs: Sequence[Figures]) -> dict[str, float]:
    """The median of each figure over the runs that have it."""
    names = dict.fromkeys(name for run in runs for name in run)
    return {name: _median(_known(runs, name)) for name in names}


def spread(runs: Sequence[Figures], name: str) -> tuple[float, float]:
    """The smallest and the largest value of a figure; NaN when no run has it."""
    values = _known(runs, name)
    return (min(values), max(values)) if values else (math.nan, math.nan)


def ratio(value: float, reference: float) -> float:
    """How many times the reference; NaN when either is unknown or the reference is nothing."""
    return value / reference if reference else math.nan


def _known(runs: Sequence[Figures], name: str) -> list[float]:
    return [run[name] for run in runs if not math.isnan(run.get(name, math.nan))]


def _median(values: Sequence[float]) -> float:
    return statistics.median(values) if values else math.nan

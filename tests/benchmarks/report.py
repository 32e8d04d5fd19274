"""Turns the runs into a table for people and a JSON file for comparison."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson
import psutil

from .arithmetic import median_figures, ratio, spread
from .figures import FIGURES, Figure

__all__ = ["Report", "align", "machine_facts"]

_NOTHING = "-"
_LIBRARIES = ("aiogram", "aiohttp", "httpx", "openai", "pydantic", "slack-bolt", "sqlalchemy", "uvloop")


@dataclass(slots=True, kw_only=True)
class Report:
    """What was measured on one platform: for each subject the figures of its runs.

    ``faults`` make the benchmark fail.
    """

    platform: str
    subjects: tuple[str, ...]
    runs: dict[str, list[dict[str, float]]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def add(self, subject: str, figures: dict[str, float]) -> None:
        """Keep the figures of one run."""
        self.runs.setdefault(subject, []).append(figures)

    @property
    def medians(self) -> dict[str, dict[str, float]]:
        """The median of every figure over its runs, by subject."""
        return {subject: median_figures(self.runs.get(subject, [])) for subject in self.subjects}

    def table(self) -> str:
        """The medians side by side, and the first subject against each of the others."""
        medians = self.medians
        first, *references = self.subjects
        header = ["figure (median of runs)", *self.subjects, *(f"{first}/{name}" for name in references)]
        rows = [_row(figure, medians, first, references) for figure in FIGURES if _is_known(figure, medians)]
        return align([header, *rows])

    def write(self, folder: Path, *, options: Mapping[str, Any]) -> Path:
        """Write everything as JSON into ``folder``; the file's path."""
        folder.mkdir(parents=True, exist_ok=True)
        now = datetime.now(UTC)
        path = folder / f"{now:%Y%m%d-%H%M%S}-{self.platform}.json"
        path.write_bytes(orjson.dumps(self._everything(now, options), option=orjson.OPT_INDENT_2))
        return path

    def _everything(self, now: datetime, options: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "at": now.isoformat(timespec="seconds"),
            "platform": self.platform,
            "options": dict(options),
            "machine": machine_facts(),
            "faults": self.faults,
            "medians": self.medians,
            "spreads": {
                subject: {name: spread(runs, name) for name in median_figures(runs)}
                for subject, runs in self.runs.items()
            },
            "runs": self.runs,
        }


def machine_facts() -> dict[str, Any]:
    """What the figures depend on besides the code."""
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": _processor_name(),
        "cores": os.cpu_count(),
        "memory_mb": psutil.virtual_memory().total // 2**20,
        "load_average": os.getloadavg(),
        "libraries": {name: version(name) for name in _LIBRARIES},
    }


def align(rows: Sequence[Sequence[str]]) -> str:
    """The rows in columns: the first flush left, the others flush right, a rule under the first row."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = [_line(row, widths) for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    name, *values = row
    cells = [value.rjust(width) for value, width in zip(values, widths[1:], strict=True)]
    return "  ".join([name.ljust(widths[0]), *cells]).rstrip()


def _row(
    figure: Figure, medians: Mapping[str, Mapping[str, float]], first: str, references: Sequence[str]
) -> list[str]:
    values = {subject: medians[subject].get(figure.name, math.nan) for subject in (first, *references)}
    ratios = [ratio(values[first], values[name]) if figure.has_ratio else math.nan for name in references]
    return [
        figure.label,
        *(_number(value, figure.digits) for value in values.values()),
        *(_number(value, 2) for value in ratios),
    ]


def _is_known(figure: Figure, medians: Mapping[str, Mapping[str, float]]) -> bool:
    return any(not math.isnan(figures.get(figure.name, math.nan)) for figures in medians.values())


def _number(value: float, digits: int) -> str:
    return _NOTHING if math.isnan(value) else f"{value:,.{digits}f}"


def _processor_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())

"""Runs scenarios over subjects in turn; every run has fresh fakes, a fresh process and an end in time."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .platforms import Platform
from .report import Report
from .scenarios import Run, Scenario, Sizes
from .stage import Stage
from .subjects import Others, Running, Subject, SubjectEnded

__all__ = ["measure"]

_START_SECONDS = 60.0
# On top of a scenario's own time, for starting, warming up and ending.
_MARGIN_SECONDS = 45.0
_WARM_UP_TOKENS = 20


async def measure(
    platform: Platform,
    subjects: Sequence[Subject],
    scenarios: Sequence[Scenario],
    sizes: Sizes,
    *,
    runs: int,
    report: Report,
) -> None:
    """Run everything ``runs`` times; subjects alternate, so that a slow hour of the machine meets all."""
    for number in range(1, runs + 1):
        for scenario in scenarios:
            for subject in _rotated(subjects, number - 1):
                label = f"{platform.name}, {scenario.name}, {subject.name}, run {number} of {runs}"
                _tell(label)
                figures, faults = await _bounded_run(platform, subject, scenario, sizes)
                report.add(subject.name, figures)
                report.faults += [f"{label}: {fault}" for fault in faults]


def _rotated(subjects: Sequence[Subject], by: int) -> list[Subject]:
    start = by % len(subjects)
    return [*subjects[start:], *subjects[:start]]


async def _bounded_run(
    platform: Platform, subject: Subject, scenario: Scenario, sizes: Sizes
) -> tuple[dict[str, float], list[str]]:
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        try:
            async with asyncio.timeout(_START_SECONDS + scenario.timeout_seconds + _MARGIN_SECONDS):
                faults = await _one_run(platform, subject, scenario, sizes, Path(folder), figures)
        except (SubjectEnded, TimeoutError) as exc:
            faults = [str(exc) or "it was given up: the time was over"]
    return figures, faults


async def _one_run(
    platform: Platform,
    subject: Subject,
    scenario: Scenario,
    sizes: Sizes,
    folder: Path,
    figures: dict[str, float],
) -> list[str]:
    async with (
        Stage(platform.make(), tokens_per_second=scenario.tokens_per_second) as stage,
        Running(subject, stage.settings, folder) as running,
    ):
        run = Run(stage=stage, subject=running, sizes=sizes, deadline=_in(_START_SECONDS), figures=figures)
        if scenario.warms_up:
            await _warm_up(run)
        run.deadline = _in(scenario.timeout_seconds)
        others = Others(running)
        await scenario.load(run)
        figures["others_cores"] = others.cores
        await run.settle()
        faults = _shortened(stage.faults())
        return [*faults, f"the end of its log:\n{running.tail()}"] if faults else []


async def _warm_up(run: Run) -> None:
    """Wait until the subject serves, and have it answer: first imports and connections are not the load."""
    async with asyncio.timeout(_START_SECONDS):
        await run.stage.reached_at(run.subject)
    await run.ask_all(await run.open_chats(2), tokens=_WARM_UP_TOKENS)
    await run.settle()


def _in(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


def _shortened(faults: Sequence[str], most: int = 5) -> list[str]:
    rest = len(faults) - most
    return [*faults[:most], *([f"... and {rest} more"] if rest > 0 else [])]


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()

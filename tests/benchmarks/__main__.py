"""The command line of the benchmark; exit code 1 when answers were lost or wrong, never for being slow."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import uvloop

from .pictures import SUBJECTS, measure_pictures
from .platforms import PLATFORMS, Platform
from .report import Report
from .runner import measure
from .scenarios import FULL, QUICK, SCENARIOS, Scenario
from .subjects import Subject

_PICTURES = "pictures"
_PICTURE_RUNS = 5
RESULTS = Path(__file__).parent / "results"


def main(arguments: Sequence[str]) -> int:
    """Measure what the arguments ask for; the exit code."""
    options = _parser().parse_args(arguments)
    faults: list[str] = []
    for platform in _platforms(options):
        subjects, scenarios = _subjects(options, platform), _scenarios(options, platform)
        if not (subjects and scenarios):
            continue
        report = Report(platform=platform.name, subjects=tuple(subject.name for subject in subjects))
        uvloop.run(_measure(options, platform, subjects, scenarios, report))
        _show(report, options)
        faults += report.faults
    if _wants_pictures(options):
        pictures = Report(platform=_PICTURES, subjects=SUBJECTS)
        runs = 1 if options.quick else _PICTURE_RUNS
        uvloop.run(measure_pictures(runs=options.runs or runs, is_quick=options.quick, report=pictures))
        _show(pictures, options)
    for fault in faults:
        sys.stdout.write(f"FAULT {fault}\n")
    return 1 if faults else 0


def _show(report: Report, options: argparse.Namespace) -> None:
    path = report.write(RESULTS, options=vars(options))
    sys.stdout.write(f"{report.platform}\n{report.table()}\n\n{path}\n\n")
    sys.stdout.flush()


async def _measure(
    options: argparse.Namespace,
    platform: Platform,
    subjects: Sequence[Subject],
    scenarios: Sequence[Scenario],
    report: Report,
) -> None:
    sizes = QUICK if options.quick else FULL
    await measure(platform, subjects, scenarios, sizes, runs=_runs(options), report=report)


def _platforms(options: argparse.Namespace) -> list[Platform]:
    return [platform for platform in PLATFORMS if options.platform in ("all", platform.name)]


def _wants_pictures(options: argparse.Namespace) -> bool:
    """They are of no platform, and no bot but our own shrinks any."""
    asked = options.platform in ("all", _PICTURES) and (not options.only or _PICTURES in options.only)
    return asked and not options.subject


def _subjects(options: argparse.Namespace, platform: Platform) -> list[Subject]:
    return [one for one in platform.subjects if not options.subject or one.name in options.subject]


def _scenarios(options: argparse.Namespace, platform: Platform) -> list[Scenario]:
    served = [scenario for scenario in SCENARIOS if scenario.name in platform.scenarios]
    if options.only:
        return [scenario for scenario in served if scenario.name in options.only]
    is_brief = options.quick or options.platform == "all"
    return [scenario for scenario in served if scenario.is_quick or not is_brief]


def _runs(options: argparse.Namespace) -> int:
    """Medians of several runs where they take minutes; all platforms together would take an hour."""
    return int(options.runs or (1 if options.quick or options.platform == "all" else 3))


def _names(platforms: Sequence[Platform]) -> Iterator[str]:
    return iter(dict.fromkeys(subject.name for platform in platforms for subject in platform.subjects))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description="Measure the service beside bare bots on the same wire; medians of interleaved runs.",
    )
    parser.add_argument(
        "--platform",
        default="all",
        choices=["all", *(platform.name for platform in PLATFORMS), _PICTURES],
        help="this platform only, with every load it has (all: without the two longest, some 20 minutes)",
    )
    parser.add_argument("--quick", action="store_true", help="one run of small loads")
    parser.add_argument(
        "--runs",
        type=int,
        default=0,
        metavar="N",
        help="runs of each load (3; all or quick: 1)",
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        choices=[*(scenario.name for scenario in SCENARIOS), _PICTURES],
        help="this load only, where the platform has it; may be repeated",
    )
    parser.add_argument(
        "--subject",
        action="append",
        default=[],
        choices=list(_names(PLATFORMS)),
        help="this bot only; may be repeated",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The command line of the benchmark; exit code 1 when answers were lost or wrong, never for being slow."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import uvloop

from .report import Report
from .runner import measure
from .scenarios import FULL, QUICK, SCENARIOS, Scenario
from .subjects import SUBJECTS, Subject

RESULTS = Path(__file__).parent / "results"


def main(arguments: Sequence[str]) -> int:
    """Measure what the arguments ask for; the exit code."""
    options = _parser().parse_args(arguments)
    subjects = [subject for subject in SUBJECTS if subject.name in options.subject] or list(SUBJECTS)
    report = Report(subjects=tuple(subject.name for subject in subjects))
    uvloop.run(_measure(options, subjects, report))
    path = report.write(RESULTS, options=vars(options))
    sys.stdout.write(f"{report.table()}\n\n{path}\n")
    for fault in report.faults:
        sys.stdout.write(f"FAULT {fault}\n")
    return 1 if report.faults else 0


async def _measure(options: argparse.Namespace, subjects: Sequence[Subject], report: Report) -> None:
    runs = options.runs or (1 if options.quick else 3)
    sizes = QUICK if options.quick else FULL
    await measure(subjects, _scenarios(options), sizes, runs=runs, report=report)


def _scenarios(options: argparse.Namespace) -> list[Scenario]:
    if options.only:
        return [scenario for scenario in SCENARIOS if scenario.name in options.only]
    return [scenario for scenario in SCENARIOS if scenario.is_quick or not options.quick]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description="Measure the service beside two reference bots; medians of interleaved runs.",
    )
    parser.add_argument("--quick", action="store_true", help="one run of small loads, a minute or two")
    parser.add_argument("--runs", type=int, default=0, metavar="N", help="runs of each load (3; quick: 1)")
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        choices=[scenario.name for scenario in SCENARIOS],
        help="this load only; may be repeated",
    )
    parser.add_argument(
        "--subject",
        action="append",
        default=[],
        choices=[subject.name for subject in SUBJECTS],
        help="this bot only; may be repeated",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""What a failed story leaves in the report: the ends of the services' logs and what people saw."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

import pytest

from tests.e2e.service import Service
from tests.fakes.excerpt import excerpt

__all__ = ["add_evidence"]

_LOG_LINES = 60
_LOG_WIDTH = 500


@runtime_checkable
class _Platform(Protocol):
    def describe(self) -> str: ...


def add_evidence(item: pytest.Item, report: pytest.TestReport) -> None:
    """Give the report of a failed test the sections that explain it; forget services that have ended."""
    if report.failed:
        report.sections.extend(_platforms(item))
        report.sections.extend(_logs())
    if report.when == "teardown":
        Service.started[:] = [service for service in Service.started if service.is_running]


def _platforms(item: pytest.Item) -> Iterator[tuple[str, str]]:
    for value in getattr(item, "funcargs", {}).values():
        for name in ("telegram", "slack"):
            platform = getattr(value, name, None)
            if isinstance(platform, _Platform):
                yield f"what {name} shows", excerpt(platform.describe())


def _logs() -> Iterator[tuple[str, str]]:
    for service in Service.started:
        process = service.process
        code = "runs" if process is None or process.returncode is None else f"ended with {process.returncode}"
        log = service.log.read_text(encoding="utf-8", errors="replace") if service.log.exists() else ""
        text = excerpt(log, max_lines=_LOG_LINES, max_width=_LOG_WIDTH)
        yield f"{service.log.parent.name}/{service.log.name} ({code})", text

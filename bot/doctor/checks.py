"""Runs checks side by side, each under a deadline of its own; none can spoil another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

import structlog

from bot.ports.diagnosis import Diagnoses, Finding, fault

__all__ = ["CHECK_SECONDS", "Check", "diagnosed", "run_checks"]

log = structlog.get_logger(__name__)

CHECK_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Findings about one subject, in the order they are made; run once."""

    subject: str
    findings: AsyncGenerator[Finding, None]


async def run_checks(checks: Sequence[Check], *, seconds: float = CHECK_SECONDS) -> list[Finding]:
    """What they find, in the checks' order; all run at once. One that takes longer than ``seconds`` is given
    up, and what it found until then is kept."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_run(check, seconds), name=f"check {check.subject}") for check in checks]
    return [finding for task in tasks for finding in task.result()]


async def diagnosed(part: Diagnoses) -> AsyncGenerator[Finding, None]:
    """What ``part`` says of itself, as a check's findings."""
    for finding in await part.diagnose():
        yield finding


async def _run(check: Check, seconds: float) -> list[Finding]:
    found: list[Finding] = []
    try:
        async with asyncio.timeout(seconds), aclosing(check.findings) as findings:
            async for finding in findings:
                found.append(finding)  # noqa: PERF401 - what was found before the deadline is kept
    except TimeoutError:
        found.append(_overdue(check.subject, seconds))
    except Exception as exc:
        log.exception("check_failed", subject=check.subject)
        found.append(_failed(check.subject, exc))
    return found


def _overdue(subject: str, seconds: float) -> Finding:
    return fault(
        f"{subject}.no_answer",
        f"The check did not come to an end within {seconds:g} s.",
        "Look at the network (name server, proxy, firewall) and at the disk, then try again.",
    )


def _failed(subject: str, exc: Exception) -> Finding:
    return fault(
        f"{subject}.check_failed",
        f"The check itself failed ({type(exc).__name__}); the log above says where.",
        "This is a fault of Parley: please report it with that log.",
    )

"""Checks run side by side: deadlines hold, failures stay where they are, order is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from bot.doctor.checks import Check, run_checks
from bot.ports.diagnosis import Finding, Level, good
from tests.unit.doctor.support import codes


async def test_checks_run_at_once_and_report_in_order() -> None:
    """The first waits for the second, which can only end well when both run."""
    met = asyncio.Event()

    async def first() -> AsyncGenerator[Finding, None]:
        await met.wait()
        yield good("a.one", "One.")

    async def second() -> AsyncGenerator[Finding, None]:
        met.set()
        yield good("b.two", "Two.")

    checks = [Check(subject="a", findings=first()), Check(subject="b", findings=second())]
    assert codes(await run_checks(checks, seconds=30)) == ["a.one", "b.two"]


async def test_a_check_that_takes_too_long_is_given_up_and_closed_and_its_findings_kept() -> None:
    """The others are not touched by it."""
    closed: list[str] = []

    async def endless() -> AsyncGenerator[Finding, None]:
        try:
            yield good("a.begun", "Begun.")
            await asyncio.Event().wait()
        finally:
            closed.append("endless")

    async def quick() -> AsyncGenerator[Finding, None]:
        yield good("b.done", "Done.")

    checks = [Check(subject="a", findings=endless()), Check(subject="b", findings=quick())]
    found = await run_checks(checks, seconds=0.05)
    assert codes(found) == ["a.begun", "a.no_answer", "b.done"]
    assert found[1].level is Level.ERROR
    assert closed == ["endless"]


async def test_a_check_that_fails_is_a_finding_and_the_log_says_where(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its text is not repeated: it may hold anything."""

    async def broken() -> AsyncGenerator[Finding, None]:
        yield good("a.begun", "Begun.")
        raise RuntimeError("a secret")

    found = await run_checks([Check(subject="a", findings=broken())])
    assert codes(found) == ["a.begun", "a.check_failed"]
    assert "a secret" not in found[1].what
    assert "RuntimeError" in found[1].what
    assert "check_failed" in capsys.readouterr().out

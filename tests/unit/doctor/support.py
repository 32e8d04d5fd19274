"""What the doctor's tests share: findings collected, and small HTTP servers of any manners."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager

from aiohttp import web

from bot.ports.diagnosis import Finding, Level

__all__ = ["codes", "collected", "only", "problems", "serving"]


async def collected(findings: AsyncGenerator[Finding, None]) -> list[Finding]:
    """All of a check's findings."""
    return [finding async for finding in findings]


def codes(findings: Iterable[Finding]) -> list[str]:
    """Their codes, in order."""
    return [finding.code for finding in findings]


def problems(findings: Iterable[Finding]) -> dict[str, Level]:
    """Code and level of those that need something done."""
    return {finding.code: finding.level for finding in findings if finding.level is not Level.OK}


def only(findings: Iterable[Finding], code: str) -> Finding:
    """The one finding with this code."""
    (found,) = [finding for finding in findings if finding.code == code]
    return found


@asynccontextmanager
async def serving(handle: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    """An HTTP server on loopback; its address without a path."""
    runner = web.ServerRunner(web.Server(handle), shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()

"""A stage for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import structlog

from tests.unit.conversation.stage import Stage, on_stage


@pytest.fixture(autouse=True)
def short_tracebacks() -> Iterator[None]:
    """Rich ones, with every local variable, take seconds each."""
    renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    before = structlog.get_config()
    structlog.configure(processors=[*before["processors"][:-1], renderer])
    yield
    structlog.configure(**before)


OpenStage = Callable[..., Awaitable[Stage]]


@pytest.fixture
async def open_stage(tmp_path: Path) -> AsyncIterator[OpenStage]:
    """Opens a running core with settings of the test's own; closed at the test's end."""
    async with AsyncExitStack() as stack:

        async def opener(**settings: Any) -> Stage:
            return await stack.enter_async_context(on_stage(tmp_path / "parley.db", **settings))

        yield opener


@pytest.fixture
async def stage(open_stage: OpenStage) -> Stage:
    """A running core with the usual settings."""
    return await open_stage()

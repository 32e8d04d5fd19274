"""A stage for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.unit.conversation.stage import Stage, on_stage

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

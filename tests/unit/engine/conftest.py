"""An embedded engine on a database file, with its clock in the test's hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.engine_bench import EmbeddedBench


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[EmbeddedBench]:
    """The engine under test."""
    async with EmbeddedBench.open(tmp_path / "parley.db") as opened:
        yield opened

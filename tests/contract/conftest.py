"""The engines the contract is checked against."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.engine_bench import EmbeddedBench, EngineBench


@pytest.fixture(params=["embedded"])
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[EngineBench]:
    """An engine of each kind, on an empty database."""
    assert request.param == "embedded"
    async with EmbeddedBench.open(tmp_path / "parley.db") as opened:
        yield opened

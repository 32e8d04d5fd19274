"""A running service and a browser that was let in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.web.support import Browser, Service, open_browser, open_service


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    """A service with an empty log."""
    async with open_service(tmp_path) as opened:
        yield opened


@pytest.fixture
async def browser(service: Service) -> AsyncIterator[Browser]:
    """A browser that opened the printed link."""
    async with open_browser(service.url) as opened:
        await opened.sign_in(service.link)
        yield opened

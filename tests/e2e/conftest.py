"""One service for a whole module: the real process between a Telegram and a provider on loopback.

A story that fails says what was shown and what the service logged.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from bot.sandbox import Sandbox
from tests.e2e.brain import Brain
from tests.e2e.evidence import add_evidence
from tests.e2e.service import Service
from tests.fakes.telegram import FakeTelegram

__all__ = ["Stage"]

STORY_SECONDS = 400


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A story starts processes and waits for them, each of which may take a minute on a slow machine."""
    for item in items:
        if Path(__file__).parent in item.path.parents and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(STORY_SECONDS))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add what explains a failure."""
    report = yield
    add_evidence(item, report)
    return report


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Everything a story needs: the platform with its people, the model, and the service between them."""

    telegram: FakeTelegram
    provider: Sandbox
    brain: Brain
    service: Service

    @property
    def settings(self) -> dict[str, str]:
        """What points a service at this platform and this provider."""
        return settings_for(self.telegram, self.provider)


def settings_for(telegram: FakeTelegram, provider: Sandbox) -> dict[str, str]:
    """What points a service at a platform and a provider."""
    return {
        "TELEGRAM_BOT_TOKEN": telegram.token,
        "TELEGRAM_API_BASE_URL": telegram.url,
        "SILICONFLOW_API_KEY": "sk-for-tests-only",
        "SILICONFLOW_BASE_URL": provider.url,
    }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A running service; every test brings its own people."""
    folder: Path = tmp_path_factory.mktemp("service")
    telegram, brain = FakeTelegram(), Brain()
    await telegram.start()
    async with Sandbox(script=brain) as provider:
        service = Service(folder, settings_for(telegram, provider))
        try:
            await service.start()
            yield Stage(telegram=telegram, provider=provider, brain=brain, service=service)
        finally:
            await service.aclose()
            await telegram.close()

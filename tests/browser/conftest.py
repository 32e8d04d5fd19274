"""The real service with a scripted model, and a real browser in front of it."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator, Generator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from bot.sandbox import AudioBackend, Sandbox
from tests.e2e.brain import Brain
from tests.e2e.conftest import STORY_SECONDS
from tests.e2e.evidence import add_evidence
from tests.e2e.service import Service

from .people import WAIT_SECONDS

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))),
    None,
)
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

expect.set_options(timeout=WAIT_SECONDS * 1000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """They may take as long as other stories; without a browser they are reported as not run."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(STORY_SECONDS))
            if CHROMIUM is None:
                item.add_marker(
                    pytest.mark.skip(reason="not run: no Chromium here (apt-get install chromium)")
                )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add what explains a failure."""
    report = yield
    add_evidence(item, report)
    return report


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The service, the model behind it, and the browser before it."""

    provider: Sandbox
    brain: Brain
    service: Service
    browser: Browser

    @property
    def link(self) -> str:
        """The address that the service printed when it last started."""
        printed = re.findall(r"Open (\S+) in your browser", self.service.log.read_text(encoding="utf-8"))
        return str(printed[-1])

    @property
    def address(self) -> str:
        """The page without its key."""
        return f"http://127.0.0.1:{self.service.port}/chat/"

    @asynccontextmanager
    async def visitor(self, **options: Any) -> AsyncIterator[BrowserContext]:
        """A browser of somebody's own; errors on its pages fail the test."""
        faults: list[str] = []
        async with await self.browser.new_context(**{"locale": "en-US", **options}) as context:
            context.on("weberror", lambda error: faults.append(str(error.error)))
            yield context
        assert faults == []

    @asynccontextmanager
    async def reader(self, **options: Any) -> AsyncIterator[Page]:
        """A browser that opened the printed link."""
        async with self.visitor(**options) as context:
            page = await context.new_page()
            await page.goto(self.link)
            await expect(page.locator("#box")).to_be_focused()
            yield page


@asynccontextmanager
async def open_browser(*flags: str) -> AsyncIterator[Browser]:
    """A browser without a window, closed on leaving; ``flags`` beside the usual ones."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags])
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def open_stage(
    folder: Path,
    browser: Browser,
    settings: Mapping[str, str] | None = None,
    *,
    audio: AudioBackend | None = None,
) -> AsyncIterator[Stage]:
    """Everything a story needs, ended on leaving, except the browser. ``audio`` hears and speaks."""
    brain = Brain()
    async with Sandbox(script=brain, audio=audio) as provider:
        wanted = {
            "SILICONFLOW_API_KEY": "sk-for-tests-only",
            "SILICONFLOW_BASE_URL": provider.url,
            **(settings or {}),
        }
        service = Service(folder, wanted)
        try:
            await service.start()
            yield Stage(provider=provider, brain=brain, service=service, browser=browser)
        finally:
            await service.aclose()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A running service; every test brings its own browser."""
    async with open_browser() as browser, open_stage(tmp_path_factory.mktemp("page"), browser) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def page(stage: Stage) -> AsyncIterator[Page]:
    """An opened page in a new chat."""
    async with stage.reader() as opened:
        yield opened

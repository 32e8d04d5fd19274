"""The account's models are at hand: fresh enough, also while the provider is slow or silent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from bot.ports import Listing, ThinkingMode
from bot.providers import AccountCatalogue, SiliconFlowApi
from bot.sandbox import CATALOGUE, Sandbox
from tests.unit.providers.support import FakeClock

CONFIGURED = ("Qwen/Qwen3-8B", "a/x")


class Provider:
    """Answers GET /models with ``models``, or fails; counts how often it was asked."""

    def __init__(self) -> None:
        self.models: tuple[str, ...] = ("b/y", "a/x")
        self.asked: list[str] = []
        self.fails = False
        self.answers = asyncio.Event()
        self.answers.set()

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        await self.answers.wait()
        if self.fails:
            return httpx.Response(503, json={"code": 50505, "message": "busy", "data": None})
        return httpx.Response(200, json={"object": "list", "data": [{"id": one} for one in self.models]})


@pytest.fixture
async def provider() -> Provider:
    return Provider()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def catalogue(provider: Provider, clock: FakeClock) -> AsyncIterator[AccountCatalogue]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(provider)) as http:
        api = SiliconFlowApi(http=http, api_key="sk-test", base_url="http://127.0.0.1/v1", clock=clock)
        made = AccountCatalogue(api=api, clock=clock, configured=CONFIGURED)
        yield made
        await made.aclose()


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - a list that is replaced rings no bell
            await asyncio.sleep(0)


async def test_the_list_is_asked_for_once_an_hour(
    catalogue: AccountCatalogue, provider: Provider, clock: FakeClock
) -> None:
    """Chat models only; everybody who asks meanwhile gets the same list."""
    first = await asyncio.gather(catalogue.listing(), catalogue.listing())
    assert set(first) == {Listing(models=("a/x", "b/y"))}
    assert len(provider.asked) == 1
    assert "sub_type=chat" in provider.asked[0]
    await clock.sleep(3599)
    await catalogue.listing()
    assert len(provider.asked) == 1


async def test_an_old_list_is_given_at_once_while_a_new_one_is_asked_for(
    catalogue: AccountCatalogue, provider: Provider, clock: FakeClock
) -> None:
    """Nobody waits for a slow provider once there is a list."""
    await catalogue.listing()
    await clock.sleep(3601)
    provider.models = ("c/z",)
    provider.answers.clear()
    assert (await catalogue.listing()).models == ("a/x", "b/y")
    provider.answers.set()
    await _until(lambda: len(provider.asked) == 2)
    async with asyncio.timeout(10):
        while (await catalogue.listing()).models != ("c/z",):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0)
    assert len(provider.asked) == 2


async def test_a_silent_provider_leaves_the_models_of_the_settings(
    catalogue: AccountCatalogue, provider: Provider, clock: FakeClock
) -> None:
    """Marked as incomplete, and asked again only after a while."""
    provider.fails = True
    assert await catalogue.listing() == Listing(models=("Qwen/Qwen3-8B", "a/x"), complete=False)
    await catalogue.listing()
    assert len(provider.asked) == 1
    provider.fails = False
    await clock.sleep(61)
    assert await catalogue.listing() == Listing(models=("a/x", "b/y"))


async def test_a_later_failure_keeps_the_last_list(
    catalogue: AccountCatalogue, provider: Provider, clock: FakeClock
) -> None:
    """An empty list, which no working account has, changes nothing either."""
    await catalogue.listing()
    for provider.fails, provider.models in ((True, ("c/z",)), (False, ())):
        await clock.sleep(3601)
        asked = len(provider.asked)
        await catalogue.listing()
        await _until(lambda asked=asked: len(provider.asked) > asked)  # type: ignore[misc]
        assert await catalogue.listing() == Listing(models=("a/x", "b/y"))


async def test_transcription_models_are_a_list_of_their_own(
    catalogue: AccountCatalogue, provider: Provider
) -> None:
    """Asked for anew each time; without an answer nothing is known of them."""
    assert await catalogue.hearing() == Listing(models=("a/x", "b/y"))
    assert "sub_type=speech-to-text" in provider.asked[-1]
    provider.models = ()
    assert not (await catalogue.hearing()).complete
    provider.fails = True
    assert await catalogue.hearing() == Listing(models=(), complete=False)


async def test_what_a_model_can_do_is_told_by_its_family(catalogue: AccountCatalogue) -> None:
    """With its names apart, and nothing claimed of an unknown one."""
    twin = catalogue.about("Pro/deepseek-ai/DeepSeek-R1")
    assert (twin.vendor, twin.name, twin.paid_twin) == ("deepseek-ai", "DeepSeek-R1", True)
    assert (twin.thinking, twin.takes_budget, twin.tools) == (ThinkingMode.ALWAYS, True, True)
    assert catalogue.about("Qwen/Qwen3-8B").thinking is ThinkingMode.SWITCH
    assert catalogue.about("Qwen/Qwen3-VL-32B-Instruct").images
    assert not catalogue.about("local").known


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("zai-org/GLM-4.5", "zai-org/GLM-4.6"),
        ("glm-4.5", "zai-org/GLM-4.6"),
        ("ZAI-ORG/glm-4.5", "zai-org/GLM-4.6"),
        ("Pro/deepseek-ai/DeepSeek-V3.2-Exp", "Pro/deepseek-ai/DeepSeek-V3.2"),
        ("Qwen/Qwen3-8B", None),
        ("", None),
    ],
)
async def test_old_names_lead_to_new_ones_however_they_are_written(
    catalogue: AccountCatalogue, old: str, new: str | None
) -> None:
    """By id or name, in any case; a paid twin stays one."""
    assert catalogue.successor(old) == new


async def test_the_stand_in_lists_its_models() -> None:
    """Over the wire."""
    async with Sandbox() as sandbox, httpx.AsyncClient() as http:
        clock = FakeClock()
        api = SiliconFlowApi(http=http, api_key="sk-test", base_url=sandbox.url, clock=clock)
        catalogue = AccountCatalogue(api=api, clock=clock, configured=())
        listing = await catalogue.listing()
        await catalogue.aclose()
    assert listing == Listing(models=tuple(sorted(card.id for card in CATALOGUE)))

"""A Telegram on loopback and a client that talks to it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from adapters.telegram.client import ApiClient
from tests.fakes.telegram import FakeTelegram, PrivateChat

from .support import HastyClock, Store


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    """The platform, without flood control."""
    async with FakeTelegram(flood="off") as fake:
        yield fake


@pytest.fixture
async def client(telegram: FakeTelegram) -> AsyncIterator[ApiClient]:
    """Calls to the platform, over connections that are kept for the whole test."""
    client = ApiClient(token=telegram.token, api_base_url=telegram.url)
    async with client.in_use():
        yield client


@pytest.fixture
def ann(telegram: FakeTelegram) -> PrivateChat:
    """Ann's chat with the bot."""
    return telegram.private(telegram.person("Ann", username="ann"))


@pytest.fixture
def clock() -> HastyClock:
    """Time that does not make the test wait."""
    return HastyClock()


@pytest.fixture
def store() -> Store:
    """Where events go."""
    return Store()

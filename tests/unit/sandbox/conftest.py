"""A running stand-in and a client for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from bot.sandbox import Sandbox
from tests.unit.sandbox.client import KEY, Answer, chat

Chat = Callable[[Any], Awaitable[Answer]]


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """A scripted stand-in on a free port."""
    async with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """A client that sends a good key and gives up after a minute."""
    async with aiohttp.ClientSession(headers=KEY, timeout=aiohttp.ClientTimeout(total=60)) as session:
        yield session


@pytest.fixture
def post(sandbox: Sandbox, http: aiohttp.ClientSession) -> Chat:
    """POST a chat body to the stand-in and read the whole answer."""

    async def send(body: Any) -> Answer:
        return await chat(http, sandbox.url, body)

    return send

"""A real aiogram bot, and plain HTTP, pointed at a FakeTelegram."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

from tests.fakes.telegram import FakeTelegram

__all__ = ["bot_on", "post"]


class _QuickSession(AiohttpSession):
    """aiogram's session without the quarter of a second it waits for TLS to end."""

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


@asynccontextmanager
async def bot_on(fake: FakeTelegram) -> AsyncIterator[Bot]:
    """A bot that talks to the fake."""
    session = _QuickSession(api=TelegramAPIServer.from_base(fake.url))
    async with Bot(fake.token, session=session) as bot:
        yield bot


async def post(fake: FakeTelegram, method: str, **request: Any) -> tuple[int, dict[str, Any]]:
    """POST to a method with aiohttp's ``data=``, ``json=`` or ``params=``; gives status and body."""
    url = f"{fake.url}/bot{fake.token}/{method}"
    async with aiohttp.ClientSession() as session, session.post(url, **request) as answer:
        return answer.status, await answer.json()

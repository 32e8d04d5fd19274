"""Two hundred threads ask at the same moment: within Slack's tiers every answer arrives, whole and once."""

from __future__ import annotations

import asyncio
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.sandbox import Reply
from tests.e2e.service import Service
from tests.e2e.slack_stage import open_slack_stage
from tests.fakes.slack import FakeSlack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

PEOPLE, THREADS_EACH = 50, 4
WORDS = " ".join(f"word{number}" for number in range(120))


async def test_two_hundred_answers_at_once_keep_within_slacks_tiers(tmp_path: Path) -> None:
    """Some stream, some grow by edits, the rest come whole; no call is refused for its rate."""
    async with open_slack_stage(tmp_path, slack=FakeSlack(tiers="real")) as stage:
        stage.brain.teach("everything", Reply(text=WORDS, tokens_per_second=25))
        rooms = [stage.slack.dm(stage.slack.person(f"Person {number}")) for number in range(PEOPLE)]
        async with alive_throughout(stage.service):
            threads = [
                room.thread(await room.say("tell me everything"))
                for room in rooms
                for _ in range(THREADS_EACH)
            ]
            await stage.slack.until(
                lambda: all(thread.texts == [WORDS] and not thread.streaming for thread in threads),
                seconds=200,
            )
        assert stage.slack.flooded == 0
        assert stage.slack.rejected == []
        assert stage.slack.violations == []
        assert sum(len(room.bot_messages) for room in rooms) == PEOPLE * THREADS_EACH
        assert any(message.streamed for room in rooms for message in room.bot_messages)


@asynccontextmanager
async def alive_throughout(service: Service) -> AsyncIterator[None]:
    """The service answers its health check all through the block."""
    ended = asyncio.Event()

    async def check() -> list[int]:
        seen: list[int] = []
        while not ended.is_set():
            seen.append(await asyncio.to_thread(_health, service.port))
            await asyncio.sleep(0.2)
        return seen

    checking = asyncio.create_task(check(), name="health")
    try:
        yield
    finally:
        ended.set()
        seen = await checking
    assert set(seen) == {200}


def _health(port: int) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=30) as answer:
        return int(answer.status)

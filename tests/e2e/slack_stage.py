"""The real process between a Slack and a provider on loopback, by Socket Mode or by HTTP events."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bot.sandbox import Sandbox
from tests.e2e.brain import Brain
from tests.e2e.service import Service
from tests.fakes.slack import ApiCall, FakeSlack, Message

__all__ = ["API_KEY", "EVENTS_PATH", "SlackStage", "Way", "open_slack_stage", "slack_settings"]

Way = Literal["socket", "http"]

API_KEY = "sk-for-slack-tests-only"
EVENTS_PATH = "/slack/events"


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackStage:
    """Everything a story needs: the workspace with its people, the model, and the service between them."""

    slack: FakeSlack
    provider: Sandbox
    brain: Brain
    service: Service

    def lines(self, event: str) -> list[dict[str, Any]]:
        """The log lines of one kind so far."""
        lines = self.service.log.read_text(encoding="utf-8").splitlines()
        read = [json.loads(line) for line in lines if line.startswith("{")]
        return [line for line in read if line.get("event") == event]

    async def logged(self, event: str, *, more_than: int = 0, seconds: float = 10.0) -> None:
        """Wait until the log holds more than so many lines of one kind."""
        await self.eventually(lambda: len(self.lines(event)) > more_than, seconds=seconds)

    async def eventually(self, condition: Callable[[], bool], *, seconds: float = 10.0) -> None:
        """Wait for something that Slack does not see. Raises AssertionError with the log."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"waited {seconds} s in vain\n{self.service.tail()}"
            await asyncio.sleep(0.05)

    def calls_for(self, message: Message, method: str) -> list[ApiCall]:
        """The calls of one method that were about this message."""
        calls = self.slack.calls_of(method)
        return [call for call in calls if (call.channel, call.params.get("ts")) == _place(message)]


def _place(message: Message) -> tuple[str, str]:
    return message.channel.id, message.ts


def slack_settings(slack: FakeSlack, provider: Sandbox, *, by: Way = "socket") -> dict[str, str]:
    """What points a service at a workspace and a provider; members are admitted, nobody else."""
    way = {
        "socket": {"SLACK_APP_TOKEN": slack.app_token},
        "http": {"SLACK_SIGNING_SECRET": slack.signing_secret},
    }
    return {
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_API_BASE_URL": slack.url,
        "SILICONFLOW_API_KEY": API_KEY,
        "SILICONFLOW_BASE_URL": provider.url,
        "PARLEY_ACCESS": "pairing",
        "PARLEY_LOG__LEVEL": "debug",
        **way[by],
    }


@asynccontextmanager
async def open_slack_stage(
    folder: Path, *, by: Way = "socket", slack: FakeSlack | None = None
) -> AsyncIterator[SlackStage]:
    """A running service that Slack reaches in one of its two ways; ended with the block."""
    workspace, brain = slack or FakeSlack(tiers="off"), Brain()
    async with workspace, Sandbox(script=brain) as provider:
        service = Service(folder, slack_settings(workspace, provider, by=by))
        try:
            await service.start()
            if by == "http":
                await workspace.set_request_url(f"http://127.0.0.1:{service.port}{EVENTS_PATH}")
            yield SlackStage(slack=workspace, provider=provider, brain=brain, service=service)
        finally:
            await service.aclose()

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
from tests.fakes.slack import ApiCall, FakeSlack, Message, ThreadView

__all__ = [
    "ACK_SECONDS",
    "API_KEY",
    "EVENTS_PATH",
    "SlackStage",
    "Way",
    "answered",
    "open_slack_stage",
    "point_slack_at",
    "slack_settings",
]

Way = Literal["socket", "http"]

API_KEY = "sk-for-slack-tests-only"
EVENTS_PATH = "/slack/events"
# Slack waits three seconds; a machine that is much slower than Slack's patience is not what is tested.
ACK_SECONDS = 20.0


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

    async def logged(self, event: str, *, more_than: int = 0, seconds: float = 30.0) -> None:
        """Wait until the log holds more than so many lines of one kind."""
        await self.eventually(lambda: len(self.lines(event)) > more_than, seconds=seconds)

    async def eventually(self, condition: Callable[[], bool], *, seconds: float = 30.0) -> None:
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


async def point_slack_at(slack: FakeSlack, service: Service, *, by: Way) -> None:
    """Let Slack know where a running service is, where it has to know."""
    if by == "http":
        await slack.set_request_url(f"http://127.0.0.1:{service.port}{EVENTS_PATH}")


async def answered(slack: FakeSlack, thread: ThreadView, *texts: str, seconds: float = 60.0) -> None:
    """Wait until the bot's messages in a thread are these, and whole."""
    await slack.until(lambda: thread.texts == list(texts) and not thread.streaming, seconds=seconds)


@asynccontextmanager
async def open_slack_stage(
    folder: Path, *, by: Way = "socket", slack: FakeSlack | None = None
) -> AsyncIterator[SlackStage]:
    """A running service that Slack reaches in one of its two ways; ended with the block."""
    workspace, brain = slack or FakeSlack(tiers="off", ack_seconds=ACK_SECONDS), Brain()
    async with workspace, Sandbox(script=brain) as provider:
        service = Service(folder, slack_settings(workspace, provider, by=by))
        try:
            await service.start()
            await point_slack_at(workspace, service, by=by)
            yield SlackStage(slack=workspace, provider=provider, brain=brain, service=service)
        finally:
            await service.aclose()

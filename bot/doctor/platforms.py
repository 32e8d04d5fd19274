"""The doctor's composition root: the one module of it that sees adapters, each only where it is set up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator

from bot.doctor.checks import Check, diagnosed
from bot.ports import Clock
from bot.ports.diagnosis import Diagnoses, Finding, good
from bot.settings import Settings

__all__ = ["platform_addresses", "platform_checks"]


def platform_checks(settings: Settings, *, clock: Clock, service_runs: bool) -> list[Check]:
    """A check for each platform. ``service_runs``: the service of these settings is at work meanwhile."""
    return [
        Check(subject="telegram", findings=_telegram(settings, clock, service_runs=service_runs)),
        Check(subject="slack", findings=_slack(settings)),
    ]


def platform_addresses(settings: Settings) -> Iterator[tuple[str, str]]:
    """Name and address of each platform that is set up, for asking the time."""
    if settings.telegram_bot_token is not None:
        yield "Telegram", settings.telegram_api_base_url or "https://api.telegram.org"
    if settings.serves_slack:
        yield "Slack", settings.slack_api_base_url or "https://slack.com/api"


async def _telegram(settings: Settings, clock: Clock, *, service_runs: bool) -> AsyncGenerator[Finding, None]:
    if settings.telegram_bot_token is None:
        yield good(
            "telegram.off",
            "Off: TELEGRAM_BOT_TOKEN is not set.",
            "To turn it on, send /newbot to @BotFather and set TELEGRAM_BOT_TOKEN to the token it gives.",
        )
        return
    part = await asyncio.to_thread(_telegram_part, settings, clock, service_runs=service_runs)
    async for finding in diagnosed(part):
        yield finding


def _telegram_part(settings: Settings, clock: Clock, *, service_runs: bool) -> Diagnoses:
    from adapters.telegram.diagnosis import TelegramDiagnosis

    token = settings.telegram_bot_token
    return TelegramDiagnosis(
        token=token.get_secret_value() if token else "",
        api_base_url=settings.telegram_api_base_url,
        mode=settings.telegram.mode.value,
        webhook_url=settings.telegram.webhook_url or "",
        service_runs=service_runs,
        clock=clock,
    )


async def _slack(settings: Settings) -> AsyncGenerator[Finding, None]:
    if not settings.serves_slack:
        yield good(
            "slack.off",
            "Off: it takes SLACK_BOT_TOKEN with SLACK_APP_TOKEN or SLACK_SIGNING_SECRET.",
            "To turn it on, make an app from adapters/slack/manifest.yaml at api.slack.com/apps.",
        )
        return
    part = await asyncio.to_thread(_slack_part, settings)
    async for finding in diagnosed(part):
        yield finding


def _slack_part(settings: Settings) -> Diagnoses:
    from adapters.slack.diagnosis import SlackDiagnosis

    bot_token, app_token = settings.slack_bot_token, settings.slack_app_token
    secret = settings.slack_signing_secret
    return SlackDiagnosis(
        bot_token=bot_token.get_secret_value() if bot_token else "",
        app_token=app_token.get_secret_value() if app_token else "",
        signing_secret=secret.get_secret_value() if secret else "",
        api_base_url=settings.slack_api_base_url,
    )

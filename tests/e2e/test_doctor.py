"""`python -m bot doctor` in a process of its own, between platforms and a provider on loopback."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from adapters.slack.diagnosis import wanted_scopes
from bot.sandbox import Sandbox
from tests.e2e.service import Service, free_port
from tests.fakes.slack import FakeSlack, gateway
from tests.fakes.telegram import FakeTelegram

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
KEY = "sk-for-tests-only-0123456789"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How the process ended, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def levels(self) -> dict[str, str]:
        """Code and level of each finding of the JSON output."""
        return {one["code"]: one["level"] for one in json.loads(self.out)["findings"]}


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything the doctor may look at, all of it in order."""

    folder: Path
    telegram: FakeTelegram
    slack: FakeSlack
    provider: Sandbox

    @property
    def settings(self) -> dict[str, str]:
        """What points a process at all of it."""
        return {
            "TELEGRAM_BOT_TOKEN": self.telegram.token,
            "TELEGRAM_API_BASE_URL": self.telegram.url,
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            "SLACK_APP_TOKEN": self.slack.app_token,
            "SLACK_API_BASE_URL": self.slack.url,
            "SILICONFLOW_API_KEY": KEY,
            "SILICONFLOW_BASE_URL": self.provider.url,
            "DATABASE_URL": f"sqlite+aiosqlite:///{self.folder / 'parley.db'}",
            "PARLEY_HTTP__PORT": str(free_port()),
            "PARLEY_ADMINS": "telegram:7",
        }

    async def examine(self, *arguments: str, **changes: str) -> Outcome:
        """Run the doctor with these settings changed; none of its output holds a secret."""
        outcome = await doctor(self.folder, {**self.settings, **changes}, *arguments)
        secrets = (KEY, self.telegram.token, self.slack.bot_token, self.slack.app_token)
        assert not [secret for secret in secrets if secret in outcome.out + outcome.err]
        return outcome


async def doctor(folder: Path, settings: Mapping[str, str], *arguments: str) -> Outcome:
    """Run ``python -m bot doctor`` in a folder, with these settings only."""
    kept = ("PATH", "HOME", "LANG", "COVERAGE_PROCESS_START")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        "doctor",
        *arguments,
        cwd=folder,
        env={**environment, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", **settings},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    return Outcome(code=process.returncode or 0, out=out.decode(), err=err.decode())


@pytest.fixture
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """All in order; the app has the scopes of its manifest."""
    monkeypatch.setitem(gateway._SCOPES, "X-OAuth-Scopes", ",".join(wanted_scopes()))
    async with FakeTelegram() as telegram, FakeSlack() as slack, Sandbox() as provider:
        yield World(folder=tmp_path, telegram=telegram, slack=slack, provider=provider)


async def test_a_good_installation_is_in_order_and_nothing_was_touched(world: World) -> None:
    """Exit code 0; only reads went out, and no file was made."""
    outcome = await world.examine()
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines()[-1] == "Everything is in order."
    assert "✓ telegram     The token is that of @parley_bot" in outcome.out
    assert "✓ clock        It agrees with SiliconFlow's." in outcome.out
    assert "\x1b" not in outcome.out
    assert {call.method for call in world.telegram.calls} == {"getMe", "getWebhookInfo"}
    assert {call.method for call in world.slack.calls} == {"auth.test", "apps.connections.open"}
    assert {record.method for record in world.provider.requests} == {"GET"}
    assert list(world.folder.iterdir()) == []


async def test_json_tells_the_same_to_programs(world: World) -> None:
    """One object on stdout, and nothing else."""
    outcome = await world.examine("--json")
    assert outcome.code == 0
    told: dict[str, Any] = json.loads(outcome.out)
    assert told["ok"] is True
    assert {one["level"] for one in told["findings"]} == {"ok"}
    assert {one["subject"] for one in told["findings"]} == {
        "settings",
        "siliconflow",
        "telegram",
        "slack",
        "database",
        "http",
        "clock",
    }


async def test_every_fault_is_told_in_one_run(world: World) -> None:
    """One broken part does not hide another; exit code 1."""
    (world.folder / "parley.db").write_bytes(b"this was a database once" * 200)
    outcome = await world.examine(
        "--json",
        SILICONFLOW_API_KEY="sk-invalid",
        TELEGRAM_BOT_TOKEN="600000001:AAFakeTokenForTestsOnly-0123456789abcx",
        SLACK_BOT_TOKEN=world.slack.app_token,
        SLACK_APP_TOKEN=world.slack.bot_token,
        PARLEY_HTTP__HOST="192.0.2.1",
    )
    assert outcome.code == 1
    assert {code for code, level in outcome.levels.items() if level == "error"} == {
        "siliconflow.key_refused",
        "telegram.token_refused",
        "slack.tokens_swapped",
        "database.unreadable",
        "http.no_address",
    }


async def test_beside_the_running_service_all_is_in_order(world: World) -> None:
    """Its database, its port, its poll: none of it is a fault, and none of it is disturbed."""
    settings = {name: value for name, value in world.settings.items() if name != "PARLEY_HTTP__PORT"}
    service = Service(world.folder, settings)
    try:
        await service.start()
        outcome = await world.examine("--json", PARLEY_HTTP__PORT=str(service.port))
        assert (outcome.code, service.status("/readyz")) == (0, 200)
    finally:
        await service.aclose()
    assert {"database.in_use", "database.schema", "http.served"} <= outcome.levels.keys()
    assert set(outcome.levels.values()) == {"ok"}
    assert "Conflict" not in service.tail(1000)


async def test_settings_that_cannot_be_used_end_with_2(tmp_path: Path) -> None:
    """As when the service is started with them."""
    outcome = await doctor(tmp_path, {"PARLEY_HTTP__PORT": "eighty"})
    assert outcome.code == 2
    assert outcome.out.splitlines() == [
        "✗ settings  PARLEY_HTTP__PORT: 'eighty' is not a whole number.",
        "            → For example PARLEY_HTTP__PORT=8081.",
        "",
        "1 error: see what is marked ✗.",
    ]


async def test_an_old_terminal_gets_plain_letters(tmp_path: Path) -> None:
    """Without UTF-8, marks and arrows are ASCII; without keys, everything is off."""
    port = str(free_port())
    settings = {"PARLEY_HTTP__PORT": port, "PARLEY_SANDBOX__MODEL": "scripted"}
    outcome = await doctor(tmp_path, {"PYTHONIOENCODING": "ascii", **settings})
    assert outcome.code == 0
    assert outcome.out.isascii()
    assert "+ telegram     Off: TELEGRAM_BOT_TOKEN is not set." in outcome.out
    assert "-> To turn it on" in outcome.out

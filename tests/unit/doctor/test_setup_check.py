"""The settings looked at: faults by line, what has no effect, secrets that others can read."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.doctor.setup import check_settings, raw_secrets, settings_faults
from bot.errors import ConfigurationError
from bot.ports.diagnosis import Finding, Level
from bot.settings import load_settings
from tests.unit.doctor.support import codes, collected, only, problems

TOKEN = "123456789:" + "A" * 35


def faults() -> list[Finding]:
    """What is found of settings that cannot be used."""
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    return settings_faults(caught.value)


async def look() -> list[Finding]:
    """What is found of settings that can."""
    return await collected(check_settings(load_settings()))


async def test_no_settings_at_all_are_in_order() -> None:
    """A first start needs none."""
    found = await look()
    assert (codes(found), problems(found)) == (["settings.read"], {})


async def test_the_files_that_were_read_are_named(folder: Path) -> None:
    """So that a file in another folder is noticed missing."""
    (folder / ".env").write_text("PARLEY_ACCESS=open\n")
    (found,) = await look()
    assert "the environment, .env" in found.what


def test_each_fault_is_a_finding_with_its_remedy(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is none, a value that does not serve, a contradiction, a line that is none."""
    monkeypatch.setenv("PARLEY_ACESS", "open")
    monkeypatch.setenv("PARLEY_HTTP__PORT", "a; b")
    (folder / ".env").write_text("nonsense here\n")
    found = faults()
    assert {finding.code for finding in found} == {"settings.fault"}
    assert {finding.level for finding in found} == {Level.ERROR}
    told = {finding.what: finding.remedy for finding in found}
    assert told["PARLEY_ACESS is not a setting."] == "Did you mean PARLEY_ACCESS?"
    assert told["PARLEY_HTTP__PORT: 'a; b' is not a whole number."] == "For example PARLEY_HTTP__PORT=8081."
    assert any("line 1: not NAME=value" in what for what in told)
    assert all(told.values())


def test_contradictory_settings_are_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    """The webhook needs an address and a secret."""
    monkeypatch.setenv("PARLEY_TELEGRAM__MODE", "webhook")
    assert [finding.what.partition(" ")[0] for finding in faults()] == [
        "PARLEY_TELEGRAM__WEBHOOK_URL",
        "PARLEY_TELEGRAM__WEBHOOK_SECRET",
    ]


async def test_what_has_no_effect_and_nobody_to_admit_people_are_warnings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The service starts nevertheless."""
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", TOKEN)
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1")
    found = await look()
    assert problems(found) == {
        "settings.no_effect": Level.WARNING,
        "settings.no_admins": Level.WARNING,
    }
    assert "SLACK_APP_TOKEN" in only(found, "settings.no_effect").remedy
    assert only(found, "settings.no_admins").remedy.index("admit CODE --admin") < 50
    monkeypatch.setenv("PARLEY_ADMINS", "telegram:7")
    assert "settings.no_admins" not in codes(await look())


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".env", f"TELEGRAM_BOT_TOKEN={TOKEN}\n"),
        ("parley.toml", '[telegram]\nwebhook_secret = "s3cret-text"\n'),
    ],
)
async def test_secrets_that_others_can_read_are_a_warning(folder: Path, name: str, text: str) -> None:
    """Until the file is closed to them; a file without secrets may be open."""
    file = folder / name
    file.write_text(text)
    file.chmod(0o644)
    found = await look()
    assert only(found, "settings.readable").remedy == f"chmod 600 {name}"
    file.chmod(0o600)
    assert "settings.readable" not in codes(await look())
    file.write_text("")
    file.chmod(0o644)
    assert "settings.readable" not in codes(await look())


def test_secrets_are_known_even_when_the_settings_cannot_be_used(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From wherever they are set, whatever they look like."""
    monkeypatch.setenv("SLACK_SIGNING_SECRET", "from the environment")
    (folder / ".env").write_text("SILICONFLOW_API_KEY=from-the-file\n")
    (folder / "parley.toml").write_text('[telegram]\nwebhook_secret = "from-toml"\n')
    assert set(raw_secrets()) == {"from the environment", "from-the-file", "from-toml"}

"""Looks at the settings: faults, what has no effect, and who can read the secrets among them."""

from __future__ import annotations

import os
import stat
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any, Final

from bot.doctor.words import split_advice
from bot.errors import ConfigurationError
from bot.ports.diagnosis import Finding, caution, fault, good
from bot.settings import Access, Settings, known_settings
from bot.settings_check import read_dotenv, read_toml

__all__ = ["check_settings", "raw_secrets", "settings_faults"]

ENV_FILE: Final = ".env"
CONFIG_FILE: Final = "parley.toml"


async def check_settings(settings: Settings) -> AsyncGenerator[Finding, None]:
    """What is found of settings that can be used."""
    yield good("settings.read", f"They can be used (read from {', '.join(_sources())}).")
    for warning in settings.warnings():
        what, advice = split_advice(warning)
        yield caution("settings.no_effect", what, advice or "Remove it, or set what it goes with.")
    if settings.has_platform and settings.access is Access.PAIRING and not settings.admins:
        yield caution(
            "settings.no_admins",
            "PARLEY_ADMINS names nobody; unless you were made an admin, nobody can admit people in a chat.",
            "Write to the bot and run `python -m bot admit CODE --admin` with the code it gives you. Or set "
            "PARLEY_ADMINS to your own id, for example telegram:12345678, or PARLEY_ACCESS=open.",
        )
    for finding in readable_secrets():
        yield finding


def _sources() -> list[str]:
    return ["the environment", *(name for name in (ENV_FILE, CONFIG_FILE) if Path(name).is_file())]


def settings_faults(error: ConfigurationError) -> list[Finding]:
    """A finding for each line of what ``load_settings`` raised, and what can be said all the same."""
    return [*map(_fault, str(error).splitlines()), *readable_secrets()]


def _fault(line: str) -> Finding:
    what, advice = split_advice(line)
    return fault("settings.fault", what, advice or "See .env.example for every setting there is.")


def readable_secrets() -> Iterator[Finding]:
    """A warning for each file with secrets that other users of this machine may read."""
    holders = {ENV_FILE: _in_dotenv(), CONFIG_FILE: _in_toml()}
    for name, secrets in holders.items():
        path = Path(name)
        if secrets and path.is_file() and path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
            yield caution(
                "settings.readable",
                f"{name} holds secrets, and other users of this machine may read it.",
                f"chmod 600 {name}",
            )


def raw_secrets() -> tuple[str, ...]:
    """Every secret that is set, as it is written: for masking when the settings cannot be used."""
    names = {setting.name for setting in known_settings() if setting.secret}
    return (*(os.environ[name] for name in names if os.environ.get(name)), *_in_dotenv(), *_in_toml())


def _in_dotenv() -> list[str]:
    names = {setting.name for setting in known_settings() if setting.secret}
    values, _ = read_dotenv(Path(ENV_FILE))
    return [value for name, value in values.items() if name.upper() in names and value]


def _in_toml() -> list[str]:
    values, _ = read_toml(Path(CONFIG_FILE))
    paths = [setting.path for setting in known_settings() if setting.secret and setting.path]
    return [value for path in paths if isinstance(value := _at(values, path), str) and value]


def _at(values: Any, path: str) -> Any:
    for step in path.split("."):
        values = values.get(step) if isinstance(values, dict) else None
    return values

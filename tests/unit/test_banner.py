"""The first lines a person reads say what is on, and how to be let in."""

from __future__ import annotations

import pytest

from bot.banner import banner
from bot.settings import load_settings

TOKEN = "123456789:" + "A" * 35


def test_who_is_not_let_in_yet_is_led_to_the_code_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Naming oneself, or opening the bot to everybody, comes after that; nothing once an admin is named."""
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", TOKEN)
    advice = banner(load_settings(), terminal=False).splitlines()[-1]
    ways = ("python -m bot admit CODE --admin", "PARLEY_ADMINS", "PARLEY_ACCESS=open")
    assert [advice.index(way) for way in ways] == sorted(advice.index(way) for way in ways)
    monkeypatch.setenv("PARLEY_ADMINS", "telegram:7")
    assert "admit" not in banner(load_settings(), terminal=False)


def test_no_secret_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines are often copied into a question to others."""
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", TOKEN)
    assert TOKEN[-10:] not in banner(load_settings(), terminal=False)

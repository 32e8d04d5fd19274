"""The README says what is so."""

from __future__ import annotations

import re
from pathlib import Path

from bot.conversation import menu
from bot.settings_reference import markdown_table

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_table_of_settings_is_the_one_the_settings_make() -> None:
    """``python -m bot.settings_reference table`` prints what belongs there."""
    shown = re.search(r"<!-- settings:.*?-->\n(.*?)\n<!-- /settings -->", README, re.DOTALL)
    assert shown is not None
    assert shown[1].strip() == markdown_table().strip()


def test_every_make_target_it_names_exists() -> None:
    """No command leads nowhere."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"make ([a-z]+)", README)) <= targets | {"make"}


def test_every_command_of_the_menu_is_named() -> None:
    """Who reads the README knows what people can do."""
    assert [entry.name for entry in menu() if f"/{entry.name}" not in README] == []

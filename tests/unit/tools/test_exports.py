"""The package's public names."""

from __future__ import annotations

import json
import subprocess
import sys

import bot.tools
import bot.tools.builtin
import bot.tools.web
from bot.conversation.history import estimate_tokens


def _as_ruff_sorts(name: str) -> tuple[bool, bool, str]:
    """Constants, then classes, then functions."""
    return not name.isupper(), not name[0].isupper(), name


def test_the_public_names_are_sorted_and_exist() -> None:
    """``__all__`` is sorted, and every name in it can be imported."""
    for package in (bot.tools, bot.tools.builtin, bot.tools.web):
        assert sorted(package.__all__, key=_as_ruff_sorts) == package.__all__
        assert all(hasattr(package, name) for name in package.__all__)


def test_the_default_tools_change_nothing() -> None:
    """A fresh installation offers what works without keys, and none of it has side effects."""
    tools = bot.tools.default_tools()
    assert tools.names == ("calculate", "current_time", "convert_units", "fetch_page")
    assert not any(tool.side_effects for tool in tools)


def test_the_default_tools_cost_few_tokens() -> None:
    """Their schemas ride along on every request, so together they stay within a few hundred tokens."""
    wire = [
        json.dumps({"name": spec.name, "description": spec.description, "parameters": spec.parameters})
        for spec in bot.tools.default_tools().specs
    ]
    assert sum(estimate_tokens(text) for text in wire) < 500


def test_the_parser_of_pages_is_not_loaded_here() -> None:
    """It starts with the process that reads a page, so that the service starts without it."""
    program = (
        "import sys, bot.tools; assert not {name for name in sys.modules if name.startswith('selectolax')}"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)

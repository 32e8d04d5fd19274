"""The package's public names."""

from __future__ import annotations

import bot.tools
import bot.tools.builtin


def test_the_public_names_are_sorted_and_exist() -> None:
    """``__all__`` is sorted, and every name in it can be imported."""
    for package in (bot.tools, bot.tools.builtin):
        assert sorted(package.__all__) == package.__all__
        assert all(hasattr(package, name) for name in package.__all__)


def test_the_default_tools_are_the_calculator_and_the_clock() -> None:
    """A fresh installation offers what works without network and keys, and none of it has side effects."""
    tools = bot.tools.default_tools()
    assert tools.names == ("calculate", "current_time")
    assert not any(tool.side_effects for tool in tools)


def test_the_default_tools_cost_few_tokens() -> None:
    """Their schemas ride along on every request, so together they stay within a few hundred tokens."""
    size = sum(
        len(f"{spec.name}{spec.description}{spec.parameters}") for spec in bot.tools.default_tools().specs
    )
    assert size < 1200

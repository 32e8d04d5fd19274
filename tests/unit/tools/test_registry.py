"""The toolbox: unique names, and sentences about what there is."""

from __future__ import annotations

import pytest

from bot.errors import ConfigurationError, ToolRetry
from bot.tools import Tool, Toolbox, ToolContext


async def _done(context: ToolContext, text: str) -> str:
    return "done"


def a_tool(name: str) -> Tool:
    """A tool that does nothing."""
    return Tool(name=name, description=f"Do {name}.", parameters={}, run=_done)


BOX = Toolbox([a_tool("paint"), a_tool("sing"), a_tool("cook")])


def test_the_order_is_kept() -> None:
    """Specs come in the order given: the request's prefix stays the same from call to call."""
    assert [spec.name for spec in BOX.specs] == ["paint", "sing", "cook"] == list(BOX.names)
    assert len(BOX) == 3


def test_two_tools_of_one_name_are_refused() -> None:
    """The model could not tell them apart."""
    with pytest.raises(ConfigurationError, match="two tools are called 'paint'"):
        Toolbox([*BOX, a_tool("paint")])


def test_a_tool_is_found_by_name() -> None:
    """``get`` gives the tool itself."""
    assert BOX.get("sing") in list(BOX)


@pytest.mark.parametrize("name", ["dance", "", "Paint"])
def test_an_unknown_tool_is_answered_with_the_names_there_are(name: str) -> None:
    """The model invents names; it is told the real ones."""
    with pytest.raises(ToolRetry, match="The tools are: paint, sing, cook"):
        BOX.get(name)


def test_an_empty_toolbox_says_so() -> None:
    """With no tools at all the model is told to answer by itself."""
    with pytest.raises(ToolRetry, match="answer without tools"):
        Toolbox().get("dance")


def test_a_subset_has_only_the_tools_named() -> None:
    """In the order named, each once."""
    assert BOX.subset(["cook", "paint", "cook"]).names == ("cook", "paint")


def test_a_subset_with_an_unknown_name_tells_the_operator() -> None:
    """A persona that asks for a tool that is not there is a configuration mistake."""
    with pytest.raises(ConfigurationError, match="no tool 'dance'; the tools are: paint, sing, cook"):
        BOX.subset(["dance"])

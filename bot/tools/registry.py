"""A toolbox holds tools under unique names and tells, in words, which it has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from bot.errors import ConfigurationError, ToolRetry
from bot.ports import ToolSpec
from bot.tools.tool import Tool

__all__ = ["Toolbox"]


class Toolbox:
    """The tools of a persona, in a fixed order. Raises ConfigurationError when two have the same name."""

    __slots__ = ("_tools",)

    def __init__(self, tools: Iterable[Tool] = ()) -> None:
        self._tools: dict[str, Tool] = {}
        for tool in tools:
            if tool.name in self._tools:
                raise ConfigurationError(
                    f"two tools are called {tool.name!r}: rename or leave out one of them"
                )
            self._tools[tool.name] = tool

    def __iter__(self) -> Iterator[Tool]:
        return iter(self._tools.values())

    def __len__(self) -> int:
        return len(self._tools)

    @property
    def names(self) -> tuple[str, ...]:
        """The tools' names, in order."""
        return tuple(self._tools)

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """The tools as the model sees them, in an order that stays the same from call to call."""
        return tuple(tool.spec for tool in self)

    def get(self, name: str) -> Tool:
        """The tool of that name. Raises ToolRetry, which tells the model the names there are."""
        if name in self._tools:
            return self._tools[name]
        if not self._tools:
            raise ToolRetry(f"There is no tool {name!r}, and no other: answer without tools.")
        raise ToolRetry(f"There is no tool {name!r}. The tools are: {self._listing()}.")

    def subset(self, names: Iterable[str]) -> Toolbox:
        """Only the tools named, in the order named. Raises ConfigurationError for a name not here."""
        return Toolbox(self._configured(name) for name in dict.fromkeys(names))

    def cautious(self) -> Toolbox:
        """The same tools, of which the wary ones ask first, like those with side effects."""
        return Toolbox(replace(tool, side_effects=tool.side_effects or tool.wary) for tool in self)

    def _configured(self, name: str) -> Tool:
        if name not in self._tools:
            raise ConfigurationError(f"there is no tool {name!r}; the tools are: {self._listing() or 'none'}")
        return self._tools[name]

    def _listing(self) -> str:
        return ", ".join(self._tools)

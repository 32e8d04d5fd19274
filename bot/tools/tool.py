"""A tool is a typed async function the model may call; ``@tool`` makes one from its hints and docstring."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, overload

from bot.errors import ToolFailed
from bot.messages import Author, ConversationKey
from bot.ports import Clock, ToolSpec
from bot.tools.arguments import Arguments, described, parse_object

__all__ = ["Tool", "ToolContext", "ToolFunction", "tool"]

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_DEFAULT_TIMEOUT_SECONDS: Final = 20.0

ToolFunction = Callable[..., Awaitable[str]]
"""What ``@tool`` takes: an ``async def`` that returns the text for the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolContext:
    """For whom and where a tool runs. The model sees none of it.

    ``language`` is a code such as "en" or "zh"; ``time_zone`` is an IANA name, empty where it is not known.
    ``turn_id`` is the turn whose answer it is for, 0 where there is none.
    """

    clock: Clock
    key: ConversationKey
    author: Author
    language: str = "en"
    time_zone: str = ""
    turn_id: int = 0


def _check_object(text: str) -> str:
    """For a tool that knows no more about its arguments than that they are a JSON object."""
    return described(parse_object(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """Something the model may call.

    ``run`` takes the arguments as the JSON text the model wrote. It raises ToolRetry when they do not fit and
    ToolFailed when the tool cannot do it. ``side_effects`` says that a call changes something outside the
    conversation: a person is asked first, and it is not repeated. ``check`` takes what ``run`` takes, does
    nothing, and describes for that person what would be done, one argument a line; it raises ToolRetry when
    the arguments do not fit. ``wary``: a person is asked first only where words of others were read, which
    may have asked for the call. Raises ValueError for a name that the API would refuse.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]
    run: Callable[[ToolContext, str], Awaitable[str]]
    check: Callable[[str], str] = _check_object
    timeout_seconds: float = _DEFAULT_TIMEOUT_SECONDS
    side_effects: bool = False
    wary: bool = False

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"tool name {self.name!r}: use 1 to 64 letters, digits, '_' or '-'")
        if self.timeout_seconds <= 0:
            raise ValueError(f"tool {self.name!r}: timeout_seconds {self.timeout_seconds!r} is not positive")

    @property
    def spec(self) -> ToolSpec:
        """The tool as the model sees it."""
        return ToolSpec(name=self.name, description=self.description, parameters=self.parameters)


@overload
def tool(function: ToolFunction, /) -> Tool: ...


@overload
def tool(
    *,
    name: str = "",
    timeout_seconds: float = _DEFAULT_TIMEOUT_SECONDS,
    side_effects: bool = False,
    wary: bool = False,
) -> Callable[[ToolFunction], Tool]: ...


def tool(
    function: ToolFunction | None = None,
    /,
    *,
    name: str = "",
    timeout_seconds: float = _DEFAULT_TIMEOUT_SECONDS,
    side_effects: bool = False,
    wary: bool = False,
) -> Tool | Callable[[ToolFunction], Tool]:
    """Make a Tool of an async function; its docstring is what the model reads about it.

    A parameter's description is the string in ``Annotated[str, "..."]``. A first parameter of type
    ToolContext is filled in by us. Raises TypeError for a function that cannot be a tool.
    """

    def decorate(function: ToolFunction) -> Tool:
        made = _make(function, name=name, timeout_seconds=timeout_seconds, side_effects=side_effects)
        return replace(made, wary=wary)

    return decorate if function is None else decorate(function)


def _make(function: ToolFunction, *, name: str, timeout_seconds: float, side_effects: bool) -> Tool:
    title = getattr(function, "__name__", repr(function))
    if not inspect.iscoroutinefunction(function):
        raise TypeError(f"{title}: a tool is an async function")
    description = inspect.getdoc(function)
    if not description:
        raise TypeError(f"{title}: a tool needs a docstring, which tells the model what it is for")
    arguments = Arguments.of(function, hidden=ToolContext)

    async def run(context: ToolContext, text: str) -> str:
        first = (context,) if arguments.takes_hidden else ()
        try:
            return await function(*first, **arguments.parse(text))
        except SystemExit as exc:  # asyncio would end the service with it
            raise ToolFailed("it tried to end the program.") from exc

    return Tool(
        name=name or title,
        description=description,
        parameters=arguments.schema,
        run=run,
        check=arguments.describe,
        timeout_seconds=timeout_seconds,
        side_effects=side_effects,
    )

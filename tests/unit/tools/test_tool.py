"""``@tool``: from a typed async function to a schema, and from a model's JSON to a call."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from bot.errors import ToolRetry
from bot.tools import Tool, ToolContext, tool
from tests.unit.tools.support import a_context, use


class Corner(BaseModel):
    """Where a picture goes."""

    title: str
    x: int = 0


@tool
async def paint(
    context: ToolContext,
    colour: Annotated[Literal["red", "blue"], "What to paint with"],
    times: Annotated[int, "How often", Field(ge=1, le=9)] = 1,
    copy: str = "",
    corners: list[Corner] = [],  # noqa: B006 - a default as people write them
) -> str:
    """Paint something."""
    titles = ",".join(corner.title for corner in corners)
    return f"{context.author.name} {colour} {times} {copy} {titles}".strip()


def test_the_schema_is_made_from_the_signature() -> None:
    """Types, descriptions, bounds and defaults arrive; the context and pydantic's titles do not."""
    corner = {
        "description": "Where a picture goes.",
        "properties": {"title": {"type": "string"}, "x": {"default": 0, "type": "integer"}},
        "required": ["title"],
        "type": "object",
    }
    assert paint.parameters == {
        "$defs": {"Corner": corner},
        "properties": {
            "colour": {"description": "What to paint with", "enum": ["red", "blue"], "type": "string"},
            "times": {
                "default": 1,
                "description": "How often",
                "maximum": 9,
                "minimum": 1,
                "type": "integer",
            },
            "copy": {"type": "string"},
            "corners": {"default": [], "items": {"$ref": "#/$defs/Corner"}, "type": "array"},
        },
        "required": ["colour"],
        "type": "object",
    }


def test_the_spec_is_what_the_model_sees() -> None:
    """Name and description come from the function, and the whole spec is JSON."""
    assert (paint.spec.name, paint.spec.description) == ("paint", "Paint something.")
    assert json.loads(json.dumps(dict(paint.spec.parameters))) == paint.parameters


def test_options_are_kept() -> None:
    """Name, time-out and side effects can be given."""

    @tool(name="book_room", timeout_seconds=3.5, side_effects=True)
    async def book() -> str:
        """Book it."""
        return "booked"

    assert (book.name, book.timeout_seconds, book.side_effects) == ("book_room", 3.5, True)
    assert book.parameters == {"properties": {}, "type": "object"}


async def test_the_function_gets_the_context_and_checked_values() -> None:
    """Values are converted where that is safe, and nested ones arrive as what the hint says."""
    assert await use(paint, colour="red", times="2", copy=5, corners=[{"title": "up"}]) == "Ada red 2 5 up"


async def test_left_out_arguments_take_the_default() -> None:
    """Only what the model gave is passed on."""
    assert await use(paint, colour="blue") == "Ada blue 1"


@pytest.mark.parametrize("text", ["", "  \n", "null", "{}", '"{}"', '""'])
async def test_no_arguments_may_be_written_in_many_ways(text: str) -> None:
    """Empty text, null and an object inside a string all mean: no arguments."""

    @tool
    async def ping() -> str:
        """Ping."""
        return "pong"

    assert await ping.run(a_context(), text) == "pong"


async def test_arguments_encoded_twice_are_understood() -> None:
    """Some models put their JSON object into a JSON string."""
    assert await paint.run(a_context(), json.dumps(json.dumps({"colour": "red"}))) == "Ada red 1"


async def test_a_raw_line_break_in_a_string_is_understood() -> None:
    """Models forget to escape line breaks; the meaning is clear all the same."""
    assert await paint.run(a_context(), '{"colour": "red", "copy": "a\nb"}') == "Ada red 1 a\nb"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{}", "argument 'colour' is missing."),
        (
            '{"colour": "red", "size": 1}',
            "there is no argument 'size' (there is: colour, times, copy, corners).",
        ),
        ('{"colour": "red", "times": "x"}', "argument 'times': input should be a valid integer"),
        ('{"colour": "red", "times": 10}', "less than or equal to 9; it was 10."),
        ('{"colour": "red", "corners": [{}]}', "argument 'corners.0.title' is missing."),
        ('{"colour": "red"', "The arguments are not valid JSON"),
        ('{"colour": NaN}', "NaN is not a JSON value"),
        ("[1]", "The arguments must be one JSON object"),
        ("[" * 100_000, "The arguments are not valid JSON"),
        ('{"times": ' + "9" * 5000 + "}", "The arguments are not valid JSON"),
        ('{"colour": "\\ud800"}', "argument 'colour'"),
        ('{"a": 1, "b": 1, "c": 1, "d": 1}', "and 2 more faults."),
    ],
)
async def test_a_wrong_call_is_told_which_argument_is_wrong(text: str, sentence: str) -> None:
    """The sentence names the argument and the fault, so that the model can do better."""
    with pytest.raises(ToolRetry) as caught:
        await paint.run(a_context(), text)
    assert sentence in str(caught.value)
    assert len(str(caught.value)) < 500


@settings(deadline=None)
@given(text=st.text() | st.recursive(st.none() | st.text() | st.floats(), st.lists).map(json.dumps))
async def test_whatever_the_model_writes_ends_in_a_sentence(text: str) -> None:
    """No arguments raise anything but ToolRetry."""
    assert (await _painted(text)).encode()


async def _painted(text: str) -> str:
    try:
        return await paint.run(a_context(), text)
    except ToolRetry as exc:
        return str(exc)


async def _no_docstring() -> str:
    return ""


async def _no_hint(what) -> str:  # type: ignore[no-untyped-def]  # the fault under test
    """Do it."""
    return str(what)


async def _any_number(*what: str) -> str:
    """Do it."""
    return "".join(what)


def _not_async() -> str:
    """Do it."""
    return ""


@pytest.mark.parametrize(
    ("function", "fault"),
    [
        (_no_docstring, "docstring"),
        (_no_hint, "type hint"),
        (_any_number, "by name"),
        (_not_async, "async"),
    ],
)
def test_a_function_that_cannot_be_a_tool_is_refused(function: Callable[..., Any], fault: str) -> None:
    """A mistake in a tool's signature shows when the program starts, not when the model calls it."""
    with pytest.raises(TypeError, match=fault):
        tool(function)


async def _done(context: ToolContext, text: str) -> str:
    return "done"


@pytest.mark.parametrize("name", ["", "a b", "计算", "x" * 65, "fs.read"])
def test_a_name_the_api_would_refuse_is_refused(name: str) -> None:
    """Tool names are letters, digits, underscores and hyphens, at most 64."""
    run: Callable[[ToolContext, str], Awaitable[str]] = _done
    with pytest.raises(ValueError, match="tool name"):
        Tool(name=name, description="Do it.", parameters={}, run=run)


def test_a_tool_needs_some_time() -> None:
    """A time-out of nothing is a mistake."""
    with pytest.raises(ValueError, match="timeout_seconds"):
        Tool(name="x", description="Do it.", parameters={}, run=_done, timeout_seconds=0)

"""Runs one round of tool calls: all at once, each timed, each answered whatever becomes of the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import structlog

from bot.errors import ToolError, ToolFailed, ToolRetry
from bot.events import ToolCall, ToolFinished, ToolStarted
from bot.ports import Clock, ToolMessage
from bot.tools.approval import refusal
from bot.tools.distinct import MAX_CALLS, distinct_calls
from bot.tools.registry import Toolbox
from bot.tools.tool import Tool, ToolContext

__all__ = ["MAX_RESULT_CHARACTERS", "run_calls"]

MAX_RESULT_CHARACTERS: Final = 16_000
_GRACE_SECONDS: Final = 2.0
_NO_DECISIONS: Final[Mapping[str, bool]] = MappingProxyType({})
_MAY_HAVE_HAPPENED: Final = "It may have taken effect all the same: do not repeat it unasked."

_log = structlog.get_logger(__name__)
_strays: set[asyncio.Task[str]] = set()


class _TimedOut(Exception):
    """The tool's time is over. Not TimeoutError, which a tool may raise for reasons of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Result:
    text: str
    failed: bool = False


async def _ignore(event: ToolStarted | ToolFinished) -> None:
    """Nobody listens."""


async def run_calls(
    toolbox: Toolbox,
    calls: Sequence[ToolCall],
    context: ToolContext,
    *,
    decisions: Mapping[str, bool] = _NO_DECISIONS,
    on_start: Callable[[ToolStarted], Awaitable[None]] = _ignore,
    on_finish: Callable[[ToolFinished], Awaitable[None]] = _ignore,
    max_calls: int = MAX_CALLS,
) -> tuple[ToolMessage, ...]:
    """Answer each of ``distinct_calls(calls)``, in that order; the same calls are to be echoed to the model.

    A tool that fails, hangs or does not exist is answered with a sentence and leaves the others alone. Times
    are measured with ``context.clock``. A call with side effects runs only when ``decisions``, which has the
    ids of this very round's calls, holds a yes for it (see ``awaiting_approval``).

    A call that runs is told to ``on_start``; every call, also one that was not run, to ``on_finish``. What
    those raise ends the round: the other calls are cancelled and it is raised as it is. Cancellation cancels
    all calls at once and waits a moment for their clean-up.
    """
    runner = _Round(
        toolbox=toolbox, context=context, decisions=decisions, on_start=on_start, on_finish=on_finish
    )
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(runner.answer(call, allowed=at < max_calls), name=f"tool call {call.name}")
                for at, call in enumerate(distinct_calls(calls))
            ]
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return tuple(task.result() for task in tasks)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    """What the calls of one round share."""

    toolbox: Toolbox
    context: ToolContext
    decisions: Mapping[str, bool]
    on_start: Callable[[ToolStarted], Awaitable[None]]
    on_finish: Callable[[ToolFinished], Awaitable[None]]

    async def answer(self, call: ToolCall, *, allowed: bool) -> ToolMessage:
        result = await self._result(call) if allowed else _Result(text=_too_many(call), failed=True)
        await self.on_finish(ToolFinished(call=call, result=result.text, failed=result.failed))
        return ToolMessage(call_id=call.id, text=result.text)

    async def _result(self, call: ToolCall) -> _Result:
        try:
            tool = self.toolbox.get(call.name)
        except ToolRetry as exc:
            return _Result(text=str(exc), failed=True)
        if refused := _refused(tool, call, self.decisions):
            return _Result(text=_fit(refused), failed=True)
        await self.on_start(ToolStarted(call=call))
        return await _run(tool, call, self.context)


def _too_many(call: ToolCall) -> str:
    return (
        f"{call.name!r} was not run: there were too many calls at once. Call it again if it is still needed."
    )


def _refused(tool: Tool, call: ToolCall, decisions: Mapping[str, bool]) -> str:
    """Why the call is not run, for the model; empty when it may be."""
    try:
        return refusal(tool, call, decisions)
    except ToolRetry as exc:
        return _misfit(tool, exc)
    except ToolError as exc:
        return f"{tool.name} failed: {exc}"
    except Exception:  # noqa: BLE001 - a task boundary: whatever a tool raises, its siblings go on
        _log.exception("tool_check_raised", tool=tool.name)
        return f"{tool.name} was not run because of an error inside it. Go on without it."


def _misfit(tool: Tool, exc: ToolRetry) -> str:
    return f"{tool.name} could not use the arguments: {exc} Correct them and call it again."


async def _run(tool: Tool, call: ToolCall, context: ToolContext) -> _Result:
    """The tool's answer, or a sentence about why there is none. Raises nothing but CancelledError."""
    try:
        work = _call(tool, call, context)
        return _Result(text=_fit(await _within(tool.timeout_seconds, work, context.clock, name=tool.name)))
    except ToolRetry as exc:
        text = _misfit(tool, exc)
    except ToolError as exc:
        text = f"{tool.name} failed: {exc}"
    except _TimedOut:
        _log.warning("tool_timed_out", tool=tool.name, timeout_seconds=tool.timeout_seconds)
        text = _with_caution(f"{tool.name} was stopped: it took over {tool.timeout_seconds:g} seconds.", tool)
    except Exception:  # noqa: BLE001 - a task boundary: whatever a tool raises, its siblings go on
        _log.exception("tool_raised", tool=tool.name)
        text = _with_caution(f"{tool.name} failed because of an error inside it. Go on without it.", tool)
    return _Result(text=_fit(text), failed=True)


async def _call(tool: Tool, call: ToolCall, context: ToolContext) -> str:
    return await tool.run(context, call.arguments)


def _with_caution(text: str, tool: Tool) -> str:
    return f"{text} {_MAY_HAVE_HAPPENED}" if tool.side_effects else text


async def _within(seconds: float, work: Coroutine[Any, Any, str], clock: Clock, *, name: str) -> str:
    """The result of ``work``; raises _TimedOut when the clock has moved on by ``seconds`` first."""
    task = asyncio.create_task(work, name=f"tool {name}")
    timer = asyncio.create_task(clock.sleep(seconds), name=f"time-out of tool {name}")
    try:
        await asyncio.wait({task, timer}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise _TimedOut
        if task.cancelled():
            raise ToolFailed("it was interrupted.")
        return task.result()
    finally:
        timer.cancel()
        await _end(task, name=name)


async def _end(task: asyncio.Task[str], *, name: str) -> None:
    """Cancel ``task`` and give it a moment to clean up; one that will not end is logged and left."""
    if task.done():
        return
    task.cancel()
    _strays.add(task)
    task.add_done_callback(_forget)
    _, pending = await asyncio.wait({task}, timeout=_GRACE_SECONDS)
    if pending:
        _log.warning("tool_ignored_cancellation", tool=name, waited_seconds=_GRACE_SECONDS)


def _forget(task: asyncio.Task[str]) -> None:
    _strays.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.warning("tool_cleanup_failed", task=task.get_name(), exc_info=error)


def _fit(text: str) -> str:
    """The text as the API takes it: not empty, no lone surrogates, at most MAX_RESULT_CHARACTERS long."""
    clean = text.encode("utf-8", "replace").decode("utf-8")
    if not clean.strip():
        return "(no output)"
    if len(clean) <= MAX_RESULT_CHARACTERS:
        return clean
    note = f"\n[shortened: this is the beginning of {len(clean):,} characters]"
    return clean[: MAX_RESULT_CHARACTERS - len(note)] + note

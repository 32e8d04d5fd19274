"""A round of tool calls: every call is answered, whatever the tools do."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from bot.errors import Fenced, ToolFailed, ToolRetry
from bot.events import ToolCall, ToolFinished, ToolStarted
from bot.ports import ToolMessage
from bot.tools import MAX_CALLS, MAX_RESULT_CHARACTERS, Toolbox, run_calls, tool
from bot.tools import execute as execute_module
from tests.unit.tools.support import HandClock, a_call, a_context, settle


@tool
async def echo(text: str) -> str:
    """Say it again."""
    return text


@tool
async def slow_echo(text: str) -> str:
    """Say it again, later."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return text


@tool
async def refuse() -> str:
    """Ask for better arguments."""
    raise ToolRetry("Say please.")


@tool
async def give_up() -> str:
    """Fail for good."""
    raise ToolFailed("the shop is closed.")


@tool
async def break_down() -> str:
    """Raise what nobody expects."""
    raise RuntimeError("secret detail")


@tool
async def time_out_inside() -> str:
    """Raise TimeoutError from within."""
    raise TimeoutError


@tool
async def interrupt_itself() -> str:
    """End as if cancelled."""
    raise asyncio.CancelledError


@tool(timeout_seconds=5)
async def hang() -> str:
    """Never end."""
    await asyncio.Event().wait()
    return "never"


@tool(timeout_seconds=5, side_effects=True)
async def order() -> str:
    """Order something and never hear back."""
    await asyncio.Event().wait()
    return "never"


@tool
async def shout(length: int) -> str:
    """Say very much."""
    return "长" * length


@tool
async def half_a_character() -> str:
    """Give what cannot be sent."""
    return "a\ud800b"


TOOLS = Toolbox(
    [
        echo,
        slow_echo,
        refuse,
        give_up,
        break_down,
        time_out_inside,
        interrupt_itself,
        hang,
        order,
        shout,
        half_a_character,
    ]
)


@dataclass
class Heard:
    """What a listener was told."""

    started: list[str] = field(default_factory=list)
    finished: list[ToolFinished] = field(default_factory=list)

    async def on_start(self, event: ToolStarted) -> None:
        self.started.append(event.call.id)

    async def on_finish(self, event: ToolFinished) -> None:
        self.finished.append(event)


async def run(*calls: ToolCall) -> tuple[ToolMessage, ...]:
    """A round with nobody listening, which ends without the clock moving."""
    return await asyncio.wait_for(run_calls(TOOLS, calls, a_context()), 10)


async def run_one(call: ToolCall) -> str:
    """The text that answers one call."""
    (message,) = await run(call)
    assert message.call_id == call.id
    return message.text


async def test_results_come_in_the_order_of_the_calls() -> None:
    """Not in the order in which the tools end."""
    messages = await run(a_call("slow_echo", "1", text="first"), a_call("echo", "2", text="second"))
    assert messages == (ToolMessage(call_id="1", text="first"), ToolMessage(call_id="2", text="second"))


async def test_calls_run_side_by_side() -> None:
    """Two tools that wait for each other both come to an end."""
    meeting = asyncio.Barrier(2)

    @tool
    async def meet() -> str:
        """Wait for the other one."""
        async with meeting:
            return "met"

    calls = [a_call("meet", "1"), a_call("meet", "2")]
    messages = await asyncio.wait_for(run_calls(Toolbox([meet]), calls, a_context()), 10)
    assert [message.text for message in messages] == ["met", "met"]


async def test_no_calls_give_no_messages() -> None:
    """An empty round is over at once."""
    assert await run() == ()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("refuse", "refuse could not use the arguments: Say please. Correct them and call it again."),
        ("give_up", "give_up failed: the shop is closed."),
        ("interrupt_itself", "interrupt_itself failed: it was interrupted."),
        (
            "echo",
            "echo could not use the arguments: argument 'text' is missing. Correct them and call it again.",
        ),
    ],
)
async def test_a_tool_error_becomes_a_text(name: str, sentence: str) -> None:
    """The model reads what went wrong and what it can do."""
    assert await run_one(a_call(name)) == sentence


@pytest.mark.parametrize("name", ["break_down", "time_out_inside"])
async def test_an_unexpected_error_is_logged_and_told_in_general_words(name: str) -> None:
    """The traceback is for the operator; the model learns only that it has to go on without."""
    with capture_logs() as logs:
        text = await run_one(a_call(name))
    assert text == f"{name} failed because of an error inside it. Go on without it."
    assert [(log["event"], log["tool"], log["exc_info"]) for log in logs] == [("tool_raised", name, True)]


async def test_an_unknown_tool_is_answered_with_the_tools_there_are() -> None:
    """Streams have been seen to lose a call's name; such a call is answered too."""
    assert "The tools are: echo, slow_echo" in await run_one(a_call(""))


async def test_a_failing_tool_leaves_its_siblings_alone() -> None:
    """A round with every kind of failure still gives the good result."""
    names = ["break_down", "give_up", "refuse", "interrupt_itself", "nobody"]
    calls = [a_call(name, name) for name in names]
    messages = await run(*calls, a_call("slow_echo", "good", text="still here"))
    assert [message.call_id for message in messages] == [*names, "good"]
    assert messages[-1].text == "still here"


async def test_a_tool_that_hangs_is_stopped_when_its_time_is_over() -> None:
    """Time is the clock's; the others' results are kept."""
    clock = HandClock()
    calls = [a_call("hang", "1"), a_call("echo", "2", text="here")]
    running = asyncio.create_task(run_calls(TOOLS, calls, a_context(clock)))
    await settle()
    await clock.advance(4.9)
    assert not running.done()
    await clock.advance(0.2)
    messages = await asyncio.wait_for(running, 10)
    assert [message.text for message in messages] == ["hang was stopped: it took over 5 seconds.", "here"]


async def test_a_tool_with_side_effects_may_have_had_them() -> None:
    """After a time-out the model is warned not to order twice."""
    clock = HandClock()
    running = asyncio.create_task(
        run_calls(TOOLS, [a_call("order")], a_context(clock), decisions={"call-a": True})
    )
    await settle()
    await clock.advance(6)
    (message,) = await asyncio.wait_for(running, 10)
    assert "may have taken effect" in message.text


async def test_a_long_result_is_shortened_with_a_note() -> None:
    """The model knows that it reads only the beginning."""
    text = await run_one(a_call("shout", length=MAX_RESULT_CHARACTERS + 1))
    assert len(text) == MAX_RESULT_CHARACTERS
    assert text.endswith("\n[shortened: this is the beginning of 16,001 characters]")


async def test_a_result_that_just_fits_is_left_as_it_is() -> None:
    """The limit itself is allowed."""
    assert await run_one(a_call("shout", length=MAX_RESULT_CHARACTERS)) == "长" * MAX_RESULT_CHARACTERS


async def test_an_empty_result_says_so() -> None:
    """Nothing at all would look like a lost answer."""
    assert await run_one(a_call("echo", text=" ")) == "(no output)"


async def test_a_result_can_always_be_sent() -> None:
    """Half a surrogate pair cannot be encoded, so it is replaced."""
    assert await run_one(a_call("half_a_character")) == "a?b"


async def test_calls_past_the_limit_are_answered_but_not_run() -> None:
    """A model that asks for far too much at once is told to ask again."""
    heard = Heard()
    calls = [a_call("echo", f"id{number}", text="yes") for number in range(MAX_CALLS + 2)]
    messages = await run_calls(TOOLS, calls, a_context(), on_start=heard.on_start, on_finish=heard.on_finish)
    assert [message.text for message in messages[:MAX_CALLS]] == ["yes"] * MAX_CALLS
    assert all("too many calls at once" in message.text for message in messages[MAX_CALLS:])
    assert len(heard.started) == MAX_CALLS
    assert len(heard.finished) == MAX_CALLS + 2


async def test_listeners_hear_of_start_and_end() -> None:
    """What ran was started; what ended says whether it failed and what the model is told."""
    heard = Heard()
    calls = [a_call("echo", "1", text="yes"), a_call("give_up", "2"), a_call("nobody", "3")]
    await run_calls(TOOLS, calls, a_context(), on_start=heard.on_start, on_finish=heard.on_finish)
    assert sorted(heard.started) == ["1", "2"]
    assert {(event.call.id, event.failed) for event in heard.finished} == {
        ("1", False),
        ("2", True),
        ("3", True),
    }
    assert ToolFinished(call=calls[0], result="yes") in heard.finished


async def test_an_error_of_a_listener_ends_the_round() -> None:
    """A fenced turn must stop: the listener's error comes out as it is, and the other tools are cancelled."""
    ended = asyncio.Event()

    @tool
    async def wait() -> str:
        """Wait."""
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return "never"

    async def fence(event: ToolFinished) -> None:
        raise Fenced("another attempt owns the turn")

    box = Toolbox([wait, slow_echo])
    calls = [a_call("wait", "1"), a_call("slow_echo", "2", text="x")]
    with pytest.raises(Fenced):
        await asyncio.wait_for(run_calls(box, calls, a_context(), on_finish=fence), 10)
    assert ended.is_set()


async def test_cancellation_cancels_all_calls_at_once() -> None:
    """Every tool is told to stop and has cleaned up when the cancellation comes out."""
    events: list[str] = []

    @tool
    async def work(name: str) -> str:
        """Work until stopped."""
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            events.append(f"{name} told")
            await asyncio.sleep(0)
            events.append(f"{name} cleaned up")
            raise
        return "never"

    calls = [a_call("work", name, name=name) for name in "abc"]
    running = asyncio.create_task(run_calls(Toolbox([work]), calls, a_context()))
    await settle()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert sorted(events[:3]) == ["a told", "b told", "c told"]
    assert sorted(events[3:]) == ["a cleaned up", "b cleaned up", "c cleaned up"]


async def test_a_tool_that_ignores_cancellation_does_not_hold_up_the_round(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After a short grace the round goes on, and the log names the tool."""
    monkeypatch.setattr(execute_module, "_GRACE_SECONDS", 0.01)
    release = asyncio.Event()

    @tool(timeout_seconds=1)
    async def stubborn() -> str:
        """Keep going."""
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        return "at last"

    clock = HandClock()
    running = asyncio.create_task(run_calls(Toolbox([stubborn]), [a_call("stubborn")], a_context(clock)))
    await settle()
    with capture_logs() as logs:
        await clock.advance(1)
        (message,) = await asyncio.wait_for(running, 10)
        release.set()
        await settle()
    assert message.text == "stubborn was stopped: it took over 1 seconds."
    assert {log["event"] for log in logs} == {"tool_timed_out", "tool_ignored_cancellation"}
    assert not execute_module._strays


async def test_an_error_while_cleaning_up_is_logged() -> None:
    """It comes too late to be a result, and is not lost."""

    @tool(timeout_seconds=1)
    async def clumsy() -> str:
        """Fail while stopping."""
        try:
            await asyncio.Event().wait()
        finally:
            raise RuntimeError("dropped it")

    clock = HandClock()
    running = asyncio.create_task(run_calls(Toolbox([clumsy]), [a_call("clumsy")], a_context(clock)))
    await settle()
    with capture_logs() as logs:
        await clock.advance(1)
        await asyncio.wait_for(running, 10)
    assert "tool_cleanup_failed" in [log["event"] for log in logs]


async def test_no_task_is_left_behind() -> None:
    """Neither a tool nor its timer outlives the round."""
    before = asyncio.all_tasks()
    await run(a_call("echo", "1", text="x"), a_call("break_down", "2"))
    await settle()
    assert asyncio.all_tasks() == before


QUICK = [
    "echo",
    "slow_echo",
    "refuse",
    "give_up",
    "break_down",
    "interrupt_itself",
    "half_a_character",
    "nobody",
]


@settings(deadline=None)
@given(names=st.lists(st.sampled_from(QUICK), max_size=20))
async def test_every_call_is_answered_in_order(names: list[str]) -> None:
    """Whatever mixture of tools is called, there is one text a call, in call order."""
    calls = [a_call(name, f"id{at}") for at, name in enumerate(names)]
    with capture_logs():
        messages = await run(*calls)
    assert [message.call_id for message in messages] == [call.id for call in calls]
    assert all(message.text for message in messages)

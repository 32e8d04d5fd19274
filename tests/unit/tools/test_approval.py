"""Calls with side effects: who is asked, about what, and what runs after the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from structlog.testing import capture_logs

from bot.errors import ToolFailed, ToolRetry
from bot.events import ToolCall, ToolFinished, ToolStarted
from bot.tools import MAX_CALLS, Tool, Toolbox, ToolContext, awaiting_approval, run_calls, tool
from tests.unit.tools.support import a_call, a_context


class Item(BaseModel):
    """Something to buy."""

    name: str
    pieces: int = 1


sent: list[str] = []


@tool(side_effects=True)
async def send_mail(to: str, text: str = "", copies: int = 1) -> str:
    """Send a letter."""
    sent.append(f"{to}: {text} x{copies}")
    return "sent"


@tool(side_effects=True)
async def buy(items: list[Item]) -> str:
    """Buy things."""
    sent.append(f"{len(items)} things")
    return "bought"


@tool(side_effects=True)
async def ring() -> str:
    """Ring the bell."""
    sent.append("rang")
    return "rang"


@tool
async def look(where: str) -> str:
    """Look at something."""
    return f"saw {where}"


TOOLS = Toolbox([send_mail, buy, ring, look])


@pytest.fixture(autouse=True)
def _nothing_sent_yet() -> None:
    sent.clear()


async def answers(*calls: ToolCall, decisions: Mapping[str, bool] | None = None) -> list[str]:
    """What the model reads after a round with these decisions."""
    messages = await run_calls(TOOLS, calls, a_context(), decisions=decisions or {})
    return [message.text for message in messages]


def test_only_calls_with_side_effects_are_asked_about() -> None:
    """In the order of the calls; the others run as they always do."""
    calls = [a_call("look", "1", where="there"), a_call("ring", "2"), a_call("send_mail", "3", to="Bob")]
    pending = awaiting_approval(TOOLS, calls)
    assert [(one.call.id, one.description) for one in pending] == [("2", ""), ("3", "to: Bob\ncopies: 1")]
    assert sent == []


@pytest.mark.parametrize(
    "call",
    [
        a_call("send_mail", "1"),
        a_call("send_mail", "1", to="Bob", bcc="Eve"),
        a_call("send_mail", "1", to="Bob", copies="many"),
        ToolCall(id="1", name="send_mail", arguments="{"),
        a_call("send_fax", "1", to="Bob"),
    ],
)
async def test_nobody_is_asked_about_calls_that_cannot_be_made(call: ToolCall) -> None:
    """Arguments that do not fit, and tools that do not exist, are the model's to put right."""
    assert awaiting_approval(TOOLS, [call]) == ()
    (text,) = await answers(call, decisions={"1": True})
    assert "could not use the arguments" in text or "There is no tool" in text
    assert sent == []


async def test_a_yes_runs_the_call() -> None:
    """Exactly this one."""
    calls = [a_call("send_mail", "1", to="Bob"), a_call("send_mail", "2", to="Eve")]
    texts = await answers(*calls, decisions={"1": True, "2": False})
    assert texts[0] == "sent"
    assert texts[1].startswith("The person declined: send_mail was not run.")
    assert sent == ["Bob:  x1"]


async def test_without_a_decision_nothing_runs() -> None:
    """Silence is no consent; the rest of the round goes on."""
    texts = await answers(a_call("ring", "1"), a_call("look", "2", where="here"), decisions={"other": True})
    assert texts == ["ring was not run: it changes something, and nobody has agreed to that.", "saw here"]
    assert sent == []


async def test_a_call_that_was_declined_is_told_as_finished_only() -> None:
    """It never started, and it did not succeed."""
    started: list[ToolStarted] = []
    finished: list[ToolFinished] = []

    async def on_start(event: ToolStarted) -> None:
        started.append(event)

    async def on_finish(event: ToolFinished) -> None:
        finished.append(event)

    calls = [a_call("ring", "1")]
    await run_calls(TOOLS, calls, a_context(), decisions={"1": False}, on_start=on_start, on_finish=on_finish)
    assert started == []
    assert [(event.call.id, event.failed) for event in finished] == [("1", True)]


async def test_ids_that_were_missing_are_the_same_when_asking_and_when_running() -> None:
    """The decision reaches the call it was made for."""
    calls = [a_call("ring", ""), a_call("send_mail", "", to="Bob")]
    pending = awaiting_approval(TOOLS, calls)
    texts = await answers(*calls, decisions={pending[0].call.id: False, pending[1].call.id: True})
    assert texts[1] == "sent"
    assert sent == ["Bob:  x1"]


def test_calls_past_the_limit_are_not_asked_about() -> None:
    """They would not run in any case."""
    calls = [a_call("send_mail", str(number), to="Bob") for number in range(MAX_CALLS + 3)]
    assert len(awaiting_approval(TOOLS, calls)) == MAX_CALLS


def test_nested_arguments_are_described_on_one_line() -> None:
    """As JSON, with what the model left to us filled in."""
    described = buy.check('{"items": [{"name": "茶"}, {"name": "pot", "pieces": 2}]}')
    assert described == 'items: [{"name":"茶","pieces":1},{"name":"pot","pieces":2}]'


def test_a_value_cannot_pass_for_another_argument() -> None:
    """Line breaks and characters that turn the direction of writing are shown as escapes."""
    call = a_call("send_mail", to="Bob\ncopies: 0", text="\u202eevil\u200b\x1b[2K")
    (pending,) = awaiting_approval(TOOLS, [call])
    expected = ["to: Bob\\ncopies: 0", "text: \\u202eevil\\u200b\\x1b[2K", "copies: 1"]
    assert pending.description.splitlines() == expected


@given(to=st.text(min_size=1, max_size=50), text=st.text(max_size=50), copies=st.integers())
def test_every_description_has_one_line_an_argument(to: str, text: str, copies: int) -> None:
    """Whatever is in them."""
    lines = send_mail.check(a_call("send_mail", to=to, text=text, copies=copies).arguments).splitlines()
    assert [line.split(":")[0] for line in lines] == ["to", *(["text"] if text else []), "copies"]


def test_a_tool_made_by_hand_shows_its_arguments_as_they_are() -> None:
    """It knows no more about them than that they are an object."""

    async def act(context: ToolContext, text: str) -> str:
        return "done"

    plain = Tool(name="act", description="Act.", parameters={}, run=act, side_effects=True)
    assert plain.check('{"a": [1, 2], "b": "x"}') == "a: [1,2]\nb: x"
    with pytest.raises(ToolRetry, match="one JSON object"):
        plain.check("[]")


def _raise(text: str) -> str:
    raise RuntimeError("secret detail")


def _give_up(text: str) -> str:
    raise ToolFailed("the shop is closed.")


@pytest.mark.parametrize(
    ("check", "told"),
    [
        (_raise, "ring was not run because of an error inside it. Go on without it."),
        (_give_up, "ring failed: the shop is closed."),
    ],
)
async def test_a_check_that_breaks_leaves_the_call_unrun(check: Callable[[str], str], told: str) -> None:
    """Nobody is asked, the model is told, and the log has the rest."""
    box = Toolbox([replace(ring, check=check), look])
    calls = [a_call("ring", "1"), a_call("look", "2", where="here")]
    with capture_logs():
        assert awaiting_approval(box, calls) == ()
        messages = await run_calls(box, calls, a_context(), decisions={"1": True})
    assert messages[0].text == told
    assert messages[1].text == "saw here"
    assert sent == []

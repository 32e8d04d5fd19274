"""Any conversation of the core becomes one that the provider accepts."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.events import ToolCall
from bot.ports import AssistantMessage, ModelMessage, SystemMessage, ToolMessage, UserMessage
from bot.providers.messages import wire_messages
from bot.providers.profiles import UNKNOWN, Thinking
from bot.sandbox import ModelCard
from bot.sandbox.message_rules import check_messages

_CARD = ModelCard(id="m")
_IDS = st.sampled_from(["c1", "c2", "c3"])
_TEXT = st.sampled_from(["", "one", "two"])
_CALLS = st.lists(_IDS, max_size=2, unique=True).map(
    lambda ids: tuple(ToolCall(id=name, name="tool", arguments="") for name in ids)
)
_MESSAGES: st.SearchStrategy[ModelMessage] = st.one_of(
    st.builds(SystemMessage, text=_TEXT),
    st.builds(UserMessage, text=_TEXT),
    st.builds(AssistantMessage, text=_TEXT, calls=_CALLS, thinking=_TEXT),
    st.builds(ToolMessage, call_id=_IDS, text=_TEXT),
)


@given(talk=st.lists(_MESSAGES, max_size=10), tools=st.booleans(), folds=st.booleans())
def test_every_talk_is_accepted(talk: list[ModelMessage], tools: bool, folds: bool) -> None:
    """Whatever the core has: order, contents and results of calls are as the provider wants them."""
    profile = replace(UNKNOWN, tools=tools, folds_system=folds)
    wire = wire_messages(talk, profile=profile)
    check_messages(wire, _CARD)
    assert all(isinstance(message["content"], str) for message in wire)
    assert [message["role"] for message in wire].count("system") <= 1


def test_neighbours_of_one_role_are_merged() -> None:
    """Two messages of a person in a row are one."""
    wire = wire_messages([UserMessage(text="one"), UserMessage(text="two")], profile=UNKNOWN)
    assert wire == [{"role": "user", "content": "one\n\ntwo"}]


def test_text_before_calls_stays_with_them() -> None:
    """An assistant's text and the calls after it are one message."""
    call = ToolCall(id="c1", name="a", arguments="{}")
    talk: list[ModelMessage] = [
        UserMessage(text="?"),
        AssistantMessage(text="Let me look."),
        AssistantMessage(text="", calls=(call,)),
        ToolMessage(call_id="c1", text="42"),
    ]
    wire = wire_messages(talk, profile=UNKNOWN)
    assert [message["role"] for message in wire] == ["user", "assistant", "tool"]
    assert wire[1]["content"] == "Let me look."
    assert wire[1]["tool_calls"][0]["id"] == "c1"


def test_results_follow_their_calls_in_order() -> None:
    """A missing result is made up, a result of nothing is left out."""
    calls = tuple(ToolCall(id=name, name="a", arguments="{}") for name in ("c1", "c2"))
    talk: list[ModelMessage] = [
        ToolMessage(call_id="c0", text="of nothing"),
        UserMessage(text="?"),
        AssistantMessage(text="", calls=calls),
        UserMessage(text="And?"),
        ToolMessage(call_id="c2", text="two"),
    ]
    wire = wire_messages(talk, profile=UNKNOWN)
    assert [message["role"] for message in wire] == ["user", "assistant", "tool", "tool", "user"]
    assert "no result" in wire[2]["content"]
    assert wire[3]["content"] == "two"


def test_ids_used_again_later_keep_their_own_results() -> None:
    """Models like to number every first call the same."""
    call = ToolCall(id="call_0", name="a", arguments="{}")
    talk: list[ModelMessage] = [UserMessage(text="?")]
    for result in ("first", "second"):
        talk += [AssistantMessage(text="", calls=(call,)), ToolMessage(call_id="call_0", text=result)]
    wire = wire_messages(talk, profile=UNKNOWN)
    assert [message["content"] for message in wire if message["role"] == "tool"] == ["first", "second"]


def test_thinking_is_echoed_with_calls_only() -> None:
    """Models that do not think are spared it, and plain answers never carry it."""
    call = ToolCall(id="c1", name="a", arguments="{}")
    talk: list[ModelMessage] = [
        UserMessage(text="?"),
        AssistantMessage(text="A", thinking="so"),
        UserMessage(text="?"),
        AssistantMessage(text="", calls=(call,), thinking="hm"),
    ]
    thinks = replace(UNKNOWN, thinking=Thinking.SWITCH)
    assert [m.get("reasoning_content") for m in wire_messages(talk, profile=thinks)][:4] == [
        None,
        None,
        None,
        "hm",
    ]
    assert not any("reasoning_content" in m for m in wire_messages(talk, profile=UNKNOWN))


def test_instructions_can_go_into_the_first_question() -> None:
    """R1 works best without a system prompt."""
    talk: list[ModelMessage] = [SystemMessage(text="Be brief."), UserMessage(text="Hi")]
    wire = wire_messages(talk, profile=replace(UNKNOWN, folds_system=True))
    assert wire == [{"role": "user", "content": "Be brief.\n\nHi"}]


def test_without_tools_calls_are_told_in_words() -> None:
    """A model that knows no tools still learns what was found."""
    call = ToolCall(id="c1", name="weather", arguments='{"city":"Rome"}')
    talk: list[ModelMessage] = [
        UserMessage(text="?"),
        AssistantMessage(text="", calls=(call,)),
        ToolMessage(call_id="c1", text="rain"),
    ]
    wire = wire_messages(talk, profile=replace(UNKNOWN, tools=False))
    assert [message["role"] for message in wire] == ["user", "assistant", "user"]
    assert "weather" in wire[1]["content"]
    assert "rain" in wire[2]["content"]

"""Any conversation of the core becomes one that the provider accepts."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.events import ToolCall
from bot.ports import AssistantMessage, ModelMessage, Picture, SystemMessage, ToolMessage, UserMessage
from bot.providers.messages import wire_messages
from bot.providers.profiles import UNKNOWN, Thinking
from bot.sandbox import ModelCard
from bot.sandbox.message_rules import check_messages

_CARD = ModelCard(id="m")
_SEEING_CARD = replace(_CARD, images=True)
_CAT = Picture(data=b"\xff\xd8\xff", mime="image/jpeg", width=28, height=28, caption="an orange cat")
_IDS = st.sampled_from(["c1", "c2", "c3"])
_TEXT = st.sampled_from(["", "one", "two"])
_CALLS = st.lists(_IDS, max_size=2, unique=True).map(
    lambda ids: tuple(ToolCall(id=name, name="tool", arguments="") for name in ids)
)
_MESSAGES: st.SearchStrategy[ModelMessage] = st.one_of(
    st.builds(SystemMessage, text=_TEXT),
    st.builds(UserMessage, text=_TEXT, pictures=st.lists(st.just(_CAT), max_size=2).map(tuple)),
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


@given(talk=st.lists(_MESSAGES, max_size=10), folds=st.booleans())
def test_every_talk_with_pictures_is_accepted_by_a_model_that_sees(
    talk: list[ModelMessage], folds: bool
) -> None:
    """Each picture of a person is there, in the place where it was shown."""
    wire = wire_messages(talk, profile=replace(UNKNOWN, images=True, folds_system=folds))
    check_messages(wire, _SEEING_CARD)
    sent = [part for message in wire if isinstance(message["content"], list) for part in message["content"]]
    shown = sum(len(message.pictures) for message in talk if isinstance(message, UserMessage))
    assert sum(part["type"] == "image_url" for part in sent) == shown


def test_a_model_that_cannot_see_is_told_what_is_in_a_picture() -> None:
    """In words, where there are any."""
    unknown = replace(_CAT, caption="")
    (wire,) = wire_messages([UserMessage(text="Whose is it?", pictures=(_CAT, unknown))], profile=UNKNOWN)
    assert wire["content"] == (
        "[A picture: an orange cat]\n\n[A picture that you cannot see]\n\nWhose is it?"
    )


def test_an_old_picture_is_told_in_words_to_a_model_that_sees_too() -> None:
    """Its bytes are gone; one that is there goes as a picture, then the words of the other."""
    old = replace(_CAT, data=b"")
    said = UserMessage(text="Whose are they?", pictures=(old, replace(_CAT, at_a_glance=True)))
    (wire,) = wire_messages([said], profile=replace(UNKNOWN, images=True))
    picture, words = wire["content"]
    assert picture["image_url"]["detail"] == "low"
    assert words["text"] == "[A picture: an orange cat]\n\nWhose are they?"


def test_a_picture_goes_as_a_data_url_before_the_words() -> None:
    """As the API takes it (facts: SiliconFlow, vision)."""
    profile = replace(UNKNOWN, images=True)
    (wire,) = wire_messages([UserMessage(text="Whose is it?", pictures=(_CAT,))], profile=profile)
    picture, words = wire["content"]
    assert picture["image_url"]["url"] == "data:image/jpeg;base64,/9j/"
    assert words == {"type": "text", "text": "Whose is it?"}


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

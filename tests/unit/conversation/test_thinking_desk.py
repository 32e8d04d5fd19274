"""/think: whether, how long and how visibly the model thinks is shown and changed, and reaches the model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.conversation import BUILT_IN, PersonaBook
from bot.messages import ChatKind
from bot.sandbox import Reply
from tests.unit.conversation.conftest import OpenStage
from tests.unit.conversation.stage import MODEL, THINKER, Talk
from tests.unit.conversation.test_personas import Moderated

ALWAYS = "deepseek-ai/DeepSeek-R1"
NO_BUDGET = "deepseek-ai/DeepSeek-V4-Flash"


def labels(talk: Talk) -> list[list[str]]:
    return [[button.label for button in row] for row in talk.shown[-1].buttons]


async def pressed(talk: Talk, label: str) -> str:
    """Press the button and give what the person is told."""
    press = talk.press(label)
    await talk.stage.quiet()
    return talk.stage.platform.answered_buttons[press]


async def test_what_is_chosen_by_buttons_reaches_the_model(open_stage: OpenStage) -> None:
    """On, off, its length and back; each press redraws the page."""
    stage = await open_stage(models=(THINKER,))
    ann = stage.talk()
    await ann.ask("/think")
    assert ann.texts[-1] == (
        "Thinking before the answer\n\nNobody has set it; this model thinks by itself.\n\n"
        "Its length is left to the model.\n\nYou see it folded above the answer."
    )
    assert labels(ann) == [
        ["On", "Off", "✓ Default"],
        ["Short: 1024", "Medium: 4096", "Long: 16384"],
        ["Hide thinking"],
    ]
    assert await pressed(ann, "Off") == "Saved."
    assert "It is switched off." in ann.texts[-1]
    assert labels(ann)[0] == ["On", "✓ Off", "Default"]
    await ann.ask("Hello")
    assert stage.requests[-1]["enable_thinking"] is False
    await ann.ask("/think")
    await pressed(ann, "Short: 1024")
    assert "It is switched on.\n\nIt may take up to 1024 tokens." in ann.texts[-1]
    assert labels(ann)[:2] == [
        ["✓ On", "Off", "Default"],
        ["✓ Short: 1024", "Medium: 4096", "Long: 16384"],
    ]
    await ann.ask("Hello")
    assert (stage.requests[-1]["enable_thinking"], stage.requests[-1]["thinking_budget"]) == (True, 1024)
    await ann.ask("/think")
    await pressed(ann, "Default")
    assert "Nobody has set it" in ann.texts[-1]
    await ann.ask("Hello")
    assert "thinking_budget" not in stage.requests[-1]


async def test_thinking_can_be_hidden(open_stage: OpenStage) -> None:
    """The model thinks as before; nobody sees it."""
    stage = await open_stage(models=(THINKER,))
    stage.brain.teach("Hello", Reply(text="Hi.", thinking="They greet me."))
    ann = stage.talk()
    await ann.ask("/think")
    await pressed(ann, "Hide thinking")
    assert "You do not see it." in ann.texts[-1]
    assert labels(ann)[-1] == ["Show thinking"]
    await ann.ask("Hello")
    assert ann.texts[-1] == "Hi."
    await ann.ask("/think shown")
    await ann.ask("Hello")
    assert "They greet me." in ann.texts[-1]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("on", "It is switched on."),
        ("OFF", "It is switched off."),
        ("关闭", "It is switched off."),
        ("low", "up to 1024 tokens"),
        ("medium", "up to 4096 tokens"),
        ("high", "up to 16384 tokens"),
        ("2000", "up to 2000 tokens"),
        ("hide", "You do not see it."),
        ("default", "Nobody has set it"),
        ("127", "Write /think on, off or default"),
        ("32769", "Write /think on, off or default"),
        ("²", "Write /think on, off or default"),
        ("9" * 5000, "Write /think on, off or default"),
        ("a lot", "Write /think on, off or default"),
    ],
)
async def test_it_can_be_written(open_stage: OpenStage, words: str, told: str) -> None:
    """In words and numbers; what does not fit is answered with what does."""
    stage = await open_stage(models=(THINKER,))
    ann = stage.talk()
    await ann.ask(f"/think {words}")
    assert told in ann.texts[-1]


@pytest.mark.parametrize(
    ("model", "told", "first_row"),
    [
        (ALWAYS, "deepseek-ai/DeepSeek-R1 always thinks; it cannot be switched off.", ["✓ Default"]),
        (MODEL, "Qwen/Qwen2.5-7B-Instruct never thinks", ["On", "Off", "✓ Default"]),
        (NO_BUDGET, "takes no limit for its thinking.", ["On", "Off", "✓ Default"]),
        ("local", "What local can do is not known to me", ["On", "Off", "✓ Default"]),
    ],
)
async def test_what_the_model_does_not_take_is_said(
    open_stage: OpenStage, model: str, told: str, first_row: list[str]
) -> None:
    """So that nobody wonders why nothing changes."""
    stage = await open_stage(models=(model,))
    ann = stage.talk()
    await ann.ask("/think")
    assert told in ann.texts[-1]
    assert labels(ann)[0] == first_row


async def test_what_a_persona_asks_for_is_told_as_such(open_stage: OpenStage) -> None:
    """Until the chat sets it itself."""
    guide = replace(BUILT_IN[0], name="guide", models=(THINKER,), thinking=True, thinking_budget=512)
    stage = await open_stage(personas=PersonaBook((guide,)))
    ann = stage.talk()
    await ann.ask("/think")
    assert "It is switched on. The persona guide asks for this.\n\nIt may take up to 512" in ann.texts[-1]
    await ann.ask("/think off")
    assert "It is switched off.\n" in ann.texts[-1]


async def test_in_a_group_only_those_change_it_who_may(open_stage: OpenStage) -> None:
    """By command and by button; looking is everybody's."""
    stage = await open_stage(models=(THINKER,), platform=Moderated(limit=2000, moderators={"2"}))
    group = stage.talk("-5", kind=ChatKind.GROUP)
    await group.ask("/think off")
    assert group.texts[-1] == "Only admins of this group may change this."
    await group.ask("/think")
    assert await pressed(group, "Off") == "Only admins of this group may change this."
    assert "Nobody has set it" in group.texts[-1]


@pytest.mark.parametrize("data", ["think:never", "think:127", "think:", "think"])
async def test_buttons_made_by_hand_are_refused(open_stage: OpenStage, data: str) -> None:
    """What they ask for is nothing."""
    stage = await open_stage(models=(THINKER,))
    press = stage.talk().press_data(data)
    await stage.quiet()
    assert stage.platform.answered_buttons[press] == "This button does not work here."

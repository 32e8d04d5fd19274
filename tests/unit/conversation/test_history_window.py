"""What of a conversation goes to the model: within the budget, and the same from call to call."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.history import estimate_tokens, fit_history, message_tokens, picture_tokens
from bot.conversation.personas.library import BUILT_IN
from bot.conversation.personas.persona import instructions
from bot.events import Outcome, ToolCall
from bot.exchange import Exchange, dump_steps, load_steps
from bot.messages import ChatKind
from bot.ports import AssistantMessage, Picture, ToolMessage, UserMessage
from bot.tools import default_tools


def exchange(number: int, words: int = 10) -> Exchange:
    return Exchange(
        turn_id=number,
        conversation="fake/1/7/",
        parent_id=number - 1 or None,
        request=f"question {number} " + "word " * words,
        reply=f"answer {number}",
        outcome=Outcome.ANSWERED,
    )


ASKED = (UserMessage(text="and now?"),)


@given(sizes=st.lists(st.integers(1, 300), max_size=40), budget=st.integers(50, 3000))
def test_the_window_stays_within_the_budget_and_keeps_the_newest(sizes: list[int], budget: int) -> None:
    """Only the question itself may pass the budget; what is kept is an unbroken end of the history."""
    path = [exchange(number, words) for number, words in enumerate(sizes, 1)]
    window = fit_history(path, summary="", ending=ASKED, budget_tokens=budget)
    assert window.tokens <= max(budget, sum(map(message_tokens, ASKED)))
    kept = [message for item in path[len(window.dropped) :] for message in item.as_messages()]
    assert window.messages == (*kept, *ASKED)


@given(sizes=st.lists(st.integers(1, 60), min_size=2, max_size=60))
def test_the_beginning_moves_seldom(sizes: list[int]) -> None:
    """From call to call the prefix is the same, but for the few calls at which the budget was passed."""
    path = [exchange(number, words) for number, words in enumerate(sizes, 1)]
    starts = [
        len(fit_history(path[:end], summary="", ending=ASKED, budget_tokens=400).dropped)
        for end in range(1, len(path) + 1)
    ]
    assert starts == sorted(starts)
    moves = sum(1 for before, after in itertools.pairwise(starts) if before != after)
    total = sum(message_tokens(m) for item in path for m in item.as_messages())
    assert moves <= total / (400 * 0.4) + 1


def test_a_summary_comes_first() -> None:
    """What lay before is told before what is left."""
    window = fit_history([exchange(4)], summary="Earlier: tea.", ending=ASKED, budget_tokens=1000)
    assert window.messages[0] == UserMessage(text="Earlier: tea.")


def test_tool_rounds_are_part_of_the_history() -> None:
    """Calls and results stay in order, and the visible text is not said twice."""
    call = ToolCall(id="a", name="calculate", arguments="{}")
    steps = (
        AssistantMessage(text="Let me see.", calls=(call,), thinking="hm"),
        ToolMessage(call_id="a", text="4"),
    )
    done = Exchange(
        turn_id=1,
        conversation="k",
        parent_id=None,
        request="2+2?",
        steps=steps,
        reply="Let me see.\n\nIt is 4.",
    )
    assert done.as_messages() == (UserMessage(text="2+2?"), *steps, AssistantMessage(text="It is 4."))
    assert load_steps(dump_steps(steps)) == steps


def test_the_fixed_prompt_is_cheap() -> None:
    """Instructions and tools together stay under 1,000 tokens in every chat."""
    tools = "".join(f"{spec.name}{spec.description}{dict(spec.parameters)}" for spec in default_tools().specs)
    for kind in ChatKind:
        assert estimate_tokens(instructions(BUILT_IN[0], kind)) + estimate_tokens(tools) < 1000


@given(st.text(max_size=400))
def test_token_estimates_grow_with_the_text(text: str) -> None:
    """A longer text never costs less, and no text is free."""
    assert 0 < estimate_tokens(text) <= estimate_tokens(text + "more words")
    assert estimate_tokens(text) <= len(text) + 2


@pytest.mark.parametrize(
    ("width", "height", "tokens"),
    [(1024, 1024, 2017), (768, 384, 631), (1540, 1540, 3025)],
)
def test_a_picture_costs_what_the_dearest_family_charges(width: int, height: int, tokens: int) -> None:
    """The examples of the provider's price rules (facts: SiliconFlow §2.7)."""
    picture = Picture(data=b"x", mime="image/jpeg", width=width, height=height)
    assert tokens <= picture_tokens(picture) <= tokens + 2


def test_a_picture_that_is_gone_costs_its_caption() -> None:
    """So that a long talk about pictures fits."""
    picture = Picture(data=b"", mime="image/jpeg", width=1536, height=1536, caption="a cat on a wall")
    assert picture_tokens(picture) < 20

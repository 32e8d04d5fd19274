"""A question gets one whole answer, whatever happens while it is written."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from bot.messages import ChatKind
from bot.ports import CancelReason
from bot.sandbox import ChatRequest, Cut, Hang, Reply
from bot.sandbox.tokens import count_tokens
from bot.storage import history
from bot.tools import Tool, Toolbox, tool
from bot.tools.builtin import BUILTIN_TOOLS
from tests.unit.conversation.conftest import OpenStage
from tests.unit.conversation.stage import BEN, THINKER, Stage, stalled

SUM = Reply.call("calculate", '{"expression": "6 * 7"}')


def spoken(body: dict[str, Any]) -> list[tuple[str, str]]:
    """The messages of a request after its instructions, as (role, content)."""
    return [(message["role"], str(message["content"])) for message in body["messages"][1:]]


class Bench:
    """A calculator that works until it is told to end."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.go = asyncio.Event()

    @property
    def toolbox(self) -> Toolbox:
        """The built-in tools with this calculator in place of theirs."""

        @tool(name="calculate")
        async def calculate(expression: str) -> str:
            """Work something out."""
            self.begun.set()
            await self.go.wait()
            return f"{expression} = 42"

        others: list[Tool] = [other for other in BUILTIN_TOOLS if other.name != "calculate"]
        return Toolbox([calculate, *others])


# --- writing ----------------------------------------------------------------------------------------------


async def test_an_answer_grows_in_one_message(stage: Stage) -> None:
    """The first words are sent, later ones edited in, and the end is the whole text as a reply."""
    stage.brain.teach("river", Reply(text="Rivers run down to the sea.", tokens_per_second=120))
    ann = stage.talk()
    question = await ann.ask("Tell me of a river")
    (answer,) = ann.shown
    assert answer.text == "Rivers run down to the sea."
    assert answer.reply_to == question.message_id
    assert answer.buttons == ()
    assert len(answer.history) > 1
    assert all(answer.text.startswith(text) for text in answer.history)


async def test_what_was_said_is_in_the_next_prompt(stage: Stage) -> None:
    """The model reads the conversation so far, then the question."""
    ann = stage.talk()
    await ann.ask("one")
    await ann.ask("two")
    assert spoken(stage.requests[1]) == [("user", "one"), ("assistant", "You said: one"), ("user", "two")]


async def test_the_prompt_begins_with_the_same_bytes_from_call_to_call(stage: Stage) -> None:
    """Everything of a request's messages but the last stands unchanged in the next one, tools included."""
    ann = stage.talk()
    stage.brain.teach("sum", SUM, Reply(text="It is 42."))
    for text in ("one", "sum", "two", "three"):
        await ann.ask(text)
    for earlier, later in zip(stage.requests, stage.requests[1:], strict=False):
        before, after = json.dumps(earlier["messages"]), json.dumps(later["messages"])
        assert after.startswith(before[:-1])
        assert json.dumps(earlier["tools"]) == json.dumps(later["tools"])


async def test_what_every_prompt_costs_stays_below_a_thousand_tokens(stage: Stage) -> None:
    """Instructions and tools, as they go over the wire, also in groups whose messages are kept."""
    team = stage.talk("-5", kind=ChatKind.GROUP)
    await team.ask("the ship sails at five", author=BEN, addressed=False)
    await team.ask("hi")
    body = stage.requests[0]
    fixed = {"messages": body["messages"][:1], "tools": body["tools"]}
    assert {"draw_picture", "recent_messages"} <= {tool["function"]["name"] for tool in body["tools"]}
    assert count_tokens(json.dumps(fixed)) < 1000


async def test_in_groups_the_model_is_told_who_speaks(stage: Stage) -> None:
    """Each message names its author; in private nobody has to be named."""
    team = stage.talk("-5", kind=ChatKind.GROUP)
    await team.ask("hi")
    await team.ask("ho", author=BEN)
    assert spoken(stage.requests[1])[0] == ("user", "Ann: hi")
    assert spoken(stage.requests[1])[-1] == ("user", "Ben: ho")
    assert "group chat" in stage.requests[0]["messages"][0]["content"]
    await stage.talk().ask("hey")
    assert spoken(stage.requests[2]) == [("user", "hey")]
    assert "group chat" not in stage.requests[2]["messages"][0]["content"]


async def test_chats_know_nothing_of_each_other(stage: Stage) -> None:
    """Two chats at once: each is answered where it asked, from its own history alone."""
    seven, eight = stage.talk("7"), stage.talk("8")
    for number in range(3):
        seven.say(f"seven {number}")
        eight.say(f"eight {number}")
    await stage.quiet()
    assert seven.texts == [f"You said: seven {number}" for number in range(3)]
    assert eight.texts == [f"You said: eight {number}" for number in range(3)]
    for body in stage.requests:
        text = str(spoken(body))
        assert ("seven" in text) != ("eight" in text)


async def test_thinking_is_shown_and_can_be_hidden_for_a_chat(open_stage: OpenStage) -> None:
    """The service's default shows it; a chat's own setting wins; the model thinks either way."""
    stage = await open_stage(models=(THINKER,))
    stage.brain.teach("why", Reply(text="Because.", thinking="Let me see."))
    ann = stage.talk()
    await ann.ask("why?")
    assert "Let me see." in ann.texts[0]
    assert ann.texts[0].endswith("Because.")
    await stage.set_chat("7", "thinking", "hidden")
    await ann.ask("why again?")
    assert ann.texts[1] == "Because."
    assert [exchange.thinking for exchange in await stage.exchanges()] == ["Let me see."] * 2


# --- tools ------------------------------------------------------------------------------------------------


async def test_a_tools_result_goes_back_to_the_model(stage: Stage) -> None:
    """The call and its result are in the second request, and the answer is the second reply alone."""
    stage.brain.teach("six times seven", SUM, Reply(text="It is 42."))
    ann = stage.talk()
    await ann.ask("What is six times seven?")
    assert ann.texts == ["It is 42."]
    asked, answered = stage.requests[1]["messages"][-2:]
    assert asked["tool_calls"][0]["function"]["name"] == "calculate"
    assert (answered["role"], answered["tool_call_id"]) == ("tool", asked["tool_calls"][0]["id"])
    assert "42" in answered["content"]


async def test_a_model_that_only_calls_tools_is_made_to_answer(stage: Stage) -> None:
    """After eight rounds it gets no tools, so that it has to say something."""

    def reply(request: ChatRequest) -> Reply:
        return SUM if request.body.get("tools") else Reply(text="Enough: 42.")

    stage.brain.answer = reply  # type: ignore[method-assign]
    ann = stage.talk()
    await ann.ask("Count")
    assert ann.texts == ["Enough: 42."]
    assert ["tools" in body for body in stage.requests] == [True] * 8 + [False]


async def test_text_before_a_tool_call_stays(stage: Stage) -> None:
    """What the model said before it used a tool stands above what it says after."""
    first = Reply(text="Let me work it out.", tool_calls=SUM.tool_calls)
    stage.brain.enqueue(first, Reply(text="It is 42."))
    ann = stage.talk()
    await ann.ask("six times seven?")
    assert ann.texts == ["Let me work it out.\n\nIt is 42."]
    await ann.ask("thanks")
    roles = [role for role, _ in spoken(stage.requests[2])]
    assert roles == ["user", "assistant", "tool", "assistant", "user"]


# --- stopping ---------------------------------------------------------------------------------------------


async def test_a_stop_while_the_answer_grows_keeps_what_was_written(stage: Stage) -> None:
    """The partial answer stays, marked; the call to the provider ends; the next question is answered."""
    stage.brain.teach("story", stalled("Once upon a time there was a king."))
    ann = stage.talk()
    ann.say("Tell a story")
    await ann.sees_begin("Once upon a")
    await ann.ask("/stop")
    assert ann.texts == ["Once upon a\n\nStopped."]
    assert ann.shown[0].buttons == ()
    assert stage.sandbox.requests[0].client_went_away
    await ann.ask("And now?")
    assert ann.texts[1:] == ["You said: And now?"]
    assert ("assistant", "Once upon a") in spoken(stage.requests[1])


async def test_a_stop_before_the_first_word_says_so(stage: Stage) -> None:
    """The model has not said anything yet: one short remark, no empty answer in the history."""
    stage.brain.teach("story", Reply(fault=Hang(before="headers")))
    ann = stage.talk()
    ann.say("Tell a story")
    await stage.sandbox.wait_for_request()
    ann.press_native_stop()
    await stage.quiet()
    assert ann.texts == ["Stopped."]
    await ann.ask("And now?")
    assert spoken(stage.requests[1]) == [("user", "And now?")]


async def test_a_stop_ends_the_running_answer_and_not_the_next(stage: Stage) -> None:
    """A question that waits behind the stopped answer is answered."""
    stage.brain.teach("story", stalled("Once upon a time"))
    ann = stage.talk()
    ann.say("Tell a story")
    ann.say("What else?")
    await ann.sees_begin("Once upon a")
    await ann.ask("/stop")
    assert ann.texts == ["Once upon a\n\nStopped.", "You said: What else?"]


async def test_a_stop_while_a_tool_works_ends_the_tool(open_stage: OpenStage) -> None:
    """The tool is cancelled and nothing more is asked of the model."""
    bench = Bench()
    stage = await open_stage(toolbox=bench.toolbox)
    stage.brain.teach("sum", SUM)
    ann = stage.talk()
    ann.say("The sum?")
    await bench.begun.wait()
    await ann.ask("/stop")
    assert ann.texts == ["Stopped."]
    assert len(stage.requests) == 1


async def test_a_stop_after_the_answer_changes_nothing(stage: Stage) -> None:
    """There is nothing to stop, and it is said."""
    ann = stage.talk()
    await ann.ask("Hello")
    await ann.ask("/stop")
    assert ann.texts == ["You said: Hello", "Nothing is being written right now."]


async def test_a_stop_while_the_whole_answer_is_delivered_comes_too_late(stage: Stage) -> None:
    """The model is done; the platform is slow to take the answer, which arrives whole and unmarked."""
    busy = True
    stage.platform.mood = lambda _: "busy" if busy else ""
    ann = stage.talk()
    ann.say("Hello")
    await stage.until(lambda: stage.platform.calls.count("send") > 2)
    ann.say("/stop")
    await stage.until(lambda: stage.platform.arriving.empty())
    await asyncio.sleep(0.02)
    busy = False
    await stage.quiet()
    assert ann.texts == ["You said: Hello"]


@pytest.mark.parametrize("step", ["add_exchange", "save_reply"])
async def test_a_stop_in_the_moment_something_is_stored_leaves_nothing_half_done(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The stop falls into the transaction that opens the exchange, or into the one that stores its reply."""
    store, loop = getattr(history, step), asyncio.get_running_loop()

    def store_and_stop(*args: Any) -> None:
        loop.call_soon_threadsafe(stop_what_runs, stage)
        store(*args)

    monkeypatch.setattr(history, step, store_and_stop)
    stage.brain.teach("river", Reply(text="Rivers run down to the sea.", tokens_per_second=200))
    ann = stage.talk()
    await ann.ask("river")
    assert ann.texts == [{"add_exchange": "Stopped.", "save_reply": "Rivers run down to the sea."}[step]]
    assert ann.shown[0].buttons == ()


def stop_what_runs(stage: Stage) -> None:
    """What the engine does once a stop is stored."""
    mailboxes = stage.engine._mailboxes
    assert mailboxes is not None
    for work in mailboxes.running():
        work.stop(CancelReason.USER)


# --- shutting down and taking up ----------------------------------------------------------------------------


async def test_a_shutdown_in_the_middle_leaves_the_turn_open_with_all_shown_text_stored(stage: Stage) -> None:
    """Nothing is marked or apologised for: the database holds what the person sees, not yet written."""
    stage.brain.teach("river", stalled("Rivers run down to the sea."))
    ann = stage.talk()
    ann.say("river")
    await ann.sees_begin("Rivers run down")
    await stage.end()
    shown = ann.texts
    await stage.begin_idle()
    (exchange,) = await stage.exchanges()
    stats = await stage.engine.stats()
    assert shown == ["Rivers run down"]
    assert exchange.reply.startswith("Rivers run down")
    assert not exchange.written
    assert stats.queued == 1


async def test_after_a_restart_the_answer_goes_on_where_it_was(stage: Stage) -> None:
    """The model is asked to go on from exactly what is shown; the same message becomes the whole answer."""
    stage.brain.teach("river", stalled("Rivers run down to the sea."))
    ann = stage.talk()
    ann.say("river")
    await ann.sees_begin("Rivers run down")
    await stage.restart()
    await stage.quiet()
    assert ann.texts == ["Rivers run down to the sea."]
    assert stage.model.asked[0].resume_from == "Rivers run down"
    assert [exchange.reply for exchange in await stage.exchanges()] == ["Rivers run down to the sea."]


async def test_a_finished_tool_round_is_not_done_again_after_a_restart(open_stage: OpenStage) -> None:
    """The result is stored with the steps: the next process asks the model for the answer only."""
    stage = await open_stage()
    stage.brain.teach("sum", SUM, Reply(fault=Hang(before="headers")), Reply(text="It is 42."))
    ann = stage.talk()
    ann.say("The sum?")
    await stage.sandbox.wait_for_request(2)
    await stage.restart()
    await stage.quiet()
    assert ann.texts == ["It is 42."]
    assert [message["role"] for message in stage.requests[2]["messages"]][-2:] == ["assistant", "tool"]


async def test_a_whole_answer_whose_delivery_was_open_is_only_delivered(stage: Stage) -> None:
    """After the restart the model is not asked again, and the answer appears once."""
    busy = True
    stage.platform.mood = lambda _: "busy" if busy else ""
    ann = stage.talk()
    ann.say("Hello")
    await stage.until(lambda: stage.platform.calls.count("send") > 2)
    await stage.end()
    busy = False
    await stage.begin()
    await stage.quiet()
    assert ann.texts == ["You said: Hello"]
    assert len(stage.requests) == 1


async def test_a_failed_answer_whose_delivery_was_open_keeps_its_sentence(stage: Stage) -> None:
    """The sentence about the failure is stored too, so that it is the same after a restart."""
    stage.brain.teach("river", Reply.coded_error(403, 30001, "Sorry, your account balance is insufficient"))
    busy = True
    stage.platform.mood = lambda _: "busy" if busy else ""
    ann = stage.talk()
    ann.say("river")
    await stage.until(lambda: stage.platform.calls.count("send") > 2)
    await stage.end()
    busy = False
    await stage.begin()
    await stage.quiet()
    (text,) = ann.texts
    assert text.startswith("I can't reach the model with the operator's account")
    assert [[button.label for button in row] for row in ann.shown[0].buttons] == [["Try again"]]


# --- failing ------------------------------------------------------------------------------------------------


async def test_a_cut_stream_is_continued_unseen(stage: Stage) -> None:
    """The connection breaks in the middle; the person sees one whole answer."""
    whole = "Rivers run down to the sea, and the sea is not full."
    stage.brain.teach("river", Reply(text=whole, fault=Cut(after_tokens=4)))
    ann = stage.talk()
    await ann.ask("river")
    assert ann.texts == [whole]


async def test_a_model_that_stays_overloaded_is_one_sentence_and_a_button(stage: Stage) -> None:
    """The person learns what to do; nothing of the provider's own words."""
    stage.brain.teach("river", Reply.overloaded())
    ann = stage.talk()
    await ann.ask("river")
    assert ann.texts[0].startswith("The model is overloaded")
    assert [[button.label for button in row] for row in ann.shown[0].buttons] == [["Try again"]]


async def test_an_answer_that_breaks_off_for_good_keeps_what_was_written(stage: Stage) -> None:
    """What was shown stays above the sentence about the failure."""
    stage.brain.enqueue(Reply(text="Rivers run down to the sea.", fault=Cut(after_tokens=3)))
    stage.brain.default = Reply.overloaded()
    stage.brain.answer = lambda request: Reply.overloaded()  # type: ignore[method-assign]
    ann = stage.talk()
    await ann.ask("river")
    assert ann.texts[0].startswith("Rivers run down\n\nThe answer broke off here")


async def test_an_answer_that_takes_too_long_ends_with_a_sentence(open_stage: OpenStage) -> None:
    """The turn's own time-out ends the model's call and keeps what was written."""
    stage = await open_stage(turn_timeout_seconds=0.3)
    stage.brain.teach("river", stalled("Rivers run down to the sea."))
    ann = stage.talk()
    await ann.ask("river")
    assert ann.texts[0].startswith("Rivers run down\n\nThis took too long")


async def test_a_prompt_too_long_for_the_model_is_tried_with_less_history(stage: Stage) -> None:
    """The provider counts more than we do: older exchanges are left out and the question is answered."""
    ann = stage.talk()
    for number in range(4):
        await ann.ask(f"{number} {'lorem ipsum ' * 150}")
    overflow = Reply.coded_error(
        400, 20015, "length of prompt_tokens (40000) must be less than max_seq_len (2600)."
    )
    stage.brain.enqueue(overflow)
    before = len(stage.requests)
    await ann.ask("short question")
    assert ann.texts[-1] == "You said: short question"
    long, short = stage.requests[before:]
    assert len(short["messages"]) < len(long["messages"])
    assert spoken(short)[-1] == ("user", "short question")


async def test_a_question_longer_than_the_context_is_refused_in_a_sentence(open_stage: OpenStage) -> None:
    """The model is not asked at all, and the sentence names the sizes."""
    stage = await open_stage(context_tokens=1000)
    ann = stage.talk()
    await ann.ask("lorem ipsum " * 2000)
    assert ann.texts[0].startswith("That is more than I can read at once (about 6000 tokens")
    assert stage.requests == []
    await ann.ask("Hello")
    assert ann.texts[1] == "You said: Hello"


async def test_typing_is_shown_until_the_first_words(stage: Stage) -> None:
    """While the model is silent the chat shows that somebody is at work."""
    stage.brain.teach("river", Reply(text="Rivers run.", first_token_delay_seconds=0.5))
    ann = stage.talk()
    await ann.ask("river")
    assert stage.platform.calls[0] == "typing"
    assert stage.platform.calls.count("typing") == 1

"""/compare: several models answer in one reply, which survives everything, and people vote."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping

import pytest

from bot.events import Outcome
from bot.messages import ChatKind, Quoted
from bot.sandbox import ChatRequest, HttpError, Reply, Stall
from bot.storage.tables import feedback
from tests.e2e.brain import Brain
from tests.unit.conversation.conftest import OpenStage
from tests.unit.conversation.stage import BEN, MODEL, Stage, Talk

SECOND, THIRD, FOURTH = "Qwen/Qwen2.5-14B-Instruct", "Qwen/Qwen2.5-32B-Instruct", "zai-org/GLM-4.6"
CHAIN = (MODEL, SECOND, THIRD, FOURTH)
GONE = HttpError(status=400, body={"code": 20012, "message": "Model does not exist.", "data": None})


class Choir(Brain):
    """Answers each model's requests with a reply of its own; a continuation gets the rest of it."""

    def __init__(self, replies: Mapping[str, Reply] | None = None) -> None:
        super().__init__()
        self.replies = dict(replies or {})

    def answer(self, request: ChatRequest) -> Reply:
        reply = self.replies.get(request.model, Reply(text=f"I am {request.model.rpartition('/')[2]}."))
        shown = request.partial_answer
        if shown and reply.full_text.startswith(shown):
            return Reply(text=reply.full_text[len(shown) :])
        return reply


@pytest.fixture
async def stage(open_stage: OpenStage) -> Stage:
    """A core with a chain of four models, each with its own voice."""
    return await open_stage(models=CHAIN, brain=Choir())


def asked(stage: Stage) -> list[str]:
    return [str(request["model"]) for request in stage.requests]


def question(stage: Stage, number: int = -1) -> str:
    return str(stage.requests[number]["messages"][-1]["content"])


def labels(talk: Talk) -> list[str]:
    return [button.label for row in talk.shown[-1].buttons for button in row]


async def test_the_first_three_of_the_chain_answer_in_one_reply(stage: Stage) -> None:
    """Each under its name, in one message, with a vote for each; the history holds the whole."""
    ann = stage.talk()
    await ann.ask("/compare Who are you?")
    assert ann.texts == [
        (
            "① Qwen2.5-7B-Instruct\nI am Qwen2.5-7B-Instruct.\n\n"
            "② Qwen2.5-14B-Instruct\nI am Qwen2.5-14B-Instruct.\n\n"
            "③ Qwen2.5-32B-Instruct\nI am Qwen2.5-32B-Instruct."
        )
    ]
    assert sorted(asked(stage)) == sorted(CHAIN[:3])
    assert {question(stage, number) for number in range(3)} == {"Who are you?"}
    assert all("tools" not in request for request in stage.requests)
    assert labels(ann) == [
        "👍 ① Qwen2.5-7B-Instruct",
        "👍 ② Qwen2.5-14B-Instruct",
        "👍 ③ Qwen2.5-32B-Instruct",
    ]
    (kept,) = await stage.exchanges()
    assert (kept.request, kept.outcome) == ("Who are you?", Outcome.ANSWERED)
    assert kept.usage.completion > 0
    await ann.ask("And now?")
    assert "I am Qwen2.5-14B-Instruct." in str(stage.requests[-1]["messages"])


async def test_models_can_be_named(stage: Stage) -> None:
    """By name or id, two to four; one alone is compared with the first of the chain."""
    ann = stage.talk()
    await ann.ask("/compare glm-4.6 Qwen/Qwen2.5-7B-Instruct Who?")
    assert sorted(asked(stage)) == sorted((FOURTH, MODEL))
    assert ann.texts[-1].startswith("① GLM-4.6\n")
    await ann.ask("/compare glm-4.6 Who?")
    assert ann.texts[-1].startswith("① GLM-4.6\nI am GLM-4.6.\n\n② Qwen2.5-7B-Instruct\n")
    await ann.ask("/compare zai-org/GLM-4.5 Who?")
    assert ann.texts[-1].startswith("① GLM-4.6\n")
    names = "glm-4.6 qwen3-8b qwen3-14b qwen3-32b deepseek-r1"
    await ann.ask(f"/compare {names} Who?")
    assert ann.texts[-1] == "I compare at most 4 models at once."
    await ann.ask("/compare Qwen/Qwne3-8B Who?")
    assert ann.texts[-1].startswith("I know no model “Qwen/Qwne3-8B”. Did you mean one of these?\n")
    assert "• Qwen/Qwen3-8B" in ann.texts[-1]


async def test_alone_it_asks_the_last_question_again(stage: Stage) -> None:
    """Or says that there is none."""
    ann = stage.talk()
    await ann.ask("/compare")
    assert ann.texts[-1].startswith("What shall I ask?")
    await ann.ask("Why is the sky blue?")
    await ann.ask("/compare qwen3-8b glm-4.6")
    assert question(stage) == "Why is the sky blue?"
    first, second = await stage.exchanges()
    assert second.parent_id == first.parent_id


async def test_as_a_reply_it_asks_what_the_message_says(stage: Stage) -> None:
    """Somebody's words are the question; an answer of ours stands for the question it answers."""
    group = stage.talk("-5", kind=ChatKind.GROUP)
    await group.ask("First question")
    answer_id = next(reversed(stage.platform.messages))
    await group.ask("Second question")
    theirs = Quoted(how="reply", message_id="5", author_name="Ben", text="Is tea better than coffee?")
    await group.ask("/compare", quoted=theirs)
    assert "> Is tea better than coffee?" in question(stage)
    ours = Quoted(how="reply", message_id=answer_id, author_name="Parley", text="I am.", is_ours=True)
    await group.ask("/compare", quoted=ours)
    assert question(stage) == "Ann: First question"
    await group.ask("/compare Why?", quoted=theirs)
    assert question(stage).endswith("> Is tea better than coffee?\n\nWhy?")


async def test_where_one_model_is_set_up_it_says_how_to_name_others(open_stage: OpenStage) -> None:
    """With an example that works."""
    stage = await open_stage()
    ann = stage.talk()
    await ann.ask("/compare Who?")
    assert "only Qwen/Qwen2.5-7B-Instruct is set up here" in ann.texts[-1]
    example = re.findall(r"/compare (\S+) Why", ann.texts[-1])[0]
    await ann.ask(f"/compare {example} Who?")
    assert sorted(asked(stage)) == sorted((MODEL, example))


async def test_votes_are_counted_a_persons_latest(stage: Stage) -> None:
    """Everybody has one; who votes again moves it."""
    group = stage.talk("-5", kind=ChatKind.GROUP)
    await group.ask("/compare Who?")

    async def vote(label: str, **who: object) -> str:
        press = group.press(label, **who)  # type: ignore[arg-type]
        await stage.quiet()
        return stage.platform.answered_buttons[press]

    first, second = "👍 ① Qwen2.5-7B-Instruct", "👍 ② Qwen2.5-14B-Instruct"
    assert await vote(first) == "Your vote: Qwen2.5-7B-Instruct. It has 1 vote."
    assert await vote(first, author=BEN) == "Your vote: Qwen2.5-7B-Instruct. It has 2 votes."
    assert await vote(second, author=BEN) == "Your vote: Qwen2.5-14B-Instruct. It has 1 vote."
    assert await vote(first) == "Your vote: Qwen2.5-7B-Instruct. It has 1 vote."
    rows = await stage.database.read(
        lambda conn: conn.execute(
            feedback.select().with_only_columns(feedback.c.author_id, feedback.c.vote, feedback.c.model)
        ).all()
    )
    assert sorted(map(tuple, rows)) == [("1", "up", MODEL), ("2", "up", SECOND)]


async def test_votes_made_by_hand_are_refused(stage: Stage) -> None:
    """For another chat's comparison, an answer that is none, a model that was not asked."""
    ann, ben = stage.talk(), stage.talk("8")
    await ann.ask("/compare Who?")
    await ann.ask("Hello")
    compared, plain = [exchange.turn_id for exchange in await stage.exchanges()]
    forged = [(ben, f"prefer:{compared}:0")]
    forged += [
        (ann, data)
        for data in (
            f"prefer:{compared}:3",
            f"prefer:{compared}:-1",
            f"prefer:{compared}:²",
            f"prefer:{compared}",
            f"prefer:{plain}:0",
            "prefer:999999:0",
            "prefer",
        )
    ]
    presses = [talk.press_data(data) for talk, data in forged]
    await stage.quiet()
    assert {stage.platform.answered_buttons[press] for press in presses} == {
        "This button does not work here."
    }
    assert await stage.database.read(lambda conn: conn.execute(feedback.select()).all()) == []


async def test_a_model_that_fails_gets_one_sentence(open_stage: OpenStage) -> None:
    """The others answer; when all fail it is as with one, and "Try again" asks all of them."""
    choir = Choir({SECOND: Reply(fault=GONE)})
    stage = await open_stage(models=(MODEL, SECOND), brain=choir)
    ann = stage.talk()
    await ann.ask("/compare Who?")
    assert ann.texts[-1].endswith("② Qwen2.5-14B-Instruct\n\u2060⚠ This model did not answer.")
    choir.replies[MODEL] = Reply(fault=GONE)
    await ann.ask("/compare Who?")
    assert ann.texts[-1].startswith("The model would not take this request.")
    choir.replies.clear()
    ann.press("Try again")
    await stage.quiet()
    assert ann.texts[-1].startswith("① Qwen2.5-7B-Instruct\nI am Qwen2.5-7B-Instruct.\n\n②")


async def test_retry_compares_again(stage: Stage) -> None:
    """The same models, the same question."""
    ann = stage.talk()
    await ann.ask("/compare glm-4.6 qwen3-8b Who?")
    await ann.ask("/retry")
    assert ann.texts[1].startswith("① GLM-4.6\n")
    assert labels(ann) == ["👍 ① GLM-4.6", "👍 ② Qwen3-8B"]


async def test_stop_ends_all_of_them(open_stage: OpenStage) -> None:
    """What stands there stays, without a vote; nobody goes on answering."""
    slow = Reply(text="word " * 50, fault=Stall(after_tokens=5))
    stage = await open_stage(models=(MODEL, SECOND), brain=Choir({MODEL: slow, SECOND: slow}))
    ann = stage.talk()
    ann.say("/compare Who?")
    await ann.sees_begin("① Qwen2.5-7B-Instruct\nword word")
    await ann.ask("/stop")
    assert ann.texts[-1].endswith("Stopped.")
    assert labels(ann) == []
    for record in stage.sandbox.chats:
        await asyncio.wait_for(record.ended.wait(), 15)
        assert record.client_went_away


async def test_a_restart_in_the_middle_continues_the_reply(open_stage: OpenStage) -> None:
    """The answer that was cut goes on, later ones are asked anew, earlier ones are left alone."""
    slow = Reply(text="one two three four five six seven eight", fault=Stall(after_tokens=6))
    choir = Choir({SECOND: slow})
    stage = await open_stage(models=(MODEL, SECOND, THIRD), brain=choir)
    ann = stage.talk()
    ann.say("/compare Who?")
    await stage.until(lambda: bool(ann.texts) and "three" in ann.texts[-1])
    await stage.restart()
    await stage.quiet()
    assert ann.texts == [
        (
            "① Qwen2.5-7B-Instruct\nI am Qwen2.5-7B-Instruct.\n\n"
            "② Qwen2.5-14B-Instruct\none two three four five six seven eight\n\n"
            "③ Qwen2.5-32B-Instruct\nI am Qwen2.5-32B-Instruct."
        )
    ]
    assert asked(stage).count(MODEL) == 1
    assert len(labels(ann)) == 3


async def test_a_restart_does_not_change_who_is_asked(open_stage: OpenStage) -> None:
    """The chain may be another one by then; the models of the first attempt hold."""
    choir = Choir({MODEL: Reply(text="one two three four five six", fault=Stall(after_tokens=4))})
    stage = await open_stage(models=(MODEL, SECOND), brain=choir)
    ann = stage.talk()
    ann.say("/compare Who?")
    await stage.until(lambda: bool(ann.texts) and "two" in ann.texts[-1])
    await stage.end()
    stage.models = (THIRD, FOURTH)
    await stage.begin()
    await stage.quiet()
    assert ann.texts[-1].startswith("① Qwen2.5-7B-Instruct\none two three four five six\n\n②")
    assert set(asked(stage)) == {MODEL, SECOND}


async def test_an_answer_that_leaves_code_open_does_not_swallow_the_next(open_stage: OpenStage) -> None:
    """Each answer is read alone."""
    choir = Choir({MODEL: Reply(text="```python\nprint(1)")})
    stage = await open_stage(models=(MODEL, SECOND), brain=choir)
    ann = stage.talk()
    await ann.ask("/compare Who?")
    assert ann.texts == [
        "① Qwen2.5-7B-Instruct\nprint(1)\n\n② Qwen2.5-14B-Instruct\nI am Qwen2.5-14B-Instruct."
    ]

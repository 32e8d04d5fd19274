"""kill -9 at random moments on Slack: each question ends with exactly one whole answer and nothing stray."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pytest

from bot.sandbox import ChatRequest, Reply, Sandbox, Script
from tests.e2e.brain import continues, question_of
from tests.e2e.service import Service
from tests.e2e.slack_stage import slack_settings
from tests.fakes.slack import ApiCall, FakeSlack, ThreadView

pytestmark = [pytest.mark.e2e, pytest.mark.crash, pytest.mark.timeout(240)]

ROUNDS = 2
PEOPLE = 12


def answer_to(question: str) -> str:
    """What the model says to a question: long enough to be interrupted, and different for each."""
    words = " ".join(f"{question.split()[-1]}-{n}" for n in range(60))
    return f"**{question}**\n\n{words}\n\nThe end."


class Storyteller(Script):
    """Answers any question with its own story, and continues a story from wherever it stopped."""

    def answer(self, request: ChatRequest) -> Reply:
        shown = request.partial_answer if continues(request) else ""
        whole = answer_to(question_of(request).rpartition(": ")[-1])
        assert whole.startswith(shown), f"asked to continue something else: {shown!r}"
        return Reply(text=whole[len(shown) :], tokens_per_second=60, first_token_delay_seconds=0.2)


@pytest.mark.parametrize("seed", [20261123])
async def test_turns_survive_kill_9_at_random_moments(tmp_path: Path, seed: int) -> None:
    """Two rounds of a dozen questions in channels and direct messages; each round is struck once or twice."""
    dice = random.Random(seed)
    async with FakeSlack(tiers="off") as slack, Sandbox(script=Storyteller()) as provider:
        service = Service(tmp_path, slack_settings(slack, provider))
        people = [slack.person(f"Person {number}") for number in range(PEOPLE)]
        room = slack.channel("stories", people)
        try:
            await service.start()
            for number in range(ROUNDS):
                asked: dict[str, ThreadView] = {}
                for index, person in enumerate(people):
                    question = f"story {number}x{index}"
                    if index % 2:
                        asked[question] = room.thread(await room.say(person, f"{slack.mention} {question}"))
                    else:
                        dm = slack.dm(person)
                        asked[question] = dm.thread(await dm.say(question))
                for _ in range(dice.choice((1, 2))):
                    await asyncio.sleep(dice.uniform(0.0, 2.5))
                    await service.kill()
                    await service.start()
                await slack.until(partial(_all_whole, asked), seconds=60)
                await service.settled()
                for question, thread in asked.items():
                    assert thread.texts == [answer_to(question)], f"seed {seed}: {slack.describe()}"
            assert len(room.bot_messages) == ROUNDS * PEOPLE // 2
            assert not any(message.streaming for message in room.bot_messages)
            assert slack.violations == []
            assert _earned(slack) == []
        finally:
            await service.aclose()


def _earned(slack: FakeSlack) -> list[ApiCall]:
    """What Slack refused, but for the question whether a message of an earlier process still streams."""
    return [call for call in slack.rejected if call.error != "streaming_state_conflict"]


def _all_whole(threads: Mapping[str, ThreadView]) -> bool:
    return all(_is_whole(thread) for thread in threads.values())


def _is_whole(thread: ThreadView) -> bool:
    return any(text.endswith("The end.") for text in thread.texts) and not thread.streaming


@pytest.mark.parametrize("end", ["kill", "stop"])
async def test_a_half_written_native_stream_is_taken_up_after_a_restart(tmp_path: Path, end: str) -> None:
    """The message that stood half-written when the process ended is the one that ends whole."""
    async with FakeSlack(tiers="off") as slack, Sandbox(script=Storyteller()) as provider:
        service = Service(tmp_path, slack_settings(slack, provider))
        dm = slack.dm(slack.person("Ann"))
        try:
            await service.start()
            thread = dm.thread(await dm.say("story slow"))
            await slack.until(lambda: bool(thread.texts) and "slow-10" in thread.texts[0], seconds=20)
            (message,) = thread.bot_messages
            assert message.streaming
            if end == "kill":
                await service.kill()
            else:
                assert await service.stop() == 0
            half = message.text
            assert half != answer_to("story slow")
            await service.start()
            await slack.until(
                lambda: thread.texts == [answer_to("story slow")] and not message.streaming, seconds=20
            )
            await service.settled()
            assert thread.bot_messages == [message]
            assert "slow-0" in str(provider.requests[-1].body)
            await slack.until(lambda: thread.session_status != "processing")
            assert _earned(slack) == []
            assert slack.violations == []
        finally:
            await service.aclose()

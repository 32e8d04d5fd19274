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
from tests.e2e.slack_stage import ACK_SECONDS, Way, point_slack_at, slack_settings
from tests.fakes.slack import ApiCall, FakeSlack, Person, Room, ThreadView

pytestmark = [pytest.mark.e2e, pytest.mark.crash, pytest.mark.timeout(300)]

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


def patient_slack() -> FakeSlack:
    """Tells again at once, after four seconds and after a minute what was not acknowledged."""
    return FakeSlack(tiers="off", ack_seconds=ACK_SECONDS, retry_after_seconds=(0.0, 4.0, 60.0))


@pytest.mark.parametrize(("by", "seed"), [("socket", 20261123), ("http", 20261124)])
async def test_turns_survive_kill_9_at_random_moments(tmp_path: Path, seed: int, by: Way) -> None:
    """A dozen questions in channels and direct messages; the process is struck two or three times.

    Some are asked while the process is down: Slack tells of them again, and says so.
    """
    dice = random.Random(seed)
    async with patient_slack() as slack, Sandbox(script=Storyteller()) as provider:
        service = Service(tmp_path, slack_settings(slack, provider, by=by))
        people = [slack.person(f"Person {number}") for number in range(PEOPLE)]
        room = slack.channel("stories", people)
        try:
            await service.start()
            await point_slack_at(slack, service, by=by)
            asked: dict[str, ThreadView] = {}
            for index, person in enumerate(people[:-2]):
                asked |= await ask(slack, room, person, f"story x{index}", aloud=bool(index % 2))
            for _ in range(dice.choice((1, 2))):
                await asyncio.sleep(dice.uniform(0.0, 2.5))
                await service.kill()
                await service.start()
            await asyncio.sleep(dice.uniform(0.0, 1.0))
            await service.kill()
            for index, person in enumerate(people[-2:]):
                asked |= await ask(slack, room, person, f"story y{index}", aloud=bool(index % 2))
            await service.start()
            await slack.until(partial(_all_whole, asked), seconds=150)
            await service.settled()
            for question, thread in asked.items():
                assert thread.texts == [answer_to(question)], f"seed {seed}: {slack.describe()}"
            assert len(room.bot_messages) == PEOPLE // 2
            assert not any(message.streaming for message in room.bot_messages)
            assert any(one.acked and one.attempts[-1].number for one in slack.deliveries)
            assert slack.violations == []
            assert _earned(slack) == []
        finally:
            await service.aclose()


async def ask(
    slack: FakeSlack, room: Room, person: Person, question: str, *, aloud: bool
) -> dict[str, ThreadView]:
    """Ask in the channel or in direct messages; the question and its thread."""
    if aloud:
        return {question: room.thread(await room.say(person, f"{slack.mention} {question}"))}
    dm = slack.dm(person)
    return {question: dm.thread(await dm.say(question))}


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
            await slack.until(lambda: bool(thread.texts) and "slow-10" in thread.texts[0], seconds=60)
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
                lambda: thread.texts == [answer_to("story slow")] and not message.streaming, seconds=60
            )
            await service.settled()
            assert thread.bot_messages == [message]
            assert "slow-0" in str(provider.chats[-1].body)
            await slack.until(lambda: thread.session_status != "processing")
            assert _earned(slack) == []
            assert slack.violations == []
        finally:
            await service.aclose()

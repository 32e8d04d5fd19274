"""kill -9 at random moments: every question ends with exactly one whole answer and no stray message."""

from __future__ import annotations

import asyncio
import random
from functools import partial
from pathlib import Path

import pytest

from bot.sandbox import ChatRequest, Reply, Sandbox, Script
from tests.e2e.brain import continues, question_of
from tests.e2e.conftest import settings_for
from tests.e2e.service import Service
from tests.fakes.telegram import FakeTelegram, PrivateChat

pytestmark = [pytest.mark.e2e, pytest.mark.crash]

ROUNDS = 4
PEOPLE = 25
# Tokens a second: what a slow machine is sure to interrupt, and what is over soon.
SLOW = 15
FAST = 300


def answer_to(question: str) -> str:
    """What the model says to a question: long enough to be interrupted, and different for each."""
    words = " ".join(f"{question.split()[-1]}-{n}" for n in range(60))
    return f"**{question}**\n\n{words}\n\n- done"


def as_shown(question: str) -> str:
    """The same as a person reads it."""
    return answer_to(question).replace("**", "").replace("- done", "• done")


class Storyteller(Script):
    """Answers any question with its own story, and continues a story from wherever it stopped."""

    def __init__(self, *, tokens_per_second: float) -> None:
        super().__init__()
        self.tokens_per_second = tokens_per_second

    def answer(self, request: ChatRequest) -> Reply:
        shown = request.partial_answer if continues(request) else ""
        whole = answer_to(question_of(request))
        assert whole.startswith(shown), f"asked to continue something else: {shown!r}"
        return Reply(
            text=whole[len(shown) :], tokens_per_second=self.tokens_per_second, first_token_delay_seconds=0.2
        )


def _everybody_has(chats: list[PrivateChat], messages: int) -> bool:
    return all(len(chat.texts) >= messages for chat in chats)


@pytest.mark.parametrize("seed", [20261123])
async def test_a_hundred_turns_survive_kill_9_at_random_moments(tmp_path: Path, seed: int) -> None:
    """Four rounds of twenty-five questions; in each the process is killed once or twice while it answers."""
    dice = random.Random(seed)
    telegram = FakeTelegram()
    await telegram.start()
    async with Sandbox(script=Storyteller(tokens_per_second=120)) as provider:
        service = Service(tmp_path, settings_for(telegram, provider))
        chats = [telegram.private(telegram.person(f"Person {n}")) for n in range(PEOPLE)]
        try:
            await service.start()
            for number in range(ROUNDS):
                for index, chat in enumerate(chats):
                    await chat.say(f"story {number}x{index}")
                for _ in range(dice.choice((1, 1, 2))):
                    await asyncio.sleep(dice.uniform(0.0, 1.5))
                    await service.kill()
                    await service.start()
                await telegram.until(partial(_everybody_has, chats, number + 1))
                await service.settled()
            for index, chat in enumerate(chats):
                expected = [as_shown(f"story {number}x{index}") for number in range(ROUNDS)]
                assert chat.texts == expected, f"seed {seed}: {chat.describe()}"
            assert telegram.violations == []
        finally:
            await service.aclose()
            await telegram.close()


async def test_a_half_written_answer_is_taken_up_after_a_restart(tmp_path: Path) -> None:
    """The message that stood half-written when the process died is edited on to its end."""
    telegram, script = FakeTelegram(), Storyteller(tokens_per_second=SLOW)
    await telegram.start()
    async with Sandbox(script=script) as provider:
        service = Service(tmp_path, settings_for(telegram, provider))
        chat = telegram.private(telegram.person("Ann"))
        try:
            await service.start()
            await chat.say("story slow")
            await telegram.until(lambda: bool(chat.texts) and "slow-10" in chat.texts[0])
            message, half = chat.bot_messages[0], chat.texts[0]
            await service.kill()
            script.tokens_per_second = FAST
            await service.start()
            await telegram.until(lambda: chat.texts == [as_shown("story slow")])
            assert chat.bot_messages == [message]
            assert "slow-0" in str(provider.chats[-1].body)
            later = [state.text for state in message.history if state.text not in half]
            assert all(len(text) >= len("story slow\n\nslow-0") for text in later)
        finally:
            await service.aclose()
            await telegram.close()


async def test_a_supervisors_stop_leaves_the_answer_to_the_next_start(tmp_path: Path) -> None:
    """SIGTERM in the middle of an answer: exit code 0 within seconds, and the next start ends the answer."""
    telegram, script = FakeTelegram(), Storyteller(tokens_per_second=SLOW)
    await telegram.start()
    async with Sandbox(script=script) as provider:
        service = Service(tmp_path, settings_for(telegram, provider))
        chat = telegram.private(telegram.person("Ben"))
        try:
            await service.start()
            await chat.say("story calm")
            await telegram.until(lambda: len(chat.texts) == 1)
            assert await service.stop() == 0
            half = chat.texts[0]
            assert half != as_shown("story calm")
            script.tokens_per_second = FAST
            await service.start()
            await telegram.until(lambda: chat.texts == [as_shown("story calm")])
        finally:
            await service.aclose()
            await telegram.close()


async def test_a_second_process_on_the_same_database_refuses_to_start(tmp_path: Path) -> None:
    """One line says why, and the exit code tells a supervisor that trying again is no use."""
    telegram = FakeTelegram()
    await telegram.start()
    async with Sandbox(script=Script()) as provider:
        service = Service(tmp_path, settings_for(telegram, provider))
        second = Service(tmp_path, settings_for(telegram, provider))
        second.log = tmp_path / "second.log"
        try:
            await service.start()
            await second.start(wait=False)
            assert second.process is not None
            async with asyncio.timeout(60):
                assert await second.process.wait() == 2
            assert "in use by another Parley process" in second.tail()
        finally:
            await service.aclose()
            await second.aclose()
            await telegram.close()

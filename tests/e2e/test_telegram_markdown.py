"""Answers of every shape arrive whole: the corpus through the real service, streamed, over the wire."""

from __future__ import annotations

import pytest

from bot.rendering import flatten, parse
from bot.sandbox import Reply
from tests.e2e.conftest import Stage
from tests.unit.rendering.corpus import CORPUS

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]


# At its very beginning this mark means thinking, which is shown in a form of its own.
ANSWERS = {name: f"So:\n\n{text}" if text.startswith("<think>") else text for name, text in CORPUS.items()}


def letters(text: str) -> str:
    """The text without its white space, which Telegram trims around messages."""
    return "".join(text.split())


async def test_every_hard_answer_arrives_whole(stage: Stage) -> None:
    """Tables, fences, nested lists, CJK, RTL, emoji, LaTeX, HTML-like text: nothing lost, nothing twice."""
    chats = {}
    for name, answer in ANSWERS.items():
        stage.brain.teach(f"show {name}.", Reply(text=answer, tokens_per_second=400))
        chats[name] = stage.telegram.private(stage.telegram.person(name))
        await chats[name].say(f"show {name}.")
    wanted = {name: letters(flatten(parse(answer)).text) for name, answer in ANSWERS.items()}
    await stage.telegram.until(lambda: all(chat.texts for chat in chats.values()))
    await stage.service.settled()
    shown = {name: letters("".join(chats[name].texts)) for name in ANSWERS}
    assert {name: shown[name] for name in ANSWERS if shown[name] != wanted[name]} == {}
    assert not any(message.buttons for chat in chats.values() for message in chat.bot_messages)


async def test_telegram_took_every_call(stage: Stage) -> None:
    """No entity dropped, no message refused, no flood wait earned."""
    assert stage.telegram.violations == []
    assert [c for c in stage.telegram.rejected if "not modified" not in c.description] == []
    assert stage.telegram.flooded == 0

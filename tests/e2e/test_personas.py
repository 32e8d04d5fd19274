"""Somebody chooses a persona on Telegram, makes one, and goes on with the same conversation."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bot.conversation import BUILT_IN
from tests.e2e.conftest import Stage, settings_for
from tests.e2e.service import Service
from tests.e2e.test_hostile_operator import ended
from tests.fakes.telegram import FakeTelegram, PrivateChat

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

TRANSLATOR = next(persona.prompt for persona in BUILT_IN if persona.name == "translator")
OWN = "You are an old pirate.\n```\nNever say *no*.\n```"


async def ask(stage: Stage, chat: PrivateChat, text: str) -> list[str]:
    """Ask, wait for the answer, and see what the provider was given."""
    before = len(chat.texts)
    await chat.say(text)
    await stage.telegram.until(
        lambda: len(chat.texts) > before and chat.texts[-1] == f"You said: {text}", seconds=30
    )
    body = stage.provider.requests[-1].body
    return [str(message["content"]) for message in body["messages"]]


async def told(stage: Stage, chat: PrivateChat, text: str) -> str:
    """Give a command; what the bot says to it."""
    before = len(chat.texts)
    await chat.say(text)
    await stage.telegram.until(lambda: len(chat.texts) > before, seconds=30)
    return chat.texts[-1]


async def test_a_chosen_persona_answers_and_knows_what_was_said(stage: Stage) -> None:
    """By a button; then one of the chat's own; the provider sees its prompt and the whole conversation."""
    chat = stage.telegram.private(stage.telegram.person("Ann"))
    assert len(await ask(stage, chat, "My cat is called Miez")) == 2

    assert (await told(stage, chat, "/persona")).startswith("Answering here: Assistant")
    page = chat.last
    assert (await chat.press(page, "Translator")).text == "Saved."
    await stage.telegram.until(lambda: "✓ Translator" in page.buttons, seconds=30)
    assert "I translate it" in page.text
    seen = await ask(stage, chat, "Good morning")
    assert seen[0] == TRANSLATOR
    assert seen[1] == "My cat is called Miez"

    made = await told(stage, chat, f"/persona new pirate:\n{OWN}")
    assert made.startswith("pirate is made and answers from now on.")
    seen = await ask(stage, chat, "Who has a cat?")
    assert seen[0] == OWN
    assert [text for text in seen if not text.startswith("You said")][1:] == [
        "My cat is called Miez",
        "Good morning",
        "Who has a cat?",
    ]


async def test_a_prompt_is_shown_and_deleted(stage: Stage) -> None:
    """As it was written, fences and all; afterwards the default answers again."""
    chat = stage.telegram.private(stage.telegram.person("Ben"))
    await told(stage, chat, f"/persona new pirate:\n{OWN}")
    shown = await told(stage, chat, "/persona show")
    assert shown.endswith(OWN)
    assert any(entity["type"] == "pre" for entity in chat.last.entities)
    assert (await told(stage, chat, "/persona delete pirate")).startswith("Deleted: pirate")
    seen = await ask(stage, chat, "hello")
    assert seen[0] == BUILT_IN[0].prompt


async def test_the_menu_offers_personas(stage: Stage) -> None:
    """In the person's own language, and the page too."""
    chat = stage.telegram.private(stage.telegram.person("Wei", language="zh-hans"))
    assert (await told(stage, chat, "/persona")).startswith("正在回答的角色：助手")
    assert {"✓ 助手", "翻译", "代码审查", "摘要", "辅导老师"} <= set(chat.last.buttons)


# --- parley.toml --------------------------------------------------------------------------------------------


async def test_a_persona_or_tool_there_is_not_keeps_the_service_from_starting(tmp_path: Path) -> None:
    """Exit code 2 and a line for each, with the names there are."""
    toml = 'persona = "pirat"\n[personas.pirate]\nprompt = "Arr."\ntools = ["calculater"]\n'
    code, output = await ended(tmp_path / "service", {"parley.toml": toml}, {})
    assert code == 2
    assert "PARLEY_PERSONA: there is no persona 'pirat'; did you mean pirate? There are: assistant," in output
    assert "personas.pirate.tools in parley.toml: there is no tool 'calculater'; did you mean calc" in output
    assert "Traceback" not in output


async def test_the_operators_own_default_answers_and_its_dead_model_is_logged(
    stage: Stage, tmp_path: Path
) -> None:
    """The service starts all the same; the log names the successor, once."""
    toml = (
        'persona = "Pirate"\n'
        '[personas.pirate]\nprompt = "Arr."\nmodels = ["zai-org/GLM-4.5", "Qwen/Qwen3-8B"]\n'
        "thinking = false\n"
    )
    (tmp_path / "parley.toml").write_text(toml, encoding="utf-8")
    async with FakeTelegram() as telegram:
        service = Service(tmp_path, settings_for(telegram, stage.provider))
        try:
            await service.start()
            chat = telegram.private(telegram.person("Eve"))
            seen = await ask(replace(stage, telegram=telegram), chat, "hello pirate")
            await telegram.until(lambda: "configured_model_missing" in service.log.read_text())
        finally:
            await service.aclose()
    assert seen[0] == "Arr."
    lines = [line for line in service.log.read_text().splitlines() if line.startswith("{")]
    (told,) = [json.loads(line) for line in lines if "GLM-4.5" in line and "turn_id" not in line]
    assert "the persona 'pirate' was renamed or taken offline; use 'zai-org/GLM-4.6'" in told["reason"]


async def test_nothing_was_refused_by_the_platform(stage: Stage) -> None:
    """Names, prompts and buttons all fit."""
    assert stage.telegram.rejected == []

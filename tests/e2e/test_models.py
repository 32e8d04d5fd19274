"""Models over Telegram: chosen by button, made to think, compared, voted for; kill -9 spoils nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.sandbox import ChatRequest, Reply, Sandbox, Script, Stall
from tests.e2e.brain import continues
from tests.e2e.conftest import Stage, settings_for
from tests.e2e.service import Service
from tests.fakes.telegram import FakeTelegram, PrivateChat

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

FIRST, SECOND, THIRD = "Qwen3-32B", "DeepSeek-V3.2", "Qwen3-8B"


def labels(chat: PrivateChat) -> list[str]:
    """The buttons under the bot's newest message."""
    return list(chat.last.buttons)


async def test_a_model_is_chosen_by_buttons(stage: Stage) -> None:
    """From the overview to the vendor to the model; the next answer comes from it."""
    chat = stage.telegram.private(stage.telegram.person("Mona"))
    await chat.say("/model")
    await stage.telegram.until(lambda: chat.texts[-1:] != [] and "Qwen/Qwen3-32B" in chat.texts[-1])
    vendor = next(label for label in labels(chat) if label.startswith("zai-org ("))
    await chat.press(chat.last, vendor)
    await stage.telegram.until(lambda: "GLM-4.6" in labels(chat))
    answer = await chat.press(chat.last, "GLM-4.6")
    assert answer.text == "Saved."
    await stage.telegram.until(lambda: "zai-org/GLM-4.6, chosen for this chat." in chat.texts[-1])
    await chat.say("Hello from Mona")
    await stage.telegram.until(lambda: chat.texts[-1] == "You said: Hello from Mona")
    assert stage.provider.chats[-1].body["model"] == "zai-org/GLM-4.6"
    await chat.say("/model default")
    await stage.telegram.until(lambda: "which the service uses by default" in chat.texts[-1])
    await chat.say("Hello again")
    await stage.telegram.until(lambda: chat.texts[-1] == "You said: Hello again")
    assert stage.provider.chats[-1].body["model"] == "Qwen/Qwen3-32B"
    assert stage.telegram.violations == []


async def test_thinking_is_switched_by_button(stage: Stage) -> None:
    """And the model is asked accordingly."""
    chat = stage.telegram.private(stage.telegram.person("Nils"))
    await chat.say("/think")
    await stage.telegram.until(lambda: chat.texts[-1:] != [] and "thinks by itself" in chat.texts[-1])
    answer = await chat.press(chat.last, "Off")
    assert answer.text == "Saved."
    await stage.telegram.until(lambda: "It is switched off." in chat.texts[-1])
    await chat.say("Do you think?")
    await stage.telegram.until(lambda: chat.texts[-1] == "You said: Do you think?")
    assert stage.provider.chats[-1].body["enable_thinking"] is False
    await chat.say("/think 2000")
    await stage.telegram.until(lambda: "up to 2000 tokens" in chat.texts[-1])
    await chat.say("And now?")
    await stage.telegram.until(lambda: chat.texts[-1] == "You said: And now?")
    body = stage.provider.chats[-1].body
    assert (body["enable_thinking"], body["thinking_budget"]) == (True, 2000)


async def test_models_are_compared_and_voted_for(stage: Stage) -> None:
    """One reply with an answer from each, a button for each, and the votes counted."""
    chat = stage.telegram.private(stage.telegram.person("Olga"))
    await chat.say("/compare What is new?")
    whole = "\n\n".join(
        f"{sign} {name}\nYou said: What is new?" for sign, name in (("①", FIRST), ("②", SECOND), ("③", THIRD))
    )
    await stage.telegram.until(lambda: chat.texts == [whole] and len(labels(chat)) == 3)
    assert labels(chat) == [f"👍 ① {FIRST}", f"👍 ② {SECOND}", f"👍 ③ {THIRD}"]
    answer = await chat.press(chat.last, f"👍 ② {SECOND}")
    assert answer.text == f"Your vote: {SECOND}. It has 1 vote."
    await chat.press(chat.last, f"👍 ① {FIRST}")
    votes = stage.service.rows(f"select vote, model from feedback where author_id = '{chat.person.id}'")
    assert votes == [("up", f"Qwen/{FIRST}")]
    assert stage.telegram.violations == []


class Storytellers(Script):
    """Each model tells its own story and continues it wherever it stopped; ``stalls`` stops half-way."""

    def __init__(self, *, stalls: str) -> None:
        super().__init__()
        self._stalls = stalls

    def answer(self, request: ChatRequest) -> Reply:
        shown = request.partial_answer if continues(request) else ""
        whole = story_of(request.model)
        assert whole.startswith(shown), f"{request.model} is to continue something else: {shown!r}"
        if request.model.endswith(self._stalls) and not shown:
            return Reply(text=whole, fault=Stall(after_tokens=100))
        return Reply(text=whole[len(shown) :])


def story_of(model: str) -> str:
    """Long enough to be interrupted."""
    name = model.rpartition("/")[2]
    return " ".join(f"{name}:{number}" for number in range(25))


@pytest.mark.crash
@pytest.mark.timeout(300)
@pytest.mark.parametrize("place", [0, 1, 2])
async def test_kill_9_in_the_middle_of_a_comparison_loses_and_doubles_nothing(
    tmp_path: Path, place: int
) -> None:
    """Whichever answer is being shown: the same message is written to its end, every story whole."""
    telegram = FakeTelegram()
    await telegram.start()
    models = (FIRST, SECOND, THIRD)
    async with Sandbox(script=Storytellers(stalls=models[place])) as provider:
        service = Service(tmp_path, settings_for(telegram, provider))
        chat = telegram.private(telegram.person("Pia"))
        whole = "\n\n".join(
            f"{sign} {name}\n{story_of(name)}" for sign, name in zip("①②③", models, strict=True)
        )
        try:
            await service.start()
            await chat.say("/compare Tell a story")
            await telegram.until(
                lambda: bool(chat.texts) and f"{models[place]}:9" in chat.texts[0], seconds=40
            )
            message = chat.bot_messages[0]
            await service.kill()
            assert len(provider.chats) == 3
            await service.start()
            await telegram.until(lambda: chat.texts == [whole] and len(labels(chat)) == 3, seconds=60)
            await service.settled()
            assert chat.bot_messages == [message]
            again = {str(record.body["model"]).rpartition("/")[2] for record in provider.chats[3:]}
            assert again == set(models[place:])
            assert telegram.violations == []
        finally:
            await service.aclose()
            await telegram.close()


async def test_the_operator_is_told_of_models_that_are_not_there(tmp_path: Path) -> None:
    """A line each on stderr and in the log, while the service is up already."""
    telegram = FakeTelegram()
    await telegram.start()
    async with Sandbox(script=Script()) as provider:
        models = {"PARLEY_MODELS": "Qwen/Qwen3-8B,zai-org/GLM-4.5,lost/model"}
        service = Service(tmp_path, settings_for(telegram, provider) | models)
        try:
            await service.start()
            async with asyncio.timeout(30):
                while "Note: 'lost/model'" not in service.tail():  # noqa: ASYNC110 - a log file rings no bell
                    await asyncio.sleep(0.05)
            tail = service.tail()
            assert "Note: 'zai-org/GLM-4.5' in PARLEY_MODELS was renamed or taken offline" in tail
            assert "configured_model_missing" in tail
            assert "Qwen3-8B'" not in tail
        finally:
            await service.aclose()
            await telegram.close()

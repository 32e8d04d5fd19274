"""Who hears in a chat is its persona's choice; a recording is still heard once, whoever asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bot.conversation import open_book
from bot.conversation.personas.persona import persona_from, read_persona, write_persona
from bot.messages import ChatKind, Quoted
from bot.sandbox import HEARING_MODELS, Reply
from bot.settings_personas import PersonaSettings
from tests.unit.conversation.recordings import hand_over, short_note
from tests.unit.conversation.stage import BEN, Stage

OpenStage = Callable[..., Any]
SENSE, TELE = HEARING_MODELS
OMNI = "Qwen/Qwen3-Omni-30B-A3B-Instruct"
CAREFUL = PersonaSettings(prompt="Listen well.", hearing_models=(OMNI,))
PLAIN = PersonaSettings(prompt="Listen.", hearing_models=(TELE,))
BY_CHAT = "Is the bridge closed?"


@pytest.fixture
async def stage(open_stage: OpenStage) -> Stage:
    """Chat 7 has a persona that hears by chat, chat 8 one that hears by the other transcription model."""
    stage: Stage = await open_stage(personas=open_book({"careful": CAREFUL, "plain": PLAIN}))
    for chat, persona in (("7", "careful"), ("8", "plain"), ("g", "careful")):
        await stage.set_chat(chat, "persona", persona)
    stage.brain.teach("Write down word for word", Reply(text=BY_CHAT))
    return stage


def askings(stage: Stage) -> list[str]:
    """The models that were asked what is said, in order."""
    return [
        record.body["model"]
        for record in stage.sandbox.requests
        if record.path.endswith("/transcriptions") or record.body.get("model") == OMNI
    ]


async def test_a_persona_hears_with_its_own_model(stage: Stage) -> None:
    """Questions, what is passed on, and a group's voice messages; elsewhere the service's model hears."""
    await stage.talk().ask("", attachments=[hand_over(stage, short_note())])
    assert BY_CHAT in stage.talk().texts[-1]
    quoted = Quoted(how="forward", author_name="Cleo")
    await stage.talk().ask("", attachments=[hand_over(stage, short_note(), name="other")], quoted=quoted)
    await stage.set_chat("g", "voice", "all")
    group = stage.talk("g", kind=ChatKind.GROUP)
    note = hand_over(stage, short_note(), name="third")
    await group.ask("", attachments=[note], author=BEN, addressed=False)
    assert group.texts[-1].endswith(BY_CHAT)
    assert askings(stage) == [OMNI] * 3
    await stage.talk("9").ask("", attachments=[hand_over(stage, short_note(), name="fourth")])
    assert askings(stage) == [*[OMNI] * 3, SENSE]


async def test_after_the_personas_models_the_services_are_asked(stage: Stage) -> None:
    """A persona whose model is gone or busy hears as everybody does."""
    stage.brain.teach(
        "Write down word for word", Reply.error(400, {"code": 20012, "message": "no", "data": None})
    )
    await stage.talk().ask("", attachments=[hand_over(stage, short_note())])
    assert "You said: This recording lasts" in stage.talk().texts[-1]
    assert askings(stage) == [OMNI, SENSE]


async def test_what_one_persona_heard_is_known_to_the_others_until_somebody_wants_it_anew(
    stage: Stage,
) -> None:
    """By the button the next model in turn hears it, beginning with the chat's own persona's."""
    note = hand_over(stage, short_note())
    quoted = Quoted(how="forward", author_name="Cleo")
    await stage.talk("7").ask("", attachments=[note], quoted=quoted)
    plain = stage.talk("8")
    await plain.ask("", attachments=[note], quoted=quoted)
    assert plain.texts[-1].endswith(BY_CHAT)
    assert askings(stage) == [OMNI]
    plain.press("Other model")
    await stage.quiet()
    assert "TeleSpeechASR" in plain.texts[-1]
    assert "This recording lasts" in plain.texts[-1]
    assert askings(stage) == [OMNI, TELE]


async def test_two_personas_who_ask_at_a_time_share_one_hearing(stage: Stage) -> None:
    """The second gets the first one's words, though it would have asked another model."""
    note = hand_over(stage, short_note())
    quoted = Quoted(how="forward", author_name="Cleo")
    first, second = stage.talk("7"), stage.talk("8")
    first.say("", attachments=[note], quoted=quoted)
    second.say("", attachments=[note], quoted=quoted)
    await stage.quiet()
    assert len(askings(stage)) == 1
    assert first.texts == second.texts


def test_a_stored_persona_keeps_its_hearing_models() -> None:
    """As it keeps all else that was written down."""
    assert read_persona("careful", write_persona(CAREFUL)) == persona_from("careful", CAREFUL)
    assert read_persona("careful", write_persona(CAREFUL)).hearing_models == (OMNI,)

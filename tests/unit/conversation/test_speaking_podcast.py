"""/podcast: two people talk an answer over, each with a voice of their own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.speaking.dialogue import Line, read_dialogue, voices_beside
from bot.messages import Quoted
from bot.providers import PRESET_VOICES
from bot.sandbox import HttpError, Reply
from bot.texts import say
from tests.fakes.platform import FilelessPlatform
from tests.unit.conversation.conftest import OpenStage
from tests.unit.conversation.stage import Stage, Talk

DIALOGUE = "S1: So what are bees good for?\nS2: They **make** honey.\nS1: Is that all?\nS2: It is not."


@pytest.fixture
async def talk(stage: Stage) -> Talk:
    """A chat in which bees were explained; what the model is then given back is what it explained."""
    stage.brain.teach("Bees make honey", Reply(text=DIALOGUE))
    stage.brain.teach("bees", Reply(text="Bees make honey and more."))
    talk = stage.talk()
    await talk.ask("What about bees?")
    return talk


def spoken(stage: Stage) -> list[tuple[str, str]]:
    """Who said what."""
    return [(body.voice, body.spoken_text) for body in stage.sandbox.audio_script.spoken]


async def test_an_answer_becomes_a_talk_of_two(talk: Talk) -> None:
    """One recording of all lines in their order, the chat's voice leading, below the command."""
    await talk.ask("/podcast")
    assert spoken(talk.stage) == [
        ("anna", "So what are bees good for?"),
        ("alex", "They make honey."),
        ("anna", "Is that all?"),
        ("alex", "It is not."),
    ]
    (note,) = talk.stage.platform.sent_voices
    assert note.seconds == pytest.approx(0.06 * sum(len(text) for _, text in spoken(talk.stage)), abs=0.2)
    assert talk.texts[-1] == say("podcast_caption", "en")


async def test_an_older_answer_is_meant_by_replying_to_it(talk: Talk) -> None:
    """As everywhere."""
    older = max(talk.stage.platform.messages, key=int)
    await talk.ask("Something else")
    await talk.ask("/podcast", quoted=Quoted(how="reply", message_id=older, is_ours=True))
    assert len(talk.stage.platform.sent_voices) == 1


async def test_without_an_answer_there_is_nothing_to_tell(stage: Stage) -> None:
    """A new conversation."""
    talk = stage.talk()
    await talk.ask("/podcast")
    assert talk.texts[0].startswith("There is no answer here")


async def test_a_model_that_writes_no_dialogue_is_told_of(stage: Stage) -> None:
    """As is a provider that does not speak."""
    talk = stage.talk()
    await talk.ask("Hello")
    await talk.ask("/podcast")
    assert talk.texts[-1] == say("podcast_failed", "en").replace("`", "")
    assert stage.platform.sent_voices == []


async def test_a_provider_that_does_not_speak_is_told_of(talk: Talk) -> None:
    """One sentence, and the chat goes on."""
    fault = HttpError(status=400, body={"code": 20047, "message": "Invalid voice.", "data": None})
    talk.stage.sandbox.audio_script.enqueue_speech_faults(*[fault] * 20)
    await talk.ask("/podcast")
    assert talk.texts[-1] == say("podcast_failed", "en")


async def test_where_nothing_is_heard_there_are_no_podcasts(open_stage: OpenStage) -> None:
    """A platform without sound."""
    stage = await open_stage(platform=FilelessPlatform(limit=2000))
    talk = stage.talk()
    await talk.ask("/podcast")
    assert talk.texts == [say("speech_unavailable", "en")]


@pytest.mark.parametrize(
    "written",
    [
        "S1: Hi.\nS2: Ho.",
        "[S1] Hi.\n\n[S2] Ho.",
        "**S1:** Hi.\n**S2:** Ho.",
        "S1：Hi.\nS2：Ho.",
        "x\nSpeaker 1: Hi.\nSpeaker 2: Ho.",
    ],
)
def test_dialogues_are_read_as_models_write_them(written: str) -> None:
    """With brackets, in bold, with Chinese colons, after an introduction."""
    assert read_dialogue(written) == (Line(speaker=0, text="Hi."), Line(speaker=1, text="Ho."))


@given(st.text())
def test_what_is_no_dialogue_is_not_spoken(written: str) -> None:
    """Nothing, or lines of both people with something to say in each."""
    lines = read_dialogue(written)
    assert not lines or {line.speaker for line in lines} == {0, 1}
    assert all(line.text for line in lines)


@pytest.mark.parametrize("preset", PRESET_VOICES)
def test_two_voices_are_told_apart(preset: str) -> None:
    """Whatever the chat's own is."""
    leading, other = voices_beside(preset)
    assert leading == preset != other

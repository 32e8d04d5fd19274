"""/podcast: two people talk an answer over, each with a voice of their own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.speaking.dialogue import dialogue_language, dialogue_parts, read_dialogue, voices_beside
from bot.messages import Quoted
from bot.ports import DialogueLine
from bot.providers import PRESET_VOICES
from bot.sandbox import HttpError, Reply
from bot.texts import say
from tests.fakes.platform import FilelessPlatform
from tests.unit.conversation.conftest import OpenStage
from tests.unit.conversation.stage import Stage, Talk
from tests.unit.conversation.test_speaking_voices import held, makes

DIALOGUE = "S1: So what are bees good for?\nS2: They **make** honey.\nS1: Is that all?\nS2: It is not."


ANSWER = "Bees make honey, and they do a lot more than that for the farmers and for all of us."
MOSS = "fnlp/MOSS-TTSD-v0.5"
TALK = [
    "So what are the bees in this garden good for?",
    "They **make** honey, and that is not all they do.",
    "What else is there that you can tell us?",
    "They carry [S1] the pollen<|endofprompt|> from one flower to the next.",
]
SAID = (
    "[S1]So what are the bees in this garden good for?"
    "[S2]They make honey, and that is not all they do."
    "[S1]What else is there that you can tell us?"
    "[S2]They carry the pollen from one flower to the next."
)


@pytest.fixture
async def talk(stage: Stage) -> Talk:
    """A chat in which bees were explained; what the model is then given back is what it explained."""
    stage.brain.teach("Bees make honey", Reply(text=DIALOGUE))
    stage.brain.teach("bees", Reply(text="Bees make honey and more."))
    talk = stage.talk()
    await talk.ask("What about bees?")
    return talk


@pytest.fixture
async def duet(open_stage: OpenStage) -> Talk:
    """A chat like that where the provider has a model that speaks as two people."""
    stage = await open_stage(dialogue_models=(MOSS,))
    stage.brain.teach(ANSWER, Reply(text=dialogue(TALK)))
    stage.brain.teach("bees", Reply(text=ANSWER))
    talk = stage.talk()
    await talk.ask("What about bees?")
    return talk


def dialogue(lines: list[str]) -> str:
    """As a model writes it."""
    return "\n".join(f"S{number % 2 + 1}: {line}" for number, line in enumerate(lines))


def said(speaker: int, text: str) -> DialogueLine:
    """A line."""
    return DialogueLine(speaker=speaker, text=text)


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


# --- by one model that speaks as two ------------------------------------------------------------------------


async def test_two_people_are_one_call_and_sound_like_their_voices(duet: Talk) -> None:
    """Each voice says a sentence first, which is how the model knows it; nobody's tags change the speaker."""
    await duet.ask("/podcast")
    *introduced, dialogue = duet.stage.sandbox.audio_script.spoken
    assert [(body.voice, body.text) for body in introduced] == [
        ("anna", say("podcast_reference", "en")),
        ("alex", say("podcast_reference", "en")),
    ]
    assert (dialogue.model, dialogue.voice, dialogue.text) == (MOSS, "reference", SAID)
    assert len(dialogue.references) == 2
    (note,) = duet.stage.platform.sent_voices
    assert note.seconds == pytest.approx(0.06 * len(dialogue.spoken_text), abs=0.3)
    await duet.ask("/podcast")
    assert len(duet.stage.sandbox.audio_script.spoken) == 4  # the voices are known by now


async def test_ones_own_voice_leads_the_talk(duet: Talk) -> None:
    """It introduces itself too, and nothing of it is remembered."""
    await makes(duet)
    await duet.ask("/voice mine")
    for _ in range(2):
        await duet.ask("/podcast")
    (own,) = held(duet.stage)
    introduced = [body.voice for body in duet.stage.sandbox.audio_script.spoken if body.voice != "reference"]
    assert introduced == [own.uri, "alex", own.uri]


async def test_a_preset_voice_leads_where_ones_own_is_gone(duet: Talk) -> None:
    """The provider knows it no longer: the podcast comes all the same."""
    await makes(duet)
    await duet.ask("/voice mine")
    duet.stage.sandbox._audio.voices._voices.clear()
    await duet.ask("/podcast")
    assert len(duet.stage.platform.sent_voices) == 1
    *introduced, dialogue = duet.stage.sandbox.audio_script.spoken
    assert {body.voice for body in introduced} == {"alex", "anna"}
    assert dialogue.model == MOSS


async def test_a_long_talk_is_cut_between_lines_and_joined(duet: Talk) -> None:
    """Parts of a minute, each beginning with who leads; one recording."""
    lines = [f"This is line {number} of the talk, and {'it goes on ' * 12}".strip() for number in range(24)]
    duet.stage.brain.teach(ANSWER, Reply(text=dialogue(lines)))
    await duet.ask("/podcast")
    asked = [body for body in duet.stage.sandbox.audio_script.spoken if body.model == MOSS]
    parts = sorted(asked, key=lambda part: lines.index(part.lines[0][1].removesuffix(".")))
    assert len(parts) > 2
    assert all(part.text.startswith("[S1]") for part in parts)
    assert [line for part in parts for _, line in part.lines] == [f"{line}." for line in lines]
    (note,) = duet.stage.platform.sent_voices
    assert note.seconds == pytest.approx(0.06 * sum(len(line) + 1 for line in lines), rel=0.02)


@pytest.mark.parametrize(("status", "code"), [(400, 20012), (400, 20050), (451, 20021), (500, 60000)])
async def test_where_the_model_does_not_speak_two_voices_take_turns(
    duet: Talk, status: int, code: int
) -> None:
    """Missing, refusing or broken: the podcast comes all the same."""
    await duet.ask("/podcast")  # the voices are known
    fault = HttpError(status=status, body={"code": code, "message": "No.", "data": None})
    duet.stage.sandbox.audio_script.enqueue_speech_faults(*[fault] * (3 if status == 500 else 1))
    await duet.ask("/podcast")
    assert [voice for voice, _ in spoken(duet.stage)[-4:]] == ["anna", "alex", "anna", "alex"]
    assert len(duet.stage.platform.sent_voices) == 2


@pytest.mark.parametrize(
    ("lines", "language"),
    [
        ([line.replace("**", "") for line in TALK], "en"),
        (["蜜蜂有什么用？", "它们采蜜，也给花授粉。", "OK, 还有吗？"], "zh"),
        (["À quoi servent les abeilles du jardin ?", "Elles font du miel, et ce n'est pas tout."], ""),
        (
            [
                "Wozu sind die Bienen im Garten gut?",
                "Sie machen Honig, und das ist nicht alles, was sie tun.",
            ],
            "",
        ),
        (["ミツバチは何の役に立つのですか。", "蜂蜜を作ります。"], ""),
        (["Для чего нужны пчёлы?", "Они делают мёд."], ""),
    ],
)
def test_it_is_known_what_they_speak(lines: list[str], language: str) -> None:
    """The model that speaks as two knows English and Chinese only."""
    assert dialogue_language([said(number % 2, line) for number, line in enumerate(lines)]) == language


@given(st.lists(st.tuples(st.integers(0, 1), st.text(min_size=1, max_size=400)), min_size=1, max_size=24))
def test_parts_of_a_talk_are_the_talk(lines: list[tuple[int, str]]) -> None:
    """In order and cut where the first speaker goes on; there are none for a few words."""
    talk = tuple(said(speaker, text) for speaker, text in lines)
    parts = dialogue_parts(talk)
    assert tuple(line for part in parts for line in part) == (talk if parts else ())
    assert all(part[0].speaker == talk[0].speaker for part in parts)
    assert parts or sum(len(text) for _, text in lines) <= 5 * 15


# --- what is common to both ---------------------------------------------------------------------------------


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
    assert read_dialogue(written) == (said(0, "Hi."), said(1, "Ho."))


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

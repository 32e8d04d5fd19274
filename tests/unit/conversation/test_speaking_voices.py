"""Voices of one's own: made with consent, used by their makers, gone everywhere when they are deleted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.conversation.speaking.consent import consent_sentence, is_consent
from bot.errors import ProviderRefused
from bot.messages import Attachment, AttachmentKind, Author, Quoted
from bot.ports import OwnVoice, VoiceSample
from bot.sandbox import HttpError
from bot.storage.voices import discard_voice
from bot.texts import say
from tests.unit.conversation.conftest import OpenStage
from tests.unit.conversation.stage import ANN, BEN, Stage, Talk
from tests.unit.media.sounds import tone, wav_bytes

RECORDING = Attachment(kind=AttachmentKind.VOICE, file_id="mine")


def sentence(talk: Talk, person: Author = ANN) -> str:
    """What this person has to read."""
    return consent_sentence(talk.key, person.id, "en")


def records(stage: Stage, seconds: float = 12.0) -> Quoted:
    """Somebody has recorded something of this length."""
    stage.platform.files["mine"] = wav_bytes(tone(seconds))
    return Quoted(how="reply", message_id="55", author_name="Ann", attachments=(RECORDING,))


async def makes(talk: Talk, name: str = "mine", *, author: Author = ANN, heard: str = "") -> None:
    """A person gives a recording of the sentence, or of something else, to be made a voice."""
    talk.stage.sandbox.audio_script.enqueue_transcripts(heard or sentence(talk, author))
    await talk.ask(f"/voice new {name}", author=author, quoted=records(talk.stage))


def held(stage: Stage) -> list[Any]:
    """The voices that the provider has."""
    return list(stage.sandbox._audio.voices.voices)


async def test_a_voice_is_made_and_used(stage: Stage) -> None:
    """The sentence is shown, read, recognised; the voice is made of it and speaks in the chat."""
    await stage.set_chat("7", "speech", "always")
    talk = stage.talk()
    await talk.ask("/voice new mine")
    assert sentence(talk) in talk.texts[-1]
    await makes(talk)
    (voice,) = held(stage)
    assert voice.transcript == sentence(talk)
    await talk.ask("/voice mine")
    assert "mine, somebody's own" in talk.texts[-1]
    await talk.ask("Speak")
    await stage.until(lambda: stage.platform.sent_voices != [])
    assert stage.sandbox.audio_script.spoken[-1].voice == voice.uri


async def test_another_sentence_makes_no_voice(stage: Stage) -> None:
    """Without the consent nothing is uploaded."""
    talk = stage.talk()
    await makes(talk, heard="Good morning, this is the weather forecast for today and tomorrow.")
    assert talk.texts[-1].startswith("I heard something else")
    assert sentence(talk) in talk.texts[-1]
    assert held(stage) == []


async def test_the_consent_of_somebody_else_makes_no_voice(stage: Stage) -> None:
    """Who replies to another's recording has other words to read."""
    talk = stage.talk()
    await makes(talk, author=BEN, heard=sentence(talk, ANN))
    assert held(stage) == []


async def test_the_recording_of_somebody_else_is_refused_unheard(stage: Stage) -> None:
    """Where the platform tells who spoke."""
    talk = stage.talk()
    await talk.ask("/voice new mine", quoted=replace(records(stage), author_id=BEN.id))
    assert talk.texts == [say("speech_new_foreign", "en")]
    assert stage.sandbox.audio_script.heard == []


@pytest.mark.parametrize("seconds", [3.0, 40.0])
async def test_a_recording_of_another_length_is_refused_unheard(stage: Stage, seconds: float) -> None:
    """Too short has no voice in it; too long the provider does not take."""
    talk = stage.talk()
    await talk.ask("/voice new mine", quoted=records(stage, seconds))
    assert f"lasts {seconds:.0f} s; it takes 8 to 29 s." in talk.texts[-1]
    assert stage.sandbox.audio_script.heard == []


async def test_what_is_no_recording_is_refused(stage: Stage) -> None:
    """A file that only calls itself a voice message."""
    talk = stage.talk()
    quoted = records(stage)
    stage.platform.files["mine"] = b"not a sound at all"
    await talk.ask("/voice new mine", quoted=quoted)
    assert talk.texts[-1] == say("speech_new_unusable", "en")


async def test_an_account_without_a_real_name_is_explained(open_stage: OpenStage) -> None:
    """Error 20051, in words that say who can do what about it."""
    stage = await open_stage(real_name_verified=False)
    talk = stage.talk()
    await makes(talk)
    assert talk.texts[-1] == say("speech_new_real_name", "en")


async def test_only_its_maker_and_admins_use_a_voice(open_stage: OpenStage) -> None:
    """Others do not see it, and neither its name nor its button does anything for them."""
    stage = await open_stage(admins=["fake:3"])
    talk = stage.talk()
    await makes(talk)
    await talk.ask("/voice mine", author=BEN)
    assert talk.texts[-1] == say("speech_unknown", "en", name="mine")
    nonce = talk.press_data("voice:use:own:1", author=BEN)
    await stage.quiet()
    assert stage.platform.answered_buttons[nonce] == say("button_foreign", "en")
    await talk.ask("/voice delete mine", author=BEN)
    assert len(held(stage)) == 1
    await talk.ask("/voice mine", author=Author(id="3", name="Ada", language="en"))
    assert "mine, somebody's own" in talk.texts[-1]


async def test_a_deleted_voice_is_gone_here_and_there(stage: Stage) -> None:
    """The chats that spoke with it go on with their default voice."""
    await stage.set_chat("7", "speech", "always")
    talk = stage.talk()
    await makes(talk)
    await talk.ask("/voice mine")
    await talk.ask("/voice delete mine")
    assert held(stage) == []
    await talk.ask("Speak")
    await stage.until(lambda: stage.platform.sent_voices != [])
    assert stage.sandbox.audio_script.spoken[-1].voice == "anna"


async def test_forgetting_somebody_deletes_their_voices(stage: Stage) -> None:
    """/forget reaches the provider too."""
    talk = stage.talk()
    await makes(talk)
    await talk.ask("/forget")
    talk.press(say("button_forget", "en"))
    await stage.quiet()
    assert held(stage) == []


async def test_a_voice_of_a_taken_name_replaces_it(stage: Stage) -> None:
    """Nobody is left with two of one name, here or at the provider."""
    talk = stage.talk()
    await makes(talk)
    (before,) = held(stage)
    talk.stage.sandbox.audio_script.enqueue_transcripts(sentence(talk))
    await talk.ask("/voice new mine", quoted=records(stage, 14.0))
    (after,) = held(stage)
    assert after.uri != before.uri


@pytest.mark.parametrize("name", ["", "anna", "speed", "two words", "*", "always", "x" * 40])
async def test_a_name_is_one_word_that_means_nothing_else(stage: Stage, name: str) -> None:
    """Or /voice could not tell it from the rest."""
    talk = stage.talk()
    await talk.ask(f"/voice new {name}")
    assert talk.texts == [say("speech_new_name", "en").replace("`", "")]


async def test_a_recording_given_again_is_the_same_voice(stage: Stage) -> None:
    """Under its new name; nothing is left under the old one, nor is anything uploaded twice."""
    talk = stage.talk()
    await makes(talk, "one")
    await makes(talk, "two")
    assert len(held(stage)) == 1
    await talk.ask("/voice one")
    assert talk.texts[-1] == say("speech_unknown", "en", name="one")
    await talk.ask("/voice two")
    assert "two, somebody's own" in talk.texts[-1]


async def test_a_voice_made_again_before_it_was_deleted_stays(stage: Stage) -> None:
    """The provider could not delete it yet, and is not to any more."""
    talk = stage.talk()
    await makes(talk)
    await stage.database.write(lambda conn: discard_voice(conn, 1))
    await makes(talk)
    await talk.ask("/voice mine")
    assert "mine, somebody's own" in talk.texts[-1]
    assert len(held(stage)) == 1


async def test_a_voice_the_provider_has_lost_is_replaced_by_the_default(stage: Stage) -> None:
    """Deleted in the provider's console, say: the answer is heard all the same."""
    await stage.set_chat("7", "speech", "always")
    talk = stage.talk()
    await makes(talk)
    await talk.ask("/voice mine")
    stage.sandbox._audio.voices._voices.clear()
    await talk.ask("Speak")
    await stage.until(lambda: stage.platform.sent_voices != [])
    assert stage.sandbox.audio_script.spoken[-1].voice == "anna"


@pytest.mark.parametrize("code", [20044, 20045])
async def test_a_sample_the_provider_does_not_take_is_to_be_recorded_again(
    stage: Stage, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another try with the same recording would be for nothing."""

    async def refuse(_sample: VoiceSample) -> OwnVoice:
        raise ProviderRefused("no", model="m", status=400, code=code)

    monkeypatch.setattr(stage.senses.voices, "add_voice", refuse)
    talk = stage.talk()
    await makes(talk)
    assert talk.texts[-1] == say("speech_new_unusable", "en")


async def test_a_provider_that_does_not_hear_is_told_of(stage: Stage) -> None:
    """Try again later, with the same recording."""
    talk = stage.talk()
    stage.sandbox.audio_script.enqueue_transcripts(
        *[HttpError(status=400, body={"code": 20042, "message": "no", "data": None})] * 9
    )
    await talk.ask("/voice new mine", quoted=records(stage))
    assert talk.texts[-1] == say("speech_new_failed", "en")


def test_the_sentence_is_recognised_as_machines_hear_it(stage: Stage) -> None:
    """Without marks, in other cases, with a slip or two; not without its own words."""
    talk = stage.talk()
    said = sentence(talk)
    words = said.lower().replace(",", "").replace(".", "").split()
    assert is_consent(" ".join(words), talk.key, ANN.id, "en")
    assert is_consent(" ".join([*words[:3], "uh", *words[4:]]), talk.key, ANN.id, "en")
    assert not is_consent(" ".join(words[: len(words) // 2]), talk.key, ANN.id, "en")
    assert not is_consent("", talk.key, ANN.id, "en")
    chinese = consent_sentence(talk.key, ANN.id, "zh")
    assert is_consent(chinese.replace("，", " ").replace("。", ""), talk.key, ANN.id, "zh")
    assert not is_consent(consent_sentence(talk.key, BEN.id, "zh"), talk.key, ANN.id, "zh")

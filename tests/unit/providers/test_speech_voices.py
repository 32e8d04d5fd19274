"""Own voices are made, listed and deleted at the provider."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.errors import ProviderAccountError, ProviderRefused, ProviderUnavailable
from bot.ports import KeepsVoices, VoiceSample
from bot.providers.speech import SPEECH_MODELS
from bot.providers.voices import REAL_NAME_NEEDED, _entries
from tests.unit.providers.speech_stage import open_stage, say, wav_of

_COSY = SPEECH_MODELS[0]
_SAMPLE = VoiceSample(
    name="my-voice", model=_COSY, recording=wav_of(9.0), mime_type="audio/wav", transcript="I agree to this."
)


async def test_a_voice_is_made_used_listed_and_deleted() -> None:
    """Its uri is what a text is spoken with, until it is gone."""
    async with open_stage() as stage:
        voices: KeepsVoices = stage.voices
        voice = await voices.add_voice(_SAMPLE)
        listed = await voices.list_voices()
        await stage.speaker.speak(say(voice=voice.uri, models=(_COSY,)))
        await voices.delete_voice(voice.uri)
        left = await voices.list_voices()
        with pytest.raises(ProviderRefused):
            await stage.speaker.speak(say(voice=voice.uri, models=(_COSY,)))

    assert voice.uri.startswith("speech:my-voice:")
    assert (voice.name, voice.model, voice.transcript) == ("my-voice", _COSY, "I agree to this.")
    assert listed == (voice,)
    assert left == ()
    assert stage.sandbox.requests[0].body["file"]["name"] == "voice.wav"


async def test_deleting_a_voice_that_is_gone_is_fine() -> None:
    """The outcome is the same."""
    async with open_stage() as stage:
        await stage.voices.delete_voice("speech:gone:x:y")

    assert stage.sandbox.requests[0].status == 400


async def test_an_account_without_a_real_name_is_told_to_the_operator() -> None:
    """20051 is the account's trouble, not the recording's."""
    async with open_stage(real_name_verified=False) as stage:
        with pytest.raises(ProviderAccountError, match="real-name") as caught:
            await stage.voices.add_voice(_SAMPLE)
        with pytest.raises(ProviderAccountError):
            await stage.voices.list_voices()

    assert caught.value.code == REAL_NAME_NEEDED
    assert len(stage.sandbox.requests) == 2


@pytest.mark.parametrize(
    ("sample", "code"),
    [
        (replace(_SAMPLE, recording=wav_of(31.0)), 20044),
        (replace(_SAMPLE, recording=b"no sound"), 20044),
        (replace(_SAMPLE, recording=wav_of(170.0)), 20045),
        (replace(_SAMPLE, name="my voice!"), 20048),
        (replace(_SAMPLE, model="nobody/Voice"), 20012),
        (replace(_SAMPLE, transcript=""), 20015),
    ],
)
async def test_a_sample_that_is_refused_keeps_the_providers_code(sample: VoiceSample, code: int) -> None:
    """Too long, no sound, too large, a bad name: each can be explained."""
    async with open_stage() as stage:
        with pytest.raises(ProviderRefused) as caught:
            await stage.voices.add_voice(sample)

    assert caught.value.code == code


@pytest.mark.parametrize("answer", [{"results": [1]}, {"result": [1]}, [1]])
def test_the_list_is_found_under_any_of_its_names(answer: object) -> None:
    """Documents and clients disagree about it."""
    assert _entries(answer) == [1]


@pytest.mark.parametrize("answer", [{}, {"results": None}, "speech:a:b:c"])
def test_a_list_in_another_form_is_a_failure(answer: object) -> None:
    """It is not taken for an account without voices."""
    with pytest.raises(ProviderUnavailable):
        _entries(answer)

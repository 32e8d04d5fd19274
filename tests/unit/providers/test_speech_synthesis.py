"""Texts become sound over real HTTP, whatever the provider does meanwhile."""

from __future__ import annotations

import base64
import io
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from bot.errors import ProviderRefused, ProviderUnavailable
from bot.media import Container, open_sound, sniff
from bot.ports import (
    DialogueLine,
    DialogueRequest,
    SpeechFormat,
    SpeechRequest,
    TextToSpeech,
    VoiceReference,
)
from bot.providers.errors import StreamCut
from bot.providers.speech import PRESET_VOICES, SPEECH_MODELS
from bot.sandbox import Cut, Hang, HttpError
from tests.unit.providers.speech_stage import open_stage, say, wav_of

_COSY, _MOSS = SPEECH_MODELS
_BUSY = HttpError(status=503, body={"code": 50508, "message": "System is too busy now.", "data": None})


async def test_a_text_is_spoken() -> None:
    """The preset's name goes out with its model, and what comes back is sound."""
    async with open_stage() as stage:
        speaker: TextToSpeech = stage.speaker
        speech = await speaker.speak(say("Good morning", speed=1.5, gain_decibels=2.0))

    (record,) = stage.sandbox.requests
    assert sniff(speech.data[:16]) is Container.MP3
    assert (speech.model, speech.trace_id) == (_COSY, record.trace_id)
    assert record.body == {
        "model": _COSY,
        "input": "Good morning",
        "voice": f"{_COSY}:anna",
        "response_format": "mp3",
        "stream": True,
        "speed": 1.5,
        "gain": 2.0,
    }


@pytest.mark.parametrize(
    ("form", "rate", "container"),
    [
        (SpeechFormat.MP3, 32_000, Container.MP3),
        (SpeechFormat.WAV, 24_000, Container.WAV),
        (SpeechFormat.OPUS, 48_000, Container.OGG),
    ],
)
async def test_every_format_comes_as_asked(form: SpeechFormat, rate: int, container: Container) -> None:
    """With its sample rate, and as long as the text."""
    async with open_stage() as stage:
        speech = await stage.speaker.speak(say("x" * 50, format=form, sample_rate=rate))

    with open_sound(io.BytesIO(speech.data), longest_seconds=60) as sound:
        assert sound.info.container is container
        assert sound.info.sample_rate == rate
        assert sound.info.duration_seconds == pytest.approx(3.0, abs=0.1)


async def test_bare_samples_may_begin_like_anything() -> None:
    """PCM has no head to look at; only its content type tells an error."""
    async with open_stage() as stage:
        speech = await stage.speaker.speak(say("x" * 50, format=SpeechFormat.PCM, sample_rate=16_000))

    assert len(speech.data) == pytest.approx(3.0 * 32_000, rel=0.01)


async def test_a_style_goes_before_the_text_where_the_model_follows_it() -> None:
    """CosyVoice2 gets its instruction, another model the text alone; nobody smuggles one in."""
    text = "Hello <|endofprompt|> [laughter] world"
    async with open_stage() as stage:
        await stage.speaker.speak(say(text, style="开心地说<|endofprompt|>", models=(_COSY,)))
        await stage.speaker.speak(say(text, style="开心地说", models=(_MOSS,)))

    assert [record.body["input"] for record in stage.sandbox.requests] == [
        "开心地说<|endofprompt|>Hello   world",
        "Hello   world",
    ]


async def test_all_presets_are_known_to_the_provider() -> None:
    """None is refused, by either model."""
    async with open_stage() as stage:
        for model in SPEECH_MODELS:
            for voice in PRESET_VOICES:
                await stage.speaker.speak(say("Hello", voice=voice, models=(model,)))

    assert {record.status for record in stage.sandbox.requests} == {200}


async def test_a_busy_model_is_waited_for_and_then_replaced() -> None:
    """The next model gets the preset under its own name."""
    async with open_stage() as stage:
        stage.script.enqueue_speech_faults(_BUSY, _BUSY, _BUSY)
        speech = await stage.speaker.speak(say())

    assert speech.model == _MOSS
    assert stage.models == [_COSY, _COSY, _COSY, _MOSS]
    assert stage.sandbox.requests[-1].body["voice"] == f"{_MOSS}:anna"


@pytest.mark.parametrize("how", ["close", "reset"])
async def test_sound_that_breaks_off_is_asked_for_again(how: str) -> None:
    """Half a sentence is no answer."""
    async with open_stage() as stage:
        stage.script.enqueue_speech_faults(Cut(after_tokens=0, how=how))  # type: ignore[arg-type]  # both are ways
        speech = await stage.speaker.speak(say("x" * 200, format=SpeechFormat.WAV))

    assert len(stage.sandbox.requests) == 2
    with open_sound(io.BytesIO(speech.data), longest_seconds=60) as sound:
        assert sound.info.duration_seconds == pytest.approx(12.0, abs=0.1)


@pytest.mark.parametrize(
    "body",
    [{"code": 50505, "message": "overloaded", "data": None}, "Gateway Timeout", {"error": {"code": 60000}}],
)
async def test_an_error_that_looks_like_a_success_is_an_error(body: object) -> None:
    """Status 200 with JSON inside is read, not sent to a chat as a voice note."""
    async with open_stage() as stage:
        stage.script.enqueue_speech_faults(HttpError(status=200, body=body))
        speech = await stage.speaker.speak(say())

    assert sniff(speech.data[:16]) is Container.MP3
    assert len(stage.sandbox.requests) == 2


async def test_no_sound_at_all_is_an_error() -> None:
    """Zero bytes are no voice note."""
    async with open_stage() as stage:
        stage.script.enqueue_speech_faults(*[HttpError(status=200, body="", form="text")] * 4)
        with pytest.raises(ProviderUnavailable, match="no sound"):
            await stage.speaker.speak(say())


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"voice": "nobody"}, 20047),
        ({"voice": "speech:gone:x:y"}, 20059),
        ({"text": "x" * 100_001}, 20050),
        ({"speed": 9.0}, 20061),
        ({"gain_decibels": 40.0}, 20062),
        ({"models": ("nobody/Voice",)}, 20012),
    ],
)
async def test_a_refusal_keeps_the_providers_code(changes: dict[str, object], code: int) -> None:
    """So that the chat can say what to do."""
    request = {"text": "Hello", "voice": "anna", "models": (_COSY,), **changes}
    async with open_stage() as stage:
        with pytest.raises(ProviderRefused) as caught:
            await stage.speaker.speak(SpeechRequest(**request))  # type: ignore[arg-type]  # fields by name

    assert caught.value.code == code
    assert len(stage.sandbox.requests) == 1


async def test_a_stream_gives_the_sound_as_it_comes() -> None:
    """Joined it is the whole; another model is tried before the first byte."""
    async with open_stage() as stage:
        stage.script.enqueue_speech_faults(_BUSY)
        async with stage.speaker.stream(say("x" * 400, format=SpeechFormat.WAV)) as chunks:
            pieces = [chunk async for chunk in chunks]

    assert len(pieces) > 1
    with open_sound(io.BytesIO(b"".join(pieces)), longest_seconds=60) as sound:
        assert sound.info.duration_seconds == pytest.approx(24.0, abs=0.1)


async def test_a_stream_that_breaks_off_says_so() -> None:
    """After some sound nothing is begun anew; the listener has heard that part."""
    heard: list[bytes] = []
    async with open_stage() as stage:
        stage.script.enqueue_speech_faults(Cut(after_tokens=0, how="reset"))
        async with stage.speaker.stream(say("x" * 400, format=SpeechFormat.WAV)) as chunks:
            with pytest.raises(StreamCut):
                await _listen(chunks, heard)

    assert heard
    assert len(stage.sandbox.requests) == 1


async def _listen(chunks: AsyncIterator[bytes], heard: list[bytes]) -> None:
    async for chunk in chunks:
        heard.append(chunk)  # noqa: PERF401 - what came before the break has to be kept


async def test_leaving_a_stream_closes_its_connection() -> None:
    """Somebody who stops listening costs nothing more."""
    async with open_stage() as stage:
        async with stage.speaker.stream(say("x" * 5_000, format=SpeechFormat.WAV)) as chunks:
            assert await anext(chunks)
        await stage.sandbox.requests[0].ended.wait()

    assert stage.sandbox.requests[0].client_went_away


async def test_a_call_that_never_answers_ends_at_the_deadline() -> None:
    """A hanging provider does not hold a turn for ever."""
    async with open_stage() as stage:
        stage.script.enqueue_speech_faults(*[Hang(before="headers")] * 20)
        with pytest.raises(ProviderUnavailable):
            await stage.speaker.speak(say(deadline_seconds=0.3))


def talk(*lines: str, **changes: Any) -> DialogueRequest:
    """A dialogue of two people who take turns, each known by a second of silence."""
    return DialogueRequest(
        lines=tuple(DialogueLine(speaker=number % 2, text=line) for number, line in enumerate(lines)),
        references=(_reference("I lead."), _reference("I explain.")),
        models=(_MOSS,),
        **changes,
    )


def _reference(transcript: str) -> VoiceReference:
    return VoiceReference(recording=wav_of(1.0), mime_type="audio/wav", transcript=transcript)


async def test_a_dialogue_is_one_request_with_both_voices() -> None:
    """Tags tell who speaks, and no line brings its own; references are the voices, in the speakers' order."""
    async with open_stage() as stage:
        speech = await stage.speaker.speak_dialogue(
            talk("Hello [S2]there.", "Hi<|endofprompt|>!", "[S[S1]1]Bye.", speed=1.25, gain_decibels=3.0)
        )

    (record,) = stage.sandbox.requests
    sound = f"data:audio/wav;base64,{base64.b64encode(wav_of(1.0)).decode()}"
    assert (speech.model, sniff(speech.data[:16])) == (_MOSS, Container.MP3)
    assert record.body == {
        "model": _MOSS,
        "input": "[S1]Hello there.[S2]Hi![S1]Bye.",
        "voice": "",
        "references": [{"audio": sound, "text": "I lead."}, {"audio": sound, "text": "I explain."}],
        "max_tokens": 8_000,
        "response_format": "mp3",
        "stream": True,
        "speed": 1.25,
        "gain": 3.0,
    }


async def test_a_dialogue_of_a_minute_is_heard_to_its_end() -> None:
    """Its tokens last, and every line is in it."""
    lines = ["This is a line that takes its time. " * 4] * 7
    async with open_stage() as stage:
        speech = await stage.speaker.speak_dialogue(talk(*lines, format=SpeechFormat.WAV))

    (body,) = stage.script.spoken
    assert [speaker for speaker, _ in body.lines] == [0, 1, 0, 1, 0, 1, 0]
    with open_sound(io.BytesIO(speech.data), longest_seconds=120) as sound:
        assert sound.info.duration_seconds == pytest.approx(7 * 0.06 * len(lines[0].strip()), rel=0.01)


async def test_a_dialogue_of_nothing_is_refused() -> None:
    """The model fails at a few words."""
    async with open_stage() as stage:
        with pytest.raises(ProviderRefused, match="too short"):
            await stage.speaker.speak_dialogue(talk("A", "B"))


async def test_the_body_is_json_without_what_was_not_asked_for() -> None:
    """A sample rate is sent only when one is wanted."""
    async with open_stage() as stage:
        await stage.speaker.speak(say())
        await stage.speaker.speak(say(sample_rate=32_000))

    bodies = [orjson.loads(record.raw_body) for record in stage.sandbox.requests]
    assert ["sample_rate" in body for body in bodies] == [False, True]

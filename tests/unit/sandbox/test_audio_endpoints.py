"""The stand-in's audio endpoints keep the provider's limits, codes and bodies."""

from __future__ import annotations

import base64
import io
import wave
from typing import Any

import aiohttp
import orjson
import pytest

from bot.media import Container, sniff
from bot.sandbox import HEARING_MODELS, SPEAKING_MODELS, TRACE_HEADER, HttpError, Sandbox
from tests.unit.sandbox.client import KEY

_HEARS, _SPEAKS, _DUET = HEARING_MODELS[0], *SPEAKING_MODELS


def _wav(seconds: float = 1.0, *, rate: int = 8_000) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(bytes(int(seconds * rate) * 2))
    return file.getvalue()


def _form(file: bytes | None = None, /, *, name: str = "a.wav", **fields: str) -> aiohttp.FormData:
    form = aiohttp.FormData()
    for key, value in fields.items():
        form.add_field(key, value)
    if file is not None:
        form.add_field("file", io.BytesIO(file), filename=name)
    return form


async def _post(http: aiohttp.ClientSession, sandbox: Sandbox, path: str, data: Any) -> tuple[int, bytes]:
    body = io.BytesIO(orjson.dumps(data)) if isinstance(data, dict) else data
    async with http.post(f"{sandbox.url}{path}", data=body) as response:
        assert response.headers[TRACE_HEADER].startswith("ti_")
        return response.status, await response.read()


async def _transcribe(
    http: aiohttp.ClientSession, sandbox: Sandbox, form: aiohttp.FormData
) -> tuple[int, Any]:
    status, body = await _post(http, sandbox, "/audio/transcriptions", form)
    return status, orjson.loads(body)


async def test_a_transcript_is_a_text_and_nothing_else(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """Queued answers first, then one that tells the recording's length; the script knows what it heard."""
    sandbox.audio_script.enqueue_transcripts("Hello.")

    first = await _transcribe(http, sandbox, _form(_wav(), model=_HEARS))
    second = await _transcribe(http, sandbox, _form(_wav(2.5), model=_HEARS))

    assert first == (200, {"text": "Hello."})
    assert second == (200, {"text": "This recording lasts 2.5 seconds."})
    assert [(file.model, file.seconds) for file in sandbox.audio_script.heard] == [
        (_HEARS, 1.0),
        (_HEARS, 2.5),
    ]
    assert sandbox.requests[0].body == {"model": _HEARS, "file": {"name": "a.wav", "size": len(_wav())}}


@pytest.mark.parametrize(
    ("form", "code"),
    [
        (lambda: _form(_wav()), 20015),
        (lambda: _form(model=_HEARS, other="x"), 20015),
        (lambda: _form(_wav(), model="nobody/Ears"), 20012),
        (lambda: _form(b"not a sound", model=_HEARS), 20044),
        (lambda: _form(b"", model=_HEARS), 20044),
        (lambda: _form(b"fLaC" + bytes(200), model=_HEARS), 20044),
        (lambda: _form(_wav(3_601, rate=1_000), model=_HEARS), 20044),
        (lambda: _form(_wav(), model="x" * 70_000), 20015),
    ],
    ids=["no model", "no file", "unknown model", "text", "empty", "broken", "over an hour", "endless field"],
)
async def test_a_transcription_that_breaks_a_rule_is_refused(
    form: Any, code: int, sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    """With 400 and the provider's object."""
    status, body = await _transcribe(http, sandbox, form())

    assert status == 400
    assert body["code"] == code
    assert body["data"] is None


async def test_a_format_that_is_not_listed_is_refused(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """FLAC, AMR and M4A are no formats of the provider's, whatever their name."""
    aiff = b"FORM" + (46 + 16).to_bytes(4, "big") + b"AIFFCOMM" + (18).to_bytes(4, "big")
    aiff += (1).to_bytes(2, "big") + (4).to_bytes(4, "big") + (16).to_bytes(2, "big")
    aiff += bytes.fromhex("400bfa00000000000000") + b"SSND" + (16).to_bytes(4, "big") + bytes(16)

    status, body = await _transcribe(http, sandbox, _form(aiff, model=_HEARS, name="a.wav"))

    assert (status, body["code"]) == (400, 20083)


async def test_a_file_of_more_than_fifty_megabytes_is_too_large(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    """413, and nothing of it is kept."""
    status, body = await _transcribe(http, sandbox, _form(bytes(51 * 1024 * 1024), model=_HEARS))

    assert (status, body["code"]) == (413, 20042)
    assert sandbox.requests[0].raw_body == b""


async def test_a_body_that_is_no_form_is_refused(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """As JSON, or as a form whose end is missing."""
    assert (await _post(http, sandbox, "/audio/transcriptions", {"model": _HEARS}))[0] == 400

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    half = b'--x\r\nContent-Disposition: form-data; name="model"\r\n\r\nabc'
    async with http.post(f"{sandbox.url}/audio/transcriptions", data=half, headers=headers) as response:
        assert response.status == 400


async def test_a_key_is_needed_here_too(sandbox: Sandbox) -> None:
    """Every audio endpoint is behind the key."""
    async with aiohttp.ClientSession() as stranger:
        for path in (
            "/audio/transcriptions",
            "/audio/speech",
            "/uploads/audio/voice",
            "/audio/voice/deletions",
        ):
            async with stranger.post(f"{sandbox.url}{path}", data=_form(_wav(), model=_HEARS)) as response:
                assert response.status == 401


async def test_scripted_failures_come_first(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """With the status and body they name."""
    sandbox.audio_script.enqueue_transcripts(HttpError(status=503, body={"code": 50505}))

    assert await _transcribe(http, sandbox, _form(_wav(), model=_HEARS)) == (503, {"code": 50505})


def _speech(**changes: Any) -> dict[str, Any]:
    return {"model": _SPEAKS, "input": "Hello", "voice": f"{_SPEAKS}:alex", **changes}


@pytest.mark.parametrize(
    ("form", "container"),
    [("mp3", Container.MP3), ("wav", Container.WAV), ("opus", Container.OGG), (None, Container.MP3)],
)
async def test_speech_is_the_sound_itself(
    form: str | None, container: Container, sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    """MP3 unless another format is asked for."""
    changes = {"response_format": form} if form else {}

    status, body = await _post(http, sandbox, "/audio/speech", _speech(**changes))

    assert status == 200
    assert sniff(body[:16]) is container


async def test_speech_is_the_same_every_time_and_follows_speed(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    """Deterministic, twice as fast is half as long, and another voice is another tone."""
    bodies = [
        (await _post(http, sandbox, "/audio/speech", _speech(response_format="pcm", **changes)))[1]
        for changes in ({}, {}, {"speed": 2}, {"voice": f"{_SPEAKS}:diana"})
    ]

    assert bodies[0] == bodies[1]
    assert len(bodies[2]) == pytest.approx(len(bodies[0]) / 2, rel=0.01)
    assert bodies[3] != bodies[0]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"model": None}, 20013),
        ({"model": "nobody/Voice"}, 20012),
        ({"input": ""}, 20018),
        ({"input": "x" * 100_001}, 20050),
        ({"voice": None}, 20052),
        ({"voice": ""}, 20052),
        ({"voice": "alex"}, 20047),
        ({"voice": 7}, 20047),
        ({"voice": f"{SPEAKING_MODELS[1]}:alex"}, 20047),
        ({"voice": "speech:gone:a:b"}, 20059),
        ({"references": [{"audio": "https://example.org/a.mp3", "text": "a"}]}, 20053),
        ({"voice": "", "references": "a"}, 20046),
        ({"voice": "", "references": [{"text": "a"}]}, 20046),
        ({"voice": "", "references": [{"audio": "data:audio/wav;base64,%%%", "text": "a"}]}, 20049),
        ({"voice": "", "references": [{"audio": "somewhere", "text": "a"}]}, 20049),
        ({"response_format": "flac"}, 20082),
        ({"sample_rate": 11_025}, 20015),
        ({"speed": 5}, 20061),
        ({"speed": "fast"}, 20061),
        ({"gain": -11}, 20062),
    ],
)
async def test_speech_that_breaks_a_rule_is_refused(
    changes: dict[str, Any], code: int, sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    """With 400 and the provider's code."""
    status, body = await _post(http, sandbox, "/audio/speech", _speech(**changes))

    assert (status, orjson.loads(body)["code"]) == (400, code)


@pytest.mark.parametrize("raw", [b"", b"[]", b"{"])
async def test_a_speech_body_that_is_no_object_is_refused(
    raw: bytes, sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    """20015, as elsewhere."""
    status, body = await _post(http, sandbox, "/audio/speech", raw)

    assert (status, orjson.loads(body)["code"]) == (400, 20015)


async def test_a_reference_is_a_voice_for_once(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """An address or base64, in place of a voice."""
    uri = "data:audio/wav;base64," + base64.b64encode(_wav()).decode()
    references = [{"audio": uri, "text": "a"}, {"audio": "https://example.org/a.mp3", "text": "b"}]

    status, _ = await _post(http, sandbox, "/audio/speech", _speech(voice="", references=references))

    assert status == 200
    assert sandbox.audio_script.spoken[0].voice == "reference"


def _dialogue(**changes: Any) -> dict[str, Any]:
    uri = f"data:audio/wav;base64,{base64.b64encode(_wav(9)).decode()}"
    references = [{"audio": uri, "text": "I lead."}, {"audio": uri, "text": "I explain."}]
    body = {"model": _DUET, "input": "[S1]Hello there.[S2]Hi.", "voice": "", "references": references}
    return {**body, "response_format": "pcm", "sample_rate": 24_000, **changes}


def _sounds(*seconds: float) -> list[dict[str, str]]:
    uris = [f"data:audio/wav;base64,{base64.b64encode(_wav(length)).decode()}" for length in seconds]
    return [{"audio": uri, "text": "This is me."} for uri in uris]


async def test_a_dialogue_has_two_speakers(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """Each line by who says it; what comes after the last token is not heard."""
    status, whole = await _post(http, sandbox, "/audio/speech", _dialogue())
    _, beginning = await _post(http, sandbox, "/audio/speech", _dialogue(max_tokens=5))

    body = sandbox.audio_script.spoken[0]
    assert (status, body.voice, body.lines) == (200, "reference", ((0, "Hello there."), (1, "Hi.")))
    assert body.spoken_text == "Hello there. Hi."
    assert len(whole) / 48_000 == pytest.approx(0.72 + 0.2, abs=0.05)
    assert len(beginning) / 48_000 == pytest.approx(5 / 12.5, abs=0.05)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"input": "[S1]Hi"}, 20015),
        ({"voice": f"{SPEAKING_MODELS[1]}:alex"}, 20053),
        ({"references": []}, 20052),
        ({"references": _sounds(9)}, 20046),
        ({"references": [{"audio": "https://example.org/a.mp3"}] * 2}, 20046),
        ({"references": _sounds(9, 30)}, 20044),
        ({"references": [{"audio": "data:audio/wav;base64,AAAA", "text": "x"}] * 2}, 20044),
        ({"max_tokens": 0}, 20089),
        ({"max_tokens": 32_760}, 20089),
    ],
)
async def test_a_dialogue_that_breaks_a_rule_is_refused(
    changes: dict[str, Any], code: int, sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    """Both voices in references of less than 30 s, more than a few words, no more tokens than there are."""
    status, body = await _post(http, sandbox, "/audio/speech", _dialogue(**changes))

    assert (status, orjson.loads(body)["code"]) == (400, code)
    assert sandbox.audio_script.spoken == []


async def test_a_site_may_have_no_model_for_dialogues(http: aiohttp.ClientSession) -> None:
    """It is as if there were none."""
    async with Sandbox(speaks_dialogue=False) as sandbox:
        status, body = await _post(http, sandbox, "/audio/speech", _dialogue())
        async with http.get(f"{sandbox.url}/models?type=audio") as response:
            listed = await response.text()

    assert _DUET not in listed
    assert (status, orjson.loads(body)["code"]) == (400, 20012)


async def test_a_voice_may_come_as_json(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """With its recording as a data URI; it is listed with all that was said of it."""
    uri = "data:audio/wav;base64," + base64.b64encode(_wav(9)).decode()
    voice = {"model": _SPEAKS, "customName": "me", "audio": uri, "text": "Hello."}

    status, body = await _post(http, sandbox, "/uploads/audio/voice", voice)
    async with http.get(f"{sandbox.url}/audio/voice/list") as response:
        listed = orjson.loads(await response.read())

    made = orjson.loads(body)
    assert status == 200
    assert made["uri"].startswith("speech:me:")
    assert listed == {
        "results": [{"model": _SPEAKS, "customName": "me", "text": "Hello.", "uri": made["uri"]}]
    }
    assert await _post(http, sandbox, "/audio/voice/deletions", {"uri": made["uri"]}) == (200, b"")


@pytest.mark.parametrize("audio", ["data:audio/wav;base64,%%%", "x"])
async def test_a_voice_that_is_not_base64_is_refused(
    audio: str, sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    """20049 for what cannot be decoded, 20044 for what is no sound."""
    voice = {"model": _SPEAKS, "customName": "me", "audio": audio, "text": "Hello."}

    status, body = await _post(http, sandbox, "/uploads/audio/voice", voice)

    assert status == 400
    assert orjson.loads(body)["code"] in {20044, 20049}


async def test_a_voice_of_more_than_five_megabytes_is_too_large(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    """20045, in a form and as JSON."""
    large = bytes(5 * 1024 * 1024 + 1)
    form = _form(large, model=_SPEAKS, customName="me", text="Hello.")
    uri = "data:audio/wav;base64," + base64.b64encode(large).decode()
    fields = {"model": _SPEAKS, "customName": "me", "text": "Hello."}

    for body in (form, {**fields, "audio": uri}):
        status, answer = await _post(http, sandbox, "/uploads/audio/voice", body)
        assert (status, orjson.loads(answer)["code"]) == (400, 20045)


async def test_the_list_of_models_knows_the_audio_ones(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """By type, and speech-to-text by sub type."""
    found: list[set[str]] = []
    for query in (
        {"type": "audio"},
        {"type": "audio", "sub_type": "speech-to-text"},
        {"sub_type": "speech-to-text"},
    ):
        async with http.get(f"{sandbox.url}/models", params=query) as response:
            found.append({entry["id"] for entry in orjson.loads(await response.read())["data"]})

    assert found == [{*HEARING_MODELS, *SPEAKING_MODELS}, {*HEARING_MODELS}, {*HEARING_MODELS}]


async def test_an_account_without_a_real_name_has_no_voices() -> None:
    """Every endpoint of voices answers 20051."""
    async with Sandbox(real_name_verified=False) as sandbox, aiohttp.ClientSession(headers=KEY) as http:
        upload = await _post(http, sandbox, "/uploads/audio/voice", {"model": _SPEAKS})
        delete = await _post(http, sandbox, "/audio/voice/deletions", {"uri": "x"})

    for status, body in (upload, delete):
        assert (status, orjson.loads(body)["code"]) == (403, 20051)

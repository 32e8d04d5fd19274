"""Files become words over real HTTP, whatever the provider does meanwhile."""

from __future__ import annotations

import base64
import tracemalloc
from pathlib import Path

import pytest

from bot.errors import ProviderAccountError, ProviderError, ProviderRefused, ProviderUnavailable
from bot.ports import SpeechToText
from bot.providers.transcription import TRANSCRIPTION_MODELS
from bot.sandbox import Hang, HttpError, Reply
from tests.unit.providers.speech_stage import hear, open_stage, wav_file

_SENSE, _TELE = TRANSCRIPTION_MODELS
_OMNI = "Qwen/Qwen3-Omni-30B-A3B-Instruct"
_BUSY = HttpError(status=503, body={"code": 50505, "message": "Model service overloaded.", "data": None})
_LIMITED = HttpError(status=429, body={"message": "Details:RPM limit reached.", "data": None})


async def test_the_words_come_with_their_model_and_trace(tmp_path: Path) -> None:
    """The file goes out as a form with a name that tells its format and nothing more."""
    async with open_stage() as stage:
        stage.script.enqueue_transcripts("Hello there.")
        transcriber: SpeechToText = stage.transcriber
        transcript = await transcriber.transcribe(hear(wav_file(tmp_path)))

    (record,) = stage.sandbox.requests
    assert (transcript.text, transcript.model) == ("Hello there.", _SENSE)
    assert transcript.trace_id == record.trace_id
    assert record.body == {"model": _SENSE, "file": {"name": "speech.wav", "size": 32_044}}


async def test_tags_and_invented_words_are_taken_out(tmp_path: Path) -> None:
    """What SenseVoice leaks and what no person said never reaches the chat."""
    async with open_stage() as stage:
        stage.script.enqueue_transcripts("<|zh|><|HAPPY|><|Speech|><|woitn|>你好。😊", "Thank you.", "")
        texts = [
            (await stage.transcriber.transcribe(hear(wav_file(tmp_path), speech_seconds=seconds))).text
            for seconds in (1.0, 0.1, 0.1)
        ]

    assert texts == ["你好。", "", ""]


@pytest.mark.parametrize("fault", [_BUSY, _LIMITED, HttpError(status=504, body="Gateway Timeout")])
async def test_what_passes_is_waited_for(fault: HttpError, tmp_path: Path) -> None:
    """Overload, limits and gateway time-outs: the same model again after a pause, with the whole file."""
    async with open_stage() as stage:
        stage.script.enqueue_transcripts(fault, fault, "At last.")
        transcript = await stage.transcriber.transcribe(hear(wav_file(tmp_path)))

    assert transcript.text == "At last."
    assert stage.models == [_SENSE] * 3
    assert [file.size for file in stage.script.heard] == [32_044] * 3
    assert len(stage.clock.slept) == 2


async def test_a_model_that_stays_busy_is_replaced(tmp_path: Path) -> None:
    """After its tries the next one of the list answers."""
    async with open_stage() as stage:
        stage.script.enqueue_transcripts(_BUSY, _BUSY, _BUSY, "From the other.")
        transcript = await stage.transcriber.transcribe(hear(wav_file(tmp_path)))

    assert (transcript.text, transcript.model) == ("From the other.", _TELE)
    assert stage.models == [_SENSE, _SENSE, _SENSE, _TELE]


async def test_a_model_that_is_gone_is_replaced_at_once(tmp_path: Path) -> None:
    """20012 is not worth another try."""
    async with open_stage() as stage:
        transcript = await stage.transcriber.transcribe(hear(wav_file(tmp_path), "old/Model", _TELE))

    assert transcript.model == _TELE
    assert stage.models == ["old/Model", _TELE]
    assert stage.clock.slept == []


async def test_the_last_failure_is_told(tmp_path: Path) -> None:
    """When no model answers, the error names the model, the code and the trace."""
    async with open_stage() as stage:
        stage.script.enqueue_transcripts(*[_BUSY] * 6)
        with pytest.raises(ProviderUnavailable) as caught:
            await stage.transcriber.transcribe(hear(wav_file(tmp_path)))

    assert (caught.value.model, caught.value.code, caught.value.status) == (_TELE, 50505, 503)
    assert caught.value.trace_id == stage.sandbox.requests[-1].trace_id


async def test_the_deadline_holds_over_all_tries(tmp_path: Path) -> None:
    """A pause that would pass it is not begun."""
    async with open_stage() as stage:
        stage.script.enqueue_transcripts(*[_LIMITED] * 10)
        with pytest.raises(ProviderUnavailable):
            await stage.transcriber.transcribe(hear(wav_file(tmp_path), _SENSE, deadline_seconds=1.0))

    assert sum(stage.clock.slept) < 1.0


async def test_a_call_that_never_answers_ends_at_the_deadline(tmp_path: Path) -> None:
    """A hanging provider does not hold a turn for ever."""
    async with open_stage() as stage:
        stage.script.enqueue_transcripts(*[Hang(before="headers")] * 20)
        with pytest.raises(ProviderUnavailable, match="within"):
            await stage.transcriber.transcribe(hear(wav_file(tmp_path), _SENSE, deadline_seconds=0.3))


async def test_a_limited_model_is_spared_by_the_next_call(tmp_path: Path) -> None:
    """What one call learned about a limit the next one knows."""
    async with open_stage() as stage:
        stage.script.enqueue_transcripts(*[_LIMITED] * 5, "one", "two")
        await stage.transcriber.transcribe(hear(wav_file(tmp_path)))
        await stage.transcriber.transcribe(hear(wav_file(tmp_path)))

    assert stage.models == [*[_SENSE] * 5, _TELE, _TELE]


async def test_an_account_in_trouble_is_not_asked_again(tmp_path: Path) -> None:
    """Every model has the same account; the call ends with the provider's code."""
    empty = {"code": 30001, "message": "balance is insufficient", "data": None}
    async with open_stage() as stage:
        stage.script.enqueue_transcripts(HttpError(status=400, body=empty), "never asked for")
        with pytest.raises(ProviderAccountError) as caught:
            await stage.transcriber.transcribe(hear(wav_file(tmp_path)))

    assert caught.value.code == 30001
    assert stage.models == [_SENSE]


@pytest.mark.parametrize(
    "refusal",
    [
        HttpError(status=400, body={"code": 20044, "message": "bad audio", "data": None}),
        HttpError(status=400, body={"code": 20083, "message": "format", "data": None}),
        HttpError(status=413, body="Request Entity Too Large", form="text"),
        HttpError(status=413, body={"code": 20045, "message": "over 5 MB", "data": None}),
        HttpError(status=451, body={"code": 20021, "message": "NSFW", "data": None}),
        HttpError(status=404, body="404 page not found", form="text"),
        HttpError(status=400, body={"code": 30003, "message": "offline", "data": None}),
    ],
    ids=["sound", "format", "size", "code of size", "rules", "address", "offline"],
)
async def test_what_one_model_refuses_the_next_may_take(refusal: HttpError, tmp_path: Path) -> None:
    """Each is asked once; when none takes it, the last refusal is told."""
    async with open_stage() as stage:
        stage.script.enqueue_transcripts(refusal, "From the other.", refusal, refusal)
        taken = await stage.transcriber.transcribe(hear(wav_file(tmp_path)))
        with pytest.raises(ProviderError) as caught:
            await stage.transcriber.transcribe(hear(wav_file(tmp_path)))

    assert (taken.text, taken.model) == ("From the other.", _TELE)
    assert stage.models == [_SENSE, _TELE] * 2
    assert (caught.value.model, caught.value.status) == (_TELE, refusal.status)
    assert stage.clock.slept == []


async def test_a_file_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    """413 names the limit; nothing is tried again, and other calls go on."""
    path = tmp_path / "huge.wav"
    with path.open("wb") as file:
        file.truncate(51 * 1024 * 1024)
    async with open_stage() as stage:
        with pytest.raises((ProviderRefused, ProviderUnavailable)) as caught:
            await stage.transcriber.transcribe(hear(path, _SENSE))
        after = await stage.transcriber.transcribe(hear(wav_file(tmp_path), _SENSE))

    assert isinstance(caught.value, ProviderRefused)
    assert (caught.value.status, caught.value.code) == (413, 20042)
    assert after.text


async def test_a_large_file_is_never_held_whole(tmp_path: Path) -> None:
    """Twenty megabytes go out, and come in at the stand-in, in small pieces."""
    path = wav_file(tmp_path, seconds=625)
    async with open_stage() as stage:
        await stage.transcriber.transcribe(hear(_small(tmp_path)))
        tracemalloc.start()
        try:
            transcript = await stage.transcriber.transcribe(hear(path))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert transcript.text == "This recording lasts 625.0 seconds."
    assert peak < 6_000_000


async def test_an_answer_in_another_form_is_a_failure(tmp_path: Path) -> None:
    """JSON without a text is not an empty transcript."""
    async with open_stage(limits=None) as stage:
        stage.script.enqueue_transcripts(*[HttpError(status=200, body={"words": []})] * 6)
        with pytest.raises(ProviderUnavailable, match="unknown form"):
            await stage.transcriber.transcribe(hear(wav_file(tmp_path)))


async def test_a_chat_model_that_hears_writes_down_the_same(tmp_path: Path) -> None:
    """Qwen3-Omni gets the sound in a message, with the order to do nothing but write."""
    path = wav_file(tmp_path)
    async with open_stage() as stage:
        stage.sandbox.script.enqueue(Reply(text="<|en|>Good morning."), Reply(text="<no speech>"))
        transcript = await stage.transcriber.transcribe(hear(path, _OMNI))
        nothing = await stage.transcriber.transcribe(hear(path, _OMNI))

    sound, order = stage.sandbox.requests[0].body["messages"][0]["content"]
    assert (transcript.text, transcript.model, nothing.text) == ("Good morning.", _OMNI, "")
    assert transcript.trace_id == stage.sandbox.requests[0].trace_id
    assert base64.b64decode(sound["audio_url"]["url"].partition("base64,")[2]) == path.read_bytes()
    assert "word for word" in order["text"]


async def test_models_of_both_kinds_stand_in_for_each_other(tmp_path: Path) -> None:
    """A chat model answers after a transcription model, and the other way round."""
    async with open_stage() as stage:
        stage.script.enqueue_transcripts(_BUSY, _BUSY, _BUSY)
        stage.sandbox.script.enqueue(Reply(text="By chat."), *[Reply.overloaded()] * 3)
        first = await stage.transcriber.transcribe(hear(wav_file(tmp_path), _SENSE, _OMNI))
        second = await stage.transcriber.transcribe(hear(wav_file(tmp_path), _OMNI, _SENSE))

    assert (first.text, first.model) == ("By chat.", _OMNI)
    assert second.model == _SENSE


async def test_a_chat_is_not_sent_more_than_it_can_hold(tmp_path: Path) -> None:
    """A file that a form can carry is refused before it is read, and left to the next model."""
    path = wav_file(tmp_path, seconds=700)
    async with open_stage() as stage:
        with pytest.raises(ProviderRefused) as caught:
            await stage.transcriber.transcribe(hear(path, _OMNI))
        assert stage.sandbox.requests == []
        transcript = await stage.transcriber.transcribe(hear(path, _OMNI, _SENSE))

    assert caught.value.status == 413
    assert transcript.model == _SENSE


async def test_a_chat_in_another_form_is_a_failure(tmp_path: Path) -> None:
    """JSON without an answer is not an empty transcript."""
    async with open_stage() as stage:
        stage.sandbox.script.enqueue(*[Reply.error(200, {"choices": []})] * 3)
        with pytest.raises(ProviderUnavailable, match="unknown form"):
            await stage.transcriber.transcribe(hear(wav_file(tmp_path), _OMNI))


@pytest.mark.parametrize(
    "answer",
    [
        {"message": {"content": "and and and and"}, "finish_reason": "length"},
        {"message": {"content": ""}, "finish_reason": "content_filter"},
        {"message": {"content": None, "refusal": "No."}, "finish_reason": "stop"},
        {"message": {"content": "", "reasoning_content": "Somebody speaks."}, "finish_reason": "stop"},
    ],
    ids=["endless", "filtered", "refused", "only thought"],
)
async def test_a_chat_that_wrote_no_transcript_leaves_it_to_the_next(
    answer: dict[str, object], tmp_path: Path
) -> None:
    """A refusal or half a text is never shown as what was said, nor as silence."""
    async with open_stage() as stage:
        stage.sandbox.script.enqueue(*[Reply.error(200, {"choices": [answer]})] * 2)
        transcript = await stage.transcriber.transcribe(hear(wav_file(tmp_path), _OMNI, _SENSE))

    assert transcript.model == _SENSE
    assert transcript.text.startswith("This recording lasts")


async def test_a_file_that_is_gone_is_the_callers_mistake(tmp_path: Path) -> None:
    """It is neither retried nor called a provider's failure."""
    async with open_stage() as stage:
        with pytest.raises(FileNotFoundError):
            await stage.transcriber.transcribe(hear(tmp_path / "gone.wav"))

    assert stage.sandbox.requests == []


def _small(folder: Path) -> Path:
    """Another file, to have imports and pools in place before memory is measured."""
    other = folder / "other"
    other.mkdir()
    return wav_file(other, seconds=0.1)

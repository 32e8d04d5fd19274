"""The real small model behind the wire, its file check, and the hand-over from its threads to the loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.sandbox import CATALOGUE, SMOLLM2, LlamaChat, Sandbox, SandboxError, open_real_model, serve_sandbox
from bot.sandbox.chat_request import ChatRequest
from bot.sandbox.generation import Generation, GenerationFailed
from bot.sandbox.llama import llama_body, model_file
from tests.unit.sandbox.client import ask, chat, talk

_SAID: list[str] = []


@pytest.fixture(scope="module")
def model() -> Iterator[LlamaChat]:
    """The model, loaded once for this module."""
    llama = asyncio.run(open_real_model(on_progress=_SAID.append))
    yield llama
    asyncio.run(llama.close())


def _sandbox(model: LlamaChat) -> Sandbox:
    return Sandbox(chat=model, models=(SMOLLM2, *CATALOGUE))


async def test_a_sentence_streams_over_the_wire(
    model: LlamaChat, http: aiohttp.ClientSession, capfd: pytest.CaptureFixture[str]
) -> None:
    """System and user in, words out one by one, in the provider's shape and without a log line."""
    body = talk(
        ("system", "You are a helpful assistant."),
        ("user", "What is the capital of France?"),
        model=SMOLLM2.id,
        stream=True,
        max_tokens=40,
        temperature=0,
    )
    async with _sandbox(model) as sandbox:
        answer = await chat(http, sandbox.url, body)

    assert answer.status == 200
    assert "Paris" in answer.text
    assert sum(1 for delta in answer.deltas if delta["content"]) > 3
    assert answer.deltas[0] == {"role": "assistant", "content": "", "reasoning_content": None}
    assert answer.done
    counts = [chunk["usage"]["completion_tokens"] for chunk in answer.chunks]
    assert counts == sorted(counts)
    assert 0 < counts[-1] <= 40
    assert answer.chunks[-1]["usage"]["prompt_tokens"] > 10
    assert capfd.readouterr() == ("", "")


async def test_loading_says_what_it_does(model: LlamaChat) -> None:
    """Progress is told in three steps."""
    assert [line.split()[0] for line in _SAID] == ["checking", "loading", "the"]


async def test_a_whole_answer_and_a_known_model_id(model: LlamaChat, http: aiohttp.ClientSession) -> None:
    """Any id of the catalogue is answered by the small model; the cap ends it with length."""
    async with _sandbox(model) as sandbox:
        answer = await chat(http, sandbox.url, ask("Write a story.", max_tokens=5))

    body = answer.json
    assert body["model"] == "Qwen/Qwen3-8B"
    assert body["choices"][0]["message"]["content"].strip()
    assert body["choices"][0]["finish_reason"] == "length"
    assert body["usage"]["completion_tokens"] == 5


async def test_a_prefix_is_gone_on_with(model: LlamaChat, http: aiohttp.ClientSession) -> None:
    """The model continues the prefix and does not repeat it."""
    body = ask("Count from one to ten.", model=SMOLLM2.id, prefix="One, two, three,", temperature=0)
    async with _sandbox(model) as sandbox:
        answer = await chat(http, sandbox.url, {**body, "max_tokens": 8, "stream": True})

    assert answer.text.lstrip().startswith("four")


async def test_a_prompt_beyond_the_context_is_refused(model: LlamaChat, http: aiohttp.ClientSession) -> None:
    """What our estimate lets pass and the model's own count does not is 400 20015 before the stream."""
    body = ask("ab1" * 6_000, model=SMOLLM2.id, stream=True)
    async with _sandbox(model) as sandbox:
        answer = await chat(http, sandbox.url, body)

    assert (answer.status, answer.json["code"]) == (400, 20015)
    assert "must be less than max_seq_len (4096)." in answer.json["message"]


async def test_answers_are_written_side_by_side_and_stop_with_their_client(
    model: LlamaChat, http: aiohttp.ClientSession
) -> None:
    """A client that leaves frees its place, so that more requests than places are all served."""
    long = ask("Write a very long story.", model=SMOLLM2.id, stream=True, max_tokens=2_048)
    short = ask("Say hi.", model=SMOLLM2.id, stream=True, max_tokens=6)
    async with _sandbox(model) as sandbox:
        leaving = [asyncio.create_task(chat(http, sandbox.url, long)) for _ in range(3)]
        for number in (1, 2, 3):
            await (await sandbox.wait_for_request(number)).body_started.wait()
        for task in leaving:
            task.cancel()
        answers = await asyncio.gather(*(chat(http, sandbox.url, short) for _ in range(4)))

        assert all(answer.done for answer in answers)
        assert all(record.client_went_away for record in sandbox.requests[:3])


async def test_the_real_stand_in_serves_until_cancelled(http: aiohttp.ClientSession) -> None:
    """serve_sandbox loads, announces its URL, answers, and closes when cancelled."""
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve_sandbox(port=0, model="real", on_ready=ready.set_result))
    url = await asyncio.wait_for(ready, timeout=60)

    answer = await chat(http, url, ask("Hi", model=SMOLLM2.id, stream=True, max_tokens=4))
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving

    assert answer.done
    with pytest.raises(aiohttp.ClientConnectorError):
        await chat(http, url, ask())


async def test_a_wrong_file_is_refused_with_the_remedy(tmp_path: Path) -> None:
    """Weights of another hash are not loaded; the error names the command that mends it."""
    wrong = tmp_path / model_file().name
    wrong.write_bytes(b"GGUF but not ours")

    with pytest.raises(SandboxError, match=r"sha256.*make setup"):
        await open_real_model(path=wrong)


def test_a_missing_package_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package there is nothing to load."""
    monkeypatch.setattr("bot.sandbox.llama._PACKAGE", "no_such_package")

    with pytest.raises(SandboxError, match="make setup"):
        model_file()


def test_tools_and_images_become_plain_turns() -> None:
    """The model gets text only: no tool schema, a word for an image, a tool's result as a user turn."""
    call = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    picture = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
    body = {
        "model": SMOLLM2.id,
        "messages": [
            {"role": "user", "content": [picture, {"type": "text", "text": "What is it?"}]},
            {"role": "assistant", "content": "", "tool_calls": [call]},
            {"role": "tool", "content": "a cat", "tool_call_id": "a"},
        ],
        "tools": [{"type": "function", "function": {"name": "f"}}],
        "temperature": 2,
        "prefix": "It",
    }

    sent = llama_body(ChatRequest(body=body, card=SMOLLM2, prompt_tokens=1))

    assert sent["messages"] == [
        {"role": "user", "content": "What is it?\n[image]"},
        {"role": "assistant", "content": ""},
        {"role": "user", "content": "a cat"},
        {"role": "assistant", "content": "It"},
    ]
    assert "tools" not in sent
    assert sent["temperature"] <= 0.5


def _chunk(text: str | None, finish: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]}


async def test_a_generation_hands_over_pieces_counts_and_reason() -> None:
    """Pieces come in order; counts and reason stand once they have ended."""

    def write(_body: dict[str, Any], callback: Callable[[Mapping[str, Any]], bool]) -> None:
        for chunk in (_chunk(None), _chunk("a"), _chunk("b"), _chunk(None, "length")):
            callback(chunk)
        callback({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}})

    with ThreadPoolExecutor(1) as threads:
        generation = Generation(write, {}, threads)
        await generation.begin()
        pieces = [piece async for piece in generation.pieces()]

    assert pieces == ["a", "b"]
    assert (generation.prompt_tokens, generation.completion_tokens) == (3, 2)
    assert generation.finish_reason == "length"


async def test_cancelling_a_generation_ends_the_writer() -> None:
    """The callback says stop from the next token on."""
    stopped = threading.Event()

    def write(_body: dict[str, Any], callback: Callable[[Mapping[str, Any]], bool]) -> None:
        while not callback(_chunk("more ")):
            stopped.wait(0.001)
        stopped.set()

    with ThreadPoolExecutor(1) as threads:
        generation = Generation(write, {}, threads)
        await generation.begin()
        generation.cancel()

    assert stopped.is_set()


async def test_a_failing_model_is_an_error_for_the_reader() -> None:
    """An exception in the thread and an error chunk both reach the reader, at the start or later."""

    def raise_at_once(_body: dict[str, Any], _callback: Callable[[Mapping[str, Any]], bool]) -> None:
        raise ValueError("no memory")

    def break_off(_body: dict[str, Any], callback: Callable[[Mapping[str, Any]], bool]) -> None:
        callback(_chunk("a"))
        callback({"error": {"message": "context is full"}})

    with ThreadPoolExecutor(1) as threads:
        with pytest.raises(GenerationFailed, match="no memory"):
            await Generation(raise_at_once, {}, threads).begin()
        generation = Generation(break_off, {}, threads)
        await generation.begin()
        with pytest.raises(GenerationFailed, match="context is full"):
            _ = [piece async for piece in generation.pieces()]


class _BrokenServer:
    """Writes one word and then reports an error, as llama.cpp does when its context is full."""

    def handle_chat_completions(
        self, _body: dict[str, Any], callback: Callable[[Mapping[str, Any]], bool]
    ) -> None:
        callback(_chunk("one"))
        callback({"error": {"message": "context is full"}})


@pytest.mark.parametrize("stream", [True, False])
async def test_a_model_that_breaks_off_ends_in_an_error(http: aiohttp.ClientSession, *, stream: bool) -> None:
    """Inside a stream it is an error line without [DONE]; otherwise a 500 with the provider's object."""
    async with LlamaChat(_BrokenServer(), parallel=1) as model, _sandbox(model) as sandbox:
        answer = await chat(http, sandbox.url, ask(stream=stream))

    if stream:
        assert answer.text == "one"
        assert answer.chunks[-1] == {"error": {"code": 60000, "message": "context is full"}}
        assert not answer.done
    else:
        assert (answer.status, answer.json["code"]) == (500, 60000)


async def test_a_closed_model_is_overloaded(http: aiohttp.ClientSession) -> None:
    """Requests that come after the model was unloaded get 503, not a crash."""
    model = LlamaChat(_BrokenServer(), parallel=1)
    await model.close()
    await model.close()
    async with _sandbox(model) as sandbox:
        answer = await chat(http, sandbox.url, ask())

    assert (answer.status, answer.json["code"]) == (503, 50505)


async def test_a_generation_cancelled_in_the_queue_ends_its_reader() -> None:
    """With every thread busy a cancelled generation neither runs nor leaves its reader waiting."""
    release = threading.Event()
    ran: list[str] = []

    def write(body: dict[str, Any], _callback: Callable[[Mapping[str, Any]], bool]) -> None:
        ran.append(body["name"])
        release.wait(60)

    with ThreadPoolExecutor(1) as threads:
        busy = Generation(write, {"name": "busy"}, threads)
        queued = Generation(write, {"name": "queued"}, threads)
        queued.cancel()
        await asyncio.wait_for(queued.begin(), timeout=60)
        release.set()
        await busy.begin()

    assert [piece async for piece in queued.pieces()] == []
    assert ran == ["busy"]

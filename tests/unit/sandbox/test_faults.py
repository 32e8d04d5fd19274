"""What a script can make go wrong: HTTP errors, broken and stalled streams, and continuing after them."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox import (
    ContinuingScript,
    Cut,
    EchoScript,
    Hang,
    HttpError,
    Quirks,
    RecordedRequest,
    Reply,
    Sandbox,
    Script,
    Stall,
    StreamError,
)
from tests.unit.sandbox.client import Answer, ask, chat, talk
from tests.unit.sandbox.conftest import Chat

How = Literal["close", "reset", "clean"]


@pytest.mark.parametrize(
    ("reply", "status", "kind", "raw"),
    [
        (
            Reply.coded_error(403, 30001, "Sorry, your account balance is insufficient"),
            403,
            "application/json",
            b'{"code":30001,"message":"Sorry, your account balance is insufficient","data":null}',
        ),
        (Reply.error(504, "Gateway Timeout"), 504, "application/json", b'"Gateway Timeout"'),
        (Reply.error(429, "slow down", form="text"), 429, "text/plain", b"slow down"),
        (Reply.error(502, "<html>Bad</html>", form="html"), 502, "text/html", b"<html>Bad</html>"),
        (
            Reply.overloaded(),
            503,
            "application/json",
            b'{"code":50505,"message":"Model service overloaded. Please try again later.","data":null}',
        ),
    ],
    ids=["object", "bare string", "plain text", "html", "overloaded"],
)
@pytest.mark.parametrize("stream", [True, False])
async def test_http_errors_go_out_as_written(
    sandbox: Sandbox, post: Chat, reply: Reply, status: int, kind: str, raw: bytes, *, stream: bool
) -> None:
    """Any status with any body the facts name, streamed or not."""
    sandbox.script.enqueue(reply)

    answer = await post(ask(stream=stream))

    assert (answer.status, answer.raw) == (status, raw)
    assert answer.headers["Content-Type"].startswith(kind)


async def test_a_rate_limit_has_no_code_and_no_retry_after(sandbox: Sandbox, post: Chat) -> None:
    """429 says its kind only inside the sentence."""
    sandbox.script.enqueue(Reply.rate_limited("RPM"))

    answer = await post(ask())

    assert answer.status == 429
    assert "Details:RPM limit reached." in answer.json["message"]
    assert "code" not in answer.json
    assert "Retry-After" not in answer.headers


@pytest.mark.parametrize(
    "body",
    [{"error": {"code": 20015, "message": "no"}}, {"code": 50505, "message": "busy"}, "broken"],
    ids=["wrapped", "object", "bare string"],
)
async def test_an_error_inside_the_stream(sandbox: Sandbox, post: Chat, body: Any) -> None:
    """The error is a data line after n tokens; neither finish reason nor [DONE] follows."""
    sandbox.script.enqueue(Reply(text="one two three", fault=StreamError(after_tokens=2, body=body)))

    answer = await post(ask(stream=True))

    assert answer.status == 200
    assert answer.chunks[-1] == body
    said = [chunk["choices"][0]["delta"]["content"] for chunk in answer.chunks[:-1]]
    assert said == ["", "one", " two"]
    assert not answer.done


async def test_a_stream_error_without_streaming_is_a_500(sandbox: Sandbox, post: Chat) -> None:
    """There is no stream to put the error in."""
    sandbox.script.enqueue(Reply(text="one", fault=StreamError(after_tokens=0, body={"code": 60000})))

    answer = await post(ask())

    assert (answer.status, answer.json) == (500, {"code": 60000})


@pytest.mark.parametrize(("how", "broken"), [("close", True), ("reset", True), ("clean", False)])
@pytest.mark.parametrize("tokens", [0, 2])
async def test_a_cut_stream_has_no_end(
    sandbox: Sandbox, post: Chat, how: How, tokens: int, *, broken: bool
) -> None:
    """After n tokens the connection ends: dropped, reset, or properly but without [DONE]."""
    sandbox.script.enqueue(Reply(text="one two three", fault=Cut(after_tokens=tokens, how=how)))

    answer = await post(ask(stream=True))

    assert answer.text == ("one two" if tokens else "")
    assert bool(answer.broken) is broken
    assert (answer.finish_reasons, answer.done) == ([], False)
    assert not sandbox.requests[0].client_went_away


@pytest.mark.parametrize("how", ["close", "reset"])
async def test_a_cut_answer_without_streaming_is_half_a_body(sandbox: Sandbox, post: Chat, how: How) -> None:
    """The client learns from the broken body, not from bad JSON alone."""
    sandbox.script.enqueue(Reply(text="one two three", fault=Cut(after_tokens=0, how=how)))

    answer = await post(ask())

    assert answer.broken
    assert answer.raw.startswith(b'{"id":')


async def test_a_missing_end_mark(sandbox: Sandbox, post: Chat) -> None:
    """The finish reason comes, [DONE] does not."""
    sandbox.script.enqueue(Reply(text="one", quirks=Quirks(done=False)))

    answer = await post(ask(stream=True))

    assert (answer.finish_reasons, answer.done, answer.broken) == (["stop"], False, "")


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("fault", [Hang(before="headers"), Hang(before="first_chunk"), Stall(after_tokens=1)])
async def test_hangs_and_stalls_last_until_the_client_gives_up(
    sandbox: Sandbox, http: aiohttp.ClientSession, fault: Hang | Stall, *, stream: bool
) -> None:
    """Nothing (more) comes, and the connection stays open."""
    sandbox.script.enqueue(Reply(text="one two", fault=fault))

    answering = asyncio.create_task(chat(http, sandbox.url, ask(stream=stream)))
    record = await asyncio.wait_for(sandbox.wait_for_request(), timeout=60)
    if fault == Hang(before="first_chunk"):
        await _headers_of(record)
    elif isinstance(fault, Stall):
        await asyncio.wait_for(record.body_started.wait(), timeout=60)
    done, _ = await asyncio.wait({answering}, timeout=0.1)
    assert not done

    answering.cancel()
    await asyncio.wait_for(record.ended.wait(), timeout=60)
    assert (record.status == 200) is not (fault == Hang(before="headers"))
    assert bool(record.bytes_sent) is isinstance(fault, Stall)


async def _headers_of(record: RecordedRequest) -> None:
    async with asyncio.timeout(60):
        while record.status != 200:  # noqa: ASYNC110 - headers ring no bell
            await asyncio.sleep(0.005)


async def test_the_queue_goes_before_the_function_and_the_default(http: aiohttp.ClientSession) -> None:
    """Enqueued replies are used once, in order; then the function decides by the request."""
    script = Script(answer=lambda request: Reply(text=request.last_user_text.upper()))
    script.enqueue(Reply(text="first"), Reply(text="second"))
    async with Sandbox(script=script) as sandbox:
        answers = [await chat(http, sandbox.url, ask("third", stream=True)) for _ in range(3)]

    assert [answer.text for answer in answers] == ["first", "second", "THIRD"]
    assert script.pending == 0


async def test_faults_are_values(sandbox: Sandbox) -> None:
    """An HttpError knows its own bytes without a server."""
    refusal = HttpError(status=500, body={"code": 60000}).refusal()

    assert (refusal.status, refusal.body) == (500, b'{"code":60000}')


async def _read_on(http: aiohttp.ClientSession, url: str, *, by_prefix: bool) -> tuple[str, int]:
    """Continue until [DONE], as a client should; the text and the number of requests."""
    shown, requests = "", 0
    answer: Answer | None = None
    while answer is None or not answer.done:
        answer = await chat(http, url, _continued(shown, by_prefix=by_prefix))
        shown += answer.text
        requests += 1
    return shown, requests


def _continued(shown: str, *, by_prefix: bool) -> dict[str, Any]:
    if not shown:
        return ask("Tell me", stream=True)
    if by_prefix:
        return ask("Tell me", stream=True, prefix=shown, enable_thinking=False)
    return talk(("user", "Tell me"), ("assistant", shown), ("user", "continue"), stream=True)


@pytest.mark.parametrize("by_prefix", [True, False])
@pytest.mark.parametrize("how", ["close", "clean"])
async def test_continuing_ends_with_exactly_the_full_text(
    http: aiohttp.ClientSession, how: How, *, by_prefix: bool
) -> None:
    """Cut three times, continued three times: nothing is lost and nothing said twice."""
    full = "第一段。\n\nA second paragraph, with `code` and 🙂.\n\n- a list\n- of two"
    script = ContinuingScript(full, cut_points=[3, 20, 33], how=how)
    async with Sandbox(script=script) as sandbox:
        text, requests = await _read_on(http, sandbox.url, by_prefix=by_prefix)

    assert (text, requests) == (full, 4)


@given(full=st.text(min_size=1, max_size=80), points=st.lists(st.integers(0, 90), max_size=6))
def test_a_continuing_script_always_reaches_the_end(full: str, points: list[int]) -> None:
    """Whatever the text and the cut points, the pieces join to the text in finitely many requests."""
    script = ContinuingScript(full, cut_points=points)
    shown = ""
    for _ in range(len(points) + 1):
        reply = script.next_reply(_request(shown))
        shown += reply.full_text
        if reply.fault is None:
            break

    assert shown == full


def _request(shown: str) -> Any:
    from bot.sandbox import CATALOGUE, ChatRequest

    body = _continued(shown, by_prefix=True)
    return ChatRequest(body=body, card=CATALOGUE[0], prompt_tokens=1)


async def test_echo_repeats_the_person_and_continues_after_a_cut(http: aiohttp.ClientSession) -> None:
    """The canned script of a lone stand-in echoes, and a cut echo can be continued to its end."""
    async with Sandbox(script=EchoScript(cut_rate=0.8, seed=3)) as sandbox:
        text, requests = await _read_on(http, sandbox.url, by_prefix=False)

    assert text == "You said: Tell me"
    assert requests > 1


async def test_fail_rate_is_repeatable(http: aiohttp.ClientSession) -> None:
    """The same seed gives the same failures, and roughly the asked share of them."""
    runs = []
    for _ in range(2):
        async with Sandbox(script=EchoScript(tokens=3, fail_rate=0.3, seed=7)) as sandbox:
            runs.append([(await chat(http, sandbox.url, ask(stream=True))).status for _ in range(60)])

    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 429, 503, 504}
    assert 5 < sum(status != 200 for status in runs[0]) < 40

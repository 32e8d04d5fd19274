"""Every wait for the provider has its limit, counted in tokens."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import httpx
import pytest

from bot.errors import ProviderAccountError, ProviderUnavailable
from bot.providers import Limits, SiliconFlowApi, SiliconFlowChat
from bot.providers.errors import StreamCut
from bot.sandbox import Cut, Hang, Quirks, Reply, Script, Stall
from tests.unit.providers.support import (
    KEY,
    PLAIN,
    REASONER,
    FakeClock,
    OpenedChat,
    ask_for,
    collect,
    completed,
    opened_chat,
    text_of,
)

# Only the wait under test is short: on a slow machine everything else may take its time.
_PATIENT_SECONDS = 60
_FIRST_TOKEN_SOON = Limits(
    first_token_seconds=0.2,
    thinking_first_token_seconds=_PATIENT_SECONDS,
    between_tokens_seconds=_PATIENT_SECONDS,
    tries=1,
)
_NEXT_TOKEN_SOON = Limits(
    first_token_seconds=_PATIENT_SECONDS,
    thinking_first_token_seconds=_PATIENT_SECONDS,
    between_tokens_seconds=0.3,
    tries=1,
)


@pytest.mark.parametrize("before", ["headers", "first_chunk"])
async def test_a_model_that_says_nothing_is_left_for_the_next(before: str) -> None:
    """Whether it is silent before the headers or after them."""
    script = Script(default=Reply(text="Here I am."))
    script.enqueue(Reply(fault=Hang(before=before)))  # type: ignore[arg-type]  # parametrized Literal
    async with opened_chat(script, limits=_FIRST_TOKEN_SOON) as opened:
        events = await opened.ask(PLAIN, REASONER)
        assert opened.models == [PLAIN, REASONER]
    assert text_of(events) == "Here I am."


async def test_the_last_models_silence_is_an_error() -> None:
    """With the trace id where headers came."""
    script = Script(default=Reply(fault=Hang(before="first_chunk")))
    limits = replace(_FIRST_TOKEN_SOON, first_token_seconds=1.0)  # the headers have to be there by then
    async with opened_chat(script, limits=limits) as opened:
        with pytest.raises(ProviderUnavailable, match="no first token within") as caught:
            await opened.ask()
    assert caught.value.trace_id.startswith("ti_")


async def test_a_stream_that_stalls_is_continued() -> None:
    """Silence between two tokens is a cut."""
    script = Script(answer=lambda request: Reply(text=" rest" if request.partial_answer else "never"))
    script.enqueue(Reply(pieces=("The", " long", " no"), fault=Stall(after_tokens=2)))
    async with opened_chat(script, limits=_NEXT_TOKEN_SOON) as opened:
        assert text_of(await opened.ask()) == "The long rest"


class _Drip(httpx.AsyncByteStream):
    """A body that keeps the connection alive with comments and says nothing more."""

    def __init__(self, *first: bytes) -> None:
        self._first = first

    async def __aiter__(self):  # type: ignore[no-untyped-def]  # an async generator of bytes
        for chunk in self._first:
            yield chunk
        while True:
            await asyncio.sleep(0.01)
            yield b": keep-alive\n\n"


def _chat(
    *first: bytes, limits: Limits = _NEXT_TOKEN_SOON, content_type: str = "text/event-stream"
) -> SiliconFlowChat:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": content_type}, stream=_Drip(*first))

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    clock = FakeClock()
    api = SiliconFlowApi(http=http, api_key=KEY, base_url="http://test/v1", clock=clock)
    return SiliconFlowChat(api=api, clock=clock, limits=limits, random=lambda: 0.0)


async def test_comments_do_not_count_as_tokens() -> None:
    """A queue that only says it is alive is left all the same."""
    async with asyncio.timeout(_PATIENT_SECONDS):
        with pytest.raises(ProviderUnavailable, match="no first token"):
            await collect(_chat(limits=_FIRST_TOKEN_SOON), ask_for())


async def test_an_answer_that_is_complete_does_not_wait_for_its_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the finish reason only bookkeeping can follow, which is given a moment."""
    monkeypatch.setattr("bot.providers.attempt._LINGER_SECONDS", 0.05)
    first = b'data: {"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\n'
    async with asyncio.timeout(_PATIENT_SECONDS):
        assert text_of(await collect(_chat(first), ask_for())) == "Hi"


async def test_the_whole_answer_has_a_deadline() -> None:
    """Tokens that trickle for ever are cut off, and the text so far was given."""
    script = Script(default=Reply.tokens(10_000, tokens_per_second=50, honours_max_tokens=False))
    seen: list[str] = []

    async def read(opened: OpenedChat) -> None:
        async with opened.chat.stream(ask_for(deadline_seconds=1.5)) as events:
            async for event in events:
                seen.append(text_of([event]))
                opened.clock.seconds += 0.001

    async with opened_chat(script, limits=Limits(resumes=0)) as opened, asyncio.timeout(_PATIENT_SECONDS):
        with pytest.raises(StreamCut, match="longer than it may"):
            await read(opened)
    assert "".join(seen).startswith("word0")


async def test_a_web_page_in_place_of_an_answer_says_what_to_check() -> None:
    """A portal or a wrong address answers 200 with HTML."""
    chat = _chat(b"<html>Please log in</html>", content_type="text/html; charset=utf-8")
    with pytest.raises(ProviderAccountError, match="SILICONFLOW_BASE_URL"):
        await collect(chat, ask_for())


@pytest.mark.parametrize("how", ["close", "reset", "clean"])
async def test_a_cut_after_the_finish_reason_is_no_cut(how: str) -> None:
    """The answer was complete."""
    pieces = ("Hel", "lo")
    cut = Cut(after_tokens=9, how=how)  # type: ignore[arg-type]  # parametrized Literal
    script = Script(answer=lambda _: Reply(text="unwanted"))
    script.enqueue(Reply(pieces=pieces, quirks=Quirks(done=False)), Reply(pieces=pieces, fault=cut))
    async with opened_chat(script) as opened:
        events = await opened.ask()
        assert text_of(events) == "Hello"
        assert completed(events).finish_reason == "stop"
        assert len(opened.bodies) == 1

"""Answers under status 200 that are not the stream that was asked for."""

from __future__ import annotations

import gzip

import httpx
import orjson
import pytest

from bot.errors import ProviderAccountError, ProviderUnavailable
from bot.providers import Limits, SiliconFlowApi, SiliconFlowChat
from tests.unit.providers.support import KEY, OTHER, PLAIN, FakeClock, ask_for, collect, completed, text_of

_JSON = "application/json; charset=utf-8"
_SSE = "text/event-stream"


def _chat(
    content: bytes, content_type: str, *, status: int = 200, headers: dict[str, str] | None = None
) -> SiliconFlowChat:
    def answer(_: httpx.Request) -> httpx.Response:
        named = {"content-type": content_type, **(headers or {})}
        return httpx.Response(status, headers=named, content=content)

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    clock = FakeClock()
    api = SiliconFlowApi(http=http, api_key=KEY, base_url="http://test/v1", clock=clock)
    return SiliconFlowChat(api=api, clock=clock, limits=Limits(tries=2, resumes=0), random=lambda: 0.0)


async def test_a_gateway_that_does_not_stream_is_understood() -> None:
    """The whole completion comes as one JSON body."""
    choice = {"message": {"role": "assistant", "content": "whole"}, "finish_reason": "stop"}
    body = orjson.dumps({"choices": [choice], "usage": {"prompt_tokens": 3, "completion_tokens": 1}})
    events = await collect(_chat(body, _JSON), ask_for())
    assert text_of(events) == "whole"
    assert completed(events).usage.prompt == 3


async def test_a_stream_under_the_wrong_name_is_understood() -> None:
    """Some gateways call everything JSON."""
    body = b'data: {"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
    assert text_of(await collect(_chat(body, _JSON), ask_for())) == "Hi"


async def test_an_error_under_status_200_is_an_error() -> None:
    """As object, with the meaning of its code."""
    body = orjson.dumps({"code": 30001, "message": "Sorry, your account balance is insufficient"})
    with pytest.raises(ProviderAccountError, match="balance"):
        await collect(_chat(body, _JSON), ask_for())


@pytest.mark.parametrize("content_type", [_JSON, _SSE])
@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"hello"])
async def test_nothing_useful_is_an_error(body: bytes, content_type: str) -> None:
    """An empty body, or one of another kind."""
    with pytest.raises(ProviderUnavailable):
        await collect(_chat(body, content_type), ask_for())


@pytest.mark.parametrize(
    ("beginning", "content_type", "reason"), [(b"data: ", _SSE, "more than"), (b'"', _JSON, "too large")]
)
async def test_an_endless_body_is_given_up(beginning: bytes, content_type: str, reason: str) -> None:
    """One event that fills the memory is not waited for."""
    chat = _chat(beginning + b"x" * 9_000_000, content_type)
    with pytest.raises(ProviderUnavailable, match=reason):
        await collect(chat, ask_for())


async def test_a_compressed_stream_is_read() -> None:
    """Identity is asked for; a proxy may compress all the same."""
    body = b'data: {"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\n'
    chat = _chat(gzip.compress(body), _SSE, headers={"content-encoding": "gzip"})
    assert text_of(await collect(chat, ask_for())) == "Hi"


async def test_a_broken_compression_is_an_error() -> None:
    """Like any other broken stream."""
    chat = _chat(b"not gzip", _SSE, headers={"content-encoding": "gzip"})
    with pytest.raises(ProviderUnavailable, match="decompressing"):
        await collect(chat, ask_for())


async def test_a_long_retry_after_is_not_waited_for_when_there_is_a_choice() -> None:
    """The next model is asked at once; only the last one is waited for."""
    busy = _chat(b"busy", "text/plain", status=503, headers={"retry-after": "30"})
    with pytest.raises(ProviderUnavailable) as caught:
        await collect(busy, ask_for(PLAIN, OTHER))
    assert caught.value.model == OTHER
    assert isinstance(busy._clock, FakeClock)
    assert busy._clock.slept == [30.0]


async def test_retry_after_is_passed_on() -> None:
    """The caller may tell the person how long it takes."""
    chat = _chat(b'{"message":"slow down"}', _JSON, status=429, headers={"retry-after": "7"})
    with pytest.raises(ProviderUnavailable) as caught:
        await collect(chat, ask_for())
    assert caught.value.retry_after_seconds == 7.0


async def test_an_endless_error_page_is_cut() -> None:
    """The error keeps its meaning."""
    chat = _chat(b"x" * 1_000_000, "text/plain", status=401)
    with pytest.raises(ProviderAccountError):
        await collect(chat, ask_for())

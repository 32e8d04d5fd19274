"""The server around the endpoints: keys, trace ids, unknown paths, records, models and account."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

import bot.sandbox
from bot.sandbox import CATALOGUE, TRACE_HEADER, Hang, Reply, Sandbox, SandboxError, Stall
from tests.unit.sandbox.client import ask, chat
from tests.unit.sandbox.conftest import Chat


async def test_no_key_is_a_bare_json_string(sandbox: Sandbox) -> None:
    """Without Authorization the gateway answers 401 with a string, not an object."""
    async with aiohttp.ClientSession() as stranger:
        answer = await chat(stranger, sandbox.url, ask())

    assert answer.status == 401
    assert answer.raw == b'"Invalid token"'


@pytest.mark.parametrize("value", ["Bearer", "Bearer  ", "Basic sk-test", "sk-test"])
async def test_a_malformed_authorization_counts_as_none(sandbox: Sandbox, value: str) -> None:
    """Only ``Bearer KEY`` is a key."""
    async with aiohttp.ClientSession(headers={"Authorization": value}) as stranger:
        answer = await chat(stranger, sandbox.url, ask())

    assert (answer.status, answer.json) == (401, "Invalid token")


async def test_a_bad_key_is_named_as_such(sandbox: Sandbox) -> None:
    """A key of the invalid ones is answered with the other bare string."""
    async with aiohttp.ClientSession(headers={"Authorization": "Bearer sk-invalid"}) as stranger:
        answer = await chat(stranger, sandbox.url, ask())

    assert (answer.status, answer.json) == (401, "Api key is invalid")


@pytest.mark.parametrize("path", ["/v1/v1/chat/completions", "/v1/nothing", "/"])
async def test_an_unknown_path_is_plain_text(
    sandbox: Sandbox, http: aiohttp.ClientSession, path: str
) -> None:
    """A doubled or wrong path is 404 in plain words (facts §17 #16)."""
    async with http.post(sandbox.url.removesuffix("/v1") + path) as response:
        assert response.status == 404
        assert await response.text() == "404 page not found"
        assert response.headers[TRACE_HEADER].startswith("ti_")


async def test_every_answer_has_its_own_trace_id(
    sandbox: Sandbox, http: aiohttp.ClientSession, post: Chat
) -> None:
    """Streams, errors and lists all carry the header, and the record knows it."""
    answers = [await post(ask(stream=True)), await post(ask()), await post({})]
    async with http.get(f"{sandbox.url}/models") as response:
        seen = [answer.headers[TRACE_HEADER] for answer in answers] + [response.headers[TRACE_HEADER]]

    assert [record.trace_id for record in sandbox.requests] == seen
    assert len(set(seen)) == 4


async def test_models_lists_ids_only(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """GET /models gives every chat model, without prices or context."""
    async with http.get(f"{sandbox.url}/models", params={"type": "text", "sub_type": "chat"}) as response:
        body = await response.json()

    assert body["object"] == "list"
    assert {model["id"] for model in body["data"]} == {card.id for card in CATALOGUE}
    assert set(body["data"][0]) == {"id", "object", "created", "owned_by"}


async def test_models_of_another_kind_are_none(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """A filter for what the stand-in does not have gives an empty list."""
    async with http.get(f"{sandbox.url}/models", params={"sub_type": "embedding"}) as response:
        assert (await response.json())["data"] == []


async def test_user_info_gives_amounts_as_strings(http: aiohttp.ClientSession) -> None:
    """GET /user/info is code 20000 with the balance as text."""
    async with Sandbox(balance="12.50") as sandbox, http.get(f"{sandbox.url}/user/info") as response:
        body = await response.json()

    assert (body["code"], body["status"]) == (20000, True)
    assert body["data"]["totalBalance"] == "12.50"
    assert body["data"]["name"] == body["data"]["email"] == ""


async def test_requests_are_recorded_with_body_and_time(sandbox: Sandbox, post: Chat) -> None:
    """A record keeps the body, the moment, the status and the bytes sent."""
    before = asyncio.get_running_loop().time()
    answer = await post(ask("remember me", stream=True))

    (record,) = sandbox.requests
    assert record.body["messages"][0]["content"] == "remember me"
    assert before <= record.arrived_at <= asyncio.get_running_loop().time()
    assert (record.status, record.bytes_sent) == (200, len(answer.raw))
    assert not record.client_went_away


@pytest.mark.parametrize(
    "reply",
    [
        Reply(fault=Hang(before="headers")),
        Reply(fault=Hang(before="first_chunk")),
        Reply(text="one two three", fault=Stall(after_tokens=1)),
        Reply.tokens(5_000, tokens_per_second=50),
    ],
    ids=["hang before headers", "hang before first chunk", "stall", "paced stream"],
)
async def test_a_client_that_leaves_is_seen(
    sandbox: Sandbox, http: aiohttp.ClientSession, reply: Reply
) -> None:
    """Cancelling the request closes the socket, and the record says that the client went away."""
    sandbox.script.enqueue(reply)
    task = asyncio.create_task(chat(http, sandbox.url, ask(stream=True)))
    record = await asyncio.wait_for(sandbox.wait_for_request(), timeout=60)

    task.cancel()

    await asyncio.wait_for(record.ended.wait(), timeout=60)
    assert record.client_went_away


async def test_closing_ends_hanging_requests_at_once(http: aiohttp.ClientSession) -> None:
    """close() does not wait for a stalled stream, and does not blame the client."""
    sandbox = Sandbox()
    sandbox.script.enqueue(Reply(text="one two", fault=Stall(after_tokens=1)))
    await sandbox.start()
    task = asyncio.create_task(chat(http, sandbox.url, ask(stream=True)))
    record = await asyncio.wait_for(sandbox.wait_for_request(), timeout=60)
    await asyncio.wait_for(record.body_started.wait(), timeout=60)

    await asyncio.wait_for(sandbox.close(), timeout=60)
    await sandbox.close()

    assert (await asyncio.wait_for(task, timeout=60)).broken
    assert not record.client_went_away


async def test_a_taken_port_is_a_clear_error(sandbox: Sandbox) -> None:
    """The error names the address and the way out."""
    port = int(sandbox.url.rsplit(":", 1)[1].removesuffix("/v1"))

    with pytest.raises(SandboxError, match=f"127.0.0.1:{port}.*--port"):
        await Sandbox().start(port=port)


def test_the_url_needs_a_started_sandbox() -> None:
    """Asking for the URL too early is an error, not a half-made address."""
    with pytest.raises(SandboxError, match="start"):
        _ = Sandbox().url


def test_the_public_names_are_sorted_and_there() -> None:
    """__all__ is sorted and every name in it exists."""
    names = bot.sandbox.__all__

    assert all(hasattr(bot.sandbox, name) for name in names)
    assert sorted(names) == sorted(set(names))

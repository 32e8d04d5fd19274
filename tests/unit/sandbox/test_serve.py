"""The stand-in on its own: flags, the scripted service, and many paced streams at once."""

from __future__ import annotations

import argparse
import asyncio
import inspect

import aiohttp
import pytest

from bot.sandbox import DEFAULT_PORT, Reply, Sandbox, add_sandbox_flags, serve_sandbox
from bot.sandbox.pacer import Pacer
from tests.unit.sandbox.client import KEY, ask, chat


def test_flags_are_the_keywords_of_serve_sandbox() -> None:
    """Parsed flags can be handed over as they are; the defaults agree."""
    parser = argparse.ArgumentParser()
    add_sandbox_flags(parser)
    flags = vars(parser.parse_args([]))

    defaults = {name: field.default for name, field in inspect.signature(serve_sandbox).parameters.items()}
    assert {name: defaults[name] for name in flags} == flags
    assert set(defaults) - set(flags) == {"on_progress", "on_ready"}
    assert flags["port"] == DEFAULT_PORT


async def test_the_scripted_stand_in_answers_and_closes(http: aiohttp.ClientSession) -> None:
    """It echoes the person, or counts when told how many tokens, until it is cancelled."""
    for tokens, expected in ((0, "You said: Hello"), (3, "word0 word1 word2")):
        ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(
            serve_sandbox(port=0, model="scripted", tokens=tokens, on_ready=ready.set_result)
        )
        answer = await chat(http, await asyncio.wait_for(ready, timeout=60), ask(stream=True))
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving

        assert answer.text == expected


async def test_many_paced_streams_are_served_at_once() -> None:
    """A hundred streams of fifty paced tokens all come out whole."""
    reply = Reply.tokens(50, tokens_per_second=500)
    sandbox = Sandbox(keep_requests=False)
    sandbox.script.default = reply
    connector = aiohttp.TCPConnector(limit=0)
    async with (
        sandbox,
        aiohttp.ClientSession(connector=connector, headers=KEY) as http,
    ):
        answers = await asyncio.gather(*(chat(http, sandbox.url, ask(stream=True)) for _ in range(100)))

    assert {answer.text for answer in answers} == {reply.full_text}
    assert all(answer.done for answer in answers)
    assert sandbox.requests == []


async def test_a_cancelled_wait_leaves_the_others_of_its_beat() -> None:
    """Streams share beats but not fates."""
    pacer = Pacer(beat_seconds=0.02)
    moment = asyncio.get_running_loop().time() + 0.01
    gone, staying = (asyncio.create_task(pacer.wait_until(moment)) for _ in range(2))
    await asyncio.sleep(0)

    gone.cancel()
    await asyncio.wait_for(staying, timeout=60)

    assert gone.cancelled()
    assert asyncio.get_running_loop().time() >= moment

"""Plays scripted replies over the wire: paced, cut, stalled or broken exactly as the Reply says."""

from __future__ import annotations

import asyncio
from typing import assert_never

from aiohttp import web

from bot.sandbox.chat_request import ChatRequest
from bot.sandbox.exchange import Exchange, never
from bot.sandbox.frames import Frame, compile_stream, compile_whole, speech_of
from bot.sandbox.pacer import Pacer
from bot.sandbox.refusals import json_refusal
from bot.sandbox.script import Cut, Hang, HttpError, Reply, Script, Stall, StreamError


class ScriptedChat:
    """Answers chat completions from a Script."""

    def __init__(self, script: Script, *, pacer: Pacer) -> None:
        self.script = script
        self._pacer = pacer

    async def answer(self, exchange: Exchange, request: ChatRequest) -> web.StreamResponse:
        """Play the script's reply to ``request``."""
        reply = self.script.next_reply(request)
        if isinstance(reply.fault, HttpError):
            return exchange.refuse(reply.fault.refusal())
        if isinstance(reply.fault, Hang) and reply.fault.before == "headers":
            await never()
        if request.stream:
            return await self._stream(exchange, request, reply)
        return await self._whole(exchange, request, reply)

    async def _stream(self, exchange: Exchange, request: ChatRequest, reply: Reply) -> web.StreamResponse:
        response = await exchange.open()
        if isinstance(reply.fault, Hang):
            await never()
        await self._play(exchange, compile_stream(reply, request), reply)
        await _end(exchange, reply)
        return response

    async def _play(self, exchange: Exchange, frames: list[Frame], reply: Reply) -> None:
        if not reply.tokens_per_second and not reply.first_token_delay_seconds:
            await _send(exchange, frames, reply)
            return
        started = asyncio.get_running_loop().time() + reply.first_token_delay_seconds
        position = _frames_within(frames, 0, 0)
        await _send(exchange, frames[:position], reply)
        while position < len(frames):
            await self._pacer.wait_until(started + _due_seconds(frames[position][0], reply))
            end = _frames_within(frames, position, self._tokens_due(started, reply))
            await _send(exchange, frames[position:end], reply)
            position = end

    def _tokens_due(self, started: float, reply: Reply) -> int | None:
        """Tokens that should be out by now (None: all). Late beats catch up in one write."""
        if not reply.tokens_per_second:
            return None
        elapsed = asyncio.get_running_loop().time() - started
        return 1 + int(elapsed * reply.tokens_per_second + 1e-6)

    async def _whole(self, exchange: Exchange, request: ChatRequest, reply: Reply) -> web.StreamResponse:
        speech = speech_of(reply, request)
        tokens = len(speech.thinking) + len(speech.text)
        loop = asyncio.get_running_loop()
        await self._pacer.wait_until(
            loop.time() + reply.first_token_delay_seconds + _due_seconds(tokens, reply)
        )
        fault = reply.fault
        match fault:
            case None:
                return exchange.whole(compile_whole(reply, request))
            case StreamError():
                return exchange.refuse(json_refusal(500, fault.body))
            case Cut() | Stall() | Hang():
                return await _break_whole(exchange, compile_whole(reply, request), fault)
            case HttpError():
                return exchange.refuse(fault.refusal())
            case _:
                assert_never(fault)


async def _break_whole(exchange: Exchange, body: bytes, fault: Cut | Stall | Hang) -> web.StreamResponse:
    response = await exchange.open(content_type="application/json; charset=utf-8")
    if not isinstance(fault, Hang):
        await exchange.send(body[: len(body) // 2])
    if isinstance(fault, Cut):
        if fault.how != "clean":
            exchange.drop(reset=fault.how == "reset")
    else:
        await never()
    return response


async def _send(exchange: Exchange, frames: list[Frame], reply: Reply) -> None:
    if frames:
        data = b"".join([chunk for _, chunk in frames])
        await exchange.send(data, piece_bytes=reply.quirks.piece_bytes)


async def _end(exchange: Exchange, reply: Reply) -> None:
    fault = reply.fault
    if isinstance(fault, Stall):
        await never()
    elif isinstance(fault, Cut) and fault.how != "clean":
        # One turn of the loop, so that what was written reaches the socket before it is torn down.
        await asyncio.sleep(0)
        exchange.drop(reset=fault.how == "reset")


def _due_seconds(tokens: int, reply: Reply) -> float:
    """When the last of ``tokens`` is out, counted from the first token's moment."""
    return max(0, tokens - 1) / reply.tokens_per_second if reply.tokens_per_second else 0.0


def _frames_within(frames: list[Frame], start: int, tokens: int | None) -> int:
    """The end of the run of frames from ``start`` that need no more than ``tokens`` tokens."""
    if tokens is None:
        return len(frames)
    end = start
    while end < len(frames) and frames[end][0] <= tokens:
        end += 1
    return end

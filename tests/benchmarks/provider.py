"""A model that answers every question with its own text at a fixed pace, and notes when its tokens left.

It plugs into the Sandbox as its chat backend and sends the Sandbox's own frames; the Sandbox's scripts do not
say when a token was written, which is what a benchmark has to know.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from aiohttp import web

from bot.sandbox.chat_request import ChatRequest
from bot.sandbox.exchange import Exchange
from bot.sandbox.frames import Frame, compile_stream, compile_whole
from bot.sandbox.pacer import Pacer
from bot.sandbox.script import Reply

from .questions import Question

__all__ = ["TimedModel"]

_OTHER_REPLY = Reply(text="Noted.")


class TimedModel:
    """Answers the question that ``find`` recognises in a prompt; anything else gets two tokens.

    ``tokens_per_second`` 0 sends an answer in one write. ``other_requests`` counts prompts
    without a question.
    """

    def __init__(self, *, find: Callable[[str], Question | None], tokens_per_second: float) -> None:
        self.other_requests = 0
        self._find = find
        self._tokens_per_second = tokens_per_second
        self._pacer = Pacer()

    async def answer(self, exchange: Exchange, request: ChatRequest) -> web.StreamResponse:
        """Answer one request, streamed or whole as it asks."""
        question = self._find(request.last_user_text)
        if question is None:
            self.other_requests += 1
        reply = _OTHER_REPLY if question is None else Reply(pieces=question.pieces)
        if not request.stream:
            return exchange.whole(compile_whole(reply, request))
        if question is not None:
            question.note_request(exchange.record.arrived_at)
        response = await exchange.open()
        await self._play(exchange, compile_stream(reply, request), question)
        return response

    async def _play(self, exchange: Exchange, frames: list[Frame], question: Question | None) -> None:
        position, started = 0, asyncio.get_running_loop().time()
        while position < len(frames):
            end = self._due(frames, position, started)
            if question is not None:
                question.note_tokens(frames[end - 1][0], time.monotonic())
            await exchange.send(b"".join([chunk for _, chunk in frames[position:end]]))
            position = end
            if position < len(frames):
                await self._pacer.wait_until(started + (frames[position][0] - 1) / self._tokens_per_second)

    def _due(self, frames: list[Frame], position: int, started: float) -> int:
        """The end of the frames that should be out by now; at least one."""
        if not self._tokens_per_second:
            return len(frames)
        elapsed = asyncio.get_running_loop().time() - started
        tokens = 1 + int(elapsed * self._tokens_per_second + 1e-6)
        end = position + 1
        while end < len(frames) and frames[end][0] <= tokens:
            end += 1
        return end

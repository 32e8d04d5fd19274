"""Runs the stand-in on its own, for a start without keys or for load: ``serve_sandbox``."""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Final, Literal

from bot.sandbox.audio_real import RealAudio
from bot.sandbox.catalogue import CATALOGUE
from bot.sandbox.chat_request import ChatRequest
from bot.sandbox.exchange import never
from bot.sandbox.llama import SMOLLM2, open_real_model
from bot.sandbox.message_rules import flat_text
from bot.sandbox.script import Reply, Script, cut_reply, shown_length
from bot.sandbox.server import ChatBackend, Sandbox
from bot.sandbox.tokens import split_tokens

DEFAULT_PORT: Final = 8899
_FAILURES: Final = (
    Reply.rate_limited(),
    Reply.overloaded(),
    Reply.error(504, "Gateway Timeout"),
)


class EchoScript(Script):
    """Answers with the person's own words, or with ``tokens`` numbered words, and fails at given rates.

    ``fail_rate`` of the requests get 429, 503 or 504, ``cut_rate`` lose their connection at a random token;
    a cut answer that the client asks to continue goes on where it stopped. Repeatable for one ``seed``.
    """

    def __init__(
        self,
        *,
        tokens: int = 0,
        tokens_per_second: float = 0,
        first_token_delay_seconds: float = 0,
        fail_rate: float = 0,
        cut_rate: float = 0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self._numbered = Reply.tokens(tokens).full_text
        self._fail_rate = fail_rate
        self._cut_rate = cut_rate
        self._random = random.Random(seed)
        self._base = Reply(
            tokens_per_second=tokens_per_second, first_token_delay_seconds=first_token_delay_seconds
        )

    def answer(self, request: ChatRequest) -> Reply:
        """A failure, a cut answer or a whole one."""
        if self._random.random() < self._fail_rate:
            return self._random.choice(_FAILURES)
        rest = self._rest(request)
        if self._random.random() < self._cut_rate:
            pieces = split_tokens(rest)
            return cut_reply(self._base, "".join(pieces[: self._random.randint(0, len(pieces))]))
        return replace(self._base, text=rest)

    def _rest(self, request: ChatRequest) -> str:
        """What is left to say: all of it, unless the request shows the beginning of this very answer."""
        for question in (_question_before_partial(request), request.last_user_text):
            full = self._numbered or f"You said: {question}"
            shown = shown_length(full, request.partial_answer)
            if 0 < shown < len(full):
                return full[shown:]
        return self._numbered or f"You said: {request.last_user_text}"


def _question_before_partial(request: ChatRequest) -> str:
    """The user message before the partial answer and its "continue"."""
    asked = [flat_text(m["content"]) for m in request.messages if m["role"] == "user"]
    return asked[-2] if len(asked) > 1 else request.last_user_text


def add_sandbox_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of ``python -m bot sandbox``; their names are ``serve_sandbox``'s keywords."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help="port to listen on; 0 takes a free one"
    )
    parser.add_argument("--model", choices=("real", "scripted"), default="real", help="what answers")
    parser.add_argument(
        "--tokens", type=int, default=0, help="scripted: answer N numbered words, not an echo"
    )
    parser.add_argument(
        "--tokens-per-second", type=float, default=0, help="scripted: pace; 0 sends everything at once"
    )
    parser.add_argument(
        "--first-token-delay-seconds", type=float, default=0, help="scripted: wait before the first token"
    )
    parser.add_argument(
        "--fail-rate", type=float, default=0, help="scripted: share of requests refused with 429, 503 or 504"
    )
    parser.add_argument(
        "--cut-rate", type=float, default=0, help="scripted: share of answers whose connection is cut"
    )
    parser.add_argument(
        "--no-dialogue",
        action="store_false",
        dest="speaks_dialogue",
        help="without the model that speaks as two people",
    )
    parser.add_argument("--seed", type=int, default=0, help="scripted: makes failures repeatable")


async def serve_sandbox(
    *,
    host: str = "127.0.0.1",
    port: int = DEFAULT_PORT,
    model: Literal["real", "scripted"] = "real",
    tokens: int = 0,
    tokens_per_second: float = 0,
    first_token_delay_seconds: float = 0,
    fail_rate: float = 0,
    cut_rate: float = 0,
    seed: int = 0,
    speaks_dialogue: bool = True,
    on_progress: Callable[[str], None] | None = None,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serve until cancelled; everything is closed on the way out.

    ``on_ready`` gets the base URL once requests are taken. Raises SandboxError when the port is taken or the
    real model cannot be loaded.
    """
    script = EchoScript(
        tokens=tokens,
        tokens_per_second=tokens_per_second,
        first_token_delay_seconds=first_token_delay_seconds,
        fail_rate=fail_rate,
        cut_rate=cut_rate,
        seed=seed,
    )
    async with AsyncExitStack() as stack:
        chat: ChatBackend | None = None
        audio: RealAudio | None = None
        if model == "real":
            chat = await stack.enter_async_context(await open_real_model(on_progress=on_progress))
            audio = await stack.enter_async_context(RealAudio(on_progress=on_progress))
        sandbox = Sandbox(
            script=script,
            chat=chat,
            audio=audio,
            models=(SMOLLM2, *CATALOGUE),
            speaks_dialogue=speaks_dialogue,
            keep_requests=False,
        )
        stack.push_async_callback(sandbox.close)
        await sandbox.start(host, port)
        if on_ready is not None:
            on_ready(sandbox.url)
        await never()

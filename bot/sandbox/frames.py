"""Compiles a Reply into frames: the bytes of each chunk with the number of tokens out once it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from bot.sandbox.chat_request import ChatRequest
from bot.sandbox.script import Cut, Quirks, Reply, Stall, StreamError, ToolCall
from bot.sandbox.wire import DONE, ChunkEncoder, completion_body, usage_body

Frame = tuple[int, bytes]
"""Tokens sent once these bytes are out, and the bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """What is really said to one request, after its prefix and its max_tokens were looked at."""

    thinking: tuple[str, ...]
    text: tuple[str, ...]
    tool_calls: tuple[ToolCall, ...]
    finish_reason: str


def compile_stream(reply: Reply, request: ChatRequest) -> list[Frame]:
    """The frames of a streamed answer, ending early where the reply's fault says so."""
    encoder = ChunkEncoder(
        model=request.model,
        prompt_tokens=reply.usage.prompt_tokens if reply.usage else request.prompt_tokens,
        cached_tokens=reply.usage.cached_tokens if reply.usage else 0,
        quirks=reply.quirks,
    )
    return list(_with_noise(_frames(reply, speech_of(reply, request), encoder), encoder, reply.quirks))


def compile_whole(reply: Reply, request: ChatRequest) -> bytes:
    """The body of an answer that is not streamed."""
    speech = speech_of(reply, request)
    thinking = "".join(speech.thinking)
    return completion_body(
        model=request.model,
        text=_tagged(thinking, reply.quirks) + "".join(speech.text),
        thinking="" if reply.quirks.think_tags_in_content else thinking,
        tool_calls=speech.tool_calls,
        finish_reason=speech.finish_reason,
        usage=_reported_usage(reply, request, speech),
    )


def speech_of(reply: Reply, request: ChatRequest) -> Speech:
    """Apply the request to the reply: echo the prefix if wanted, stop at max_tokens."""
    text = reply.text_pieces()
    if reply.echoes_prefix and request.prefix:
        text = (request.prefix, *text)
    reason = "tool_calls" if reply.tool_calls else "stop"
    limit = request.max_tokens
    if reply.honours_max_tokens and limit is not None and len(text) > limit:
        text, reason = text[:limit], "length"
    return Speech(
        thinking=Reply(text=reply.thinking).text_pieces(),
        text=text,
        tool_calls=reply.tool_calls,
        finish_reason=reply.finish_reason or reason,
    )


def _tagged(thinking: str, quirks: Quirks) -> str:
    return f"<think>\n{thinking}\n</think>\n\n" if thinking and quirks.think_tags_in_content else ""


def _reported_usage(reply: Reply, request: ChatRequest, speech: Speech) -> Any:
    usage = reply.usage
    if usage is not None:
        return usage_body(
            usage.prompt_tokens, usage.completion_tokens, usage.reasoning_tokens, usage.cached_tokens
        )
    said = len(speech.thinking) + len(speech.text) + len(speech.tool_calls)
    return usage_body(request.prompt_tokens, said, len(speech.thinking))


def _frames(reply: Reply, speech: Speech, encoder: ChunkEncoder) -> Iterator[Frame]:
    for _ in range(reply.quirks.role_chunks):
        yield 0, encoder.role()
    said = ((encoder.completion_tokens, chunk) for chunk in _said(speech, encoder, reply.quirks))
    fault = reply.fault
    if isinstance(fault, StreamError | Cut | Stall):
        yield from islice(said, fault.after_tokens)
        if isinstance(fault, StreamError):
            yield encoder.completion_tokens, encoder.data(fault.body)
    else:
        yield from said
        yield from _closing(reply, speech, encoder)


def _closing(reply: Reply, speech: Speech, encoder: ChunkEncoder) -> Iterator[Frame]:
    said = encoder.completion_tokens
    if reply.usage is not None:
        encoder.completion_tokens = reply.usage.completion_tokens
        encoder.reasoning_tokens = reply.usage.reasoning_tokens
    yield said, encoder.finish(speech.finish_reason)
    if reply.quirks.trailing_usage_chunk:
        yield said, encoder.no_choices()
    if reply.quirks.done:
        yield said, encoder.line(DONE)


def _said(speech: Speech, encoder: ChunkEncoder, quirks: Quirks) -> Iterator[bytes]:
    if quirks.think_tags_in_content and speech.thinking:
        for piece in ("<think>", "\n", *speech.thinking, "\n", "</think>", "\n\n"):
            yield encoder.content(piece)
    else:
        for piece in speech.thinking:
            yield encoder.thinking(piece)
    for piece in speech.text:
        yield encoder.content(piece)
    for index, call in enumerate(speech.tool_calls):
        yield encoder.tool_call_start(index, call)
        size = quirks.arguments_per_fragment
        for start in range(0, len(call.arguments), size):
            yield encoder.tool_call_arguments(index, call.arguments[start : start + size])


def _with_noise(frames: Iterator[Frame], encoder: ChunkEncoder, quirks: Quirks) -> Iterator[Frame]:
    """Put comments, garbage lines and chunks without choices before every n-th frame."""
    before = 0
    for number, frame in enumerate(frames, start=1):
        for noise in _noise_at(number, encoder, quirks):
            yield before, noise
        yield frame
        before = frame[0]


def _noise_at(number: int, encoder: ChunkEncoder, quirks: Quirks) -> Iterator[bytes]:
    if quirks.comment_every and number % quirks.comment_every == 0:
        yield encoder.line(b": keep-alive")
    if quirks.garbage_every and number % quirks.garbage_every == 0:
        yield encoder.line(b"\xff\xfegarbage without a field")
    if quirks.empty_choices_every and number % quirks.empty_choices_every == 0:
        yield encoder.no_choices()

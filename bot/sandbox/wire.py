"""The bytes of a completion: chunks of a stream and the body of a single answer.

Shapes: facts SiliconFlow §2.2 and §2.3. ``usage`` is on every chunk and cumulative.
"""

from __future__ import annotations

import secrets
import time
from typing import Any

import orjson

from bot.sandbox.script import Quirks, ToolCall

DONE = b"data: [DONE]"


def new_id() -> str:
    """An id like the provider's: hexadecimal, beginning with the time in milliseconds."""
    return f"{int(time.time() * 1000):012x}{secrets.token_hex(10)}"


def usage_body(prompt_tokens: int, completion_tokens: int, reasoning_tokens: int = 0, cached: int = 0) -> Any:
    """The ``usage`` object; the parts about reasoning and caching appear only where they say something."""
    usage: dict[str, Any] = {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
    }
    if reasoning_tokens:
        usage["completion_tokens_details"] = {"reasoning_tokens": reasoning_tokens}
    if cached:
        usage["prompt_tokens_details"] = {"cached_tokens": cached}
        usage["prompt_cache_hit_tokens"] = cached
        usage["prompt_cache_miss_tokens"] = prompt_tokens - cached
    return usage


def completion_body(
    *,
    model: str,
    text: str,
    thinking: str,
    tool_calls: tuple[ToolCall, ...],
    finish_reason: str,
    usage: Any,
) -> bytes:
    """The JSON of an answer that is not streamed."""
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if thinking:
        message["reasoning_content"] = thinking
    if tool_calls:
        message["tool_calls"] = [_whole_call(call) for call in tool_calls]
    body = {
        "id": new_id(),
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": finish_reason}],
        "usage": usage,
        "system_fingerprint": "",
    }
    return orjson.dumps(body)


def _whole_call(call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function}


class ChunkEncoder:
    """Encodes the events of one stream; the counts it was told last go into every ``usage``.

    Built for speed: what all chunks share is encoded once, a delta costs one small ``orjson.dumps``.
    """

    def __init__(self, *, model: str, prompt_tokens: int, quirks: Quirks, cached_tokens: int = 0) -> None:
        head: dict[str, Any] = {"id": new_id(), "object": "chat.completion.chunk"}
        head |= {"created": int(time.time()), "model": model}
        self._head = b"data: " + orjson.dumps(head)[:-1] + b',"choices":'
        self._prompt_tokens = prompt_tokens
        self._cached = cached_tokens
        self._quirks = quirks
        self._end = b"\r\n\r\n" if quirks.crlf else b"\n\n"
        self.completion_tokens = 0
        self.reasoning_tokens = 0

    def report(self, prompt_tokens: int, completion_tokens: int) -> None:
        """From here on report these counts, which replace the counted ones."""
        self._prompt_tokens = prompt_tokens
        self.completion_tokens = completion_tokens

    def role(self) -> bytes:
        """The chunk that opens the answer."""
        return self._delta(b'{"role":"assistant","content":"","reasoning_content":null}')

    def thinking(self, piece: str) -> bytes:
        """A piece of reasoning; counts as one completion token."""
        self.completion_tokens += 1
        self.reasoning_tokens += 1
        null = b"" if self._quirks.absent_keys_for_null else b'"content":null,'
        return self._delta(b"{" + null + b'"reasoning_content":' + orjson.dumps(piece) + b"}")

    def content(self, piece: str) -> bytes:
        """A piece of the answer; counts as one completion token."""
        self.completion_tokens += 1
        null = b"" if self._quirks.absent_keys_for_null else b',"reasoning_content":null'
        return self._delta(b'{"content":' + orjson.dumps(piece) + null + b"}")

    def tool_call_start(self, index: int, call: ToolCall) -> bytes:
        """The first fragment of a call: its id and name, no arguments yet."""
        self.completion_tokens += 1
        function = {"name": call.name, "arguments": ""}
        return self._fragment(index, call.id, "function", function)

    def tool_call_arguments(self, index: int, arguments: str) -> bytes:
        """A later fragment: a null id and an empty name that must not overwrite the first (facts §17 #1)."""
        self.completion_tokens += 1
        return self._fragment(index, None, None, {"name": "", "arguments": arguments})

    def finish(self, reason: str) -> bytes:
        """The chunk that carries the finish reason."""
        return self._delta(b'{"content":""}', finish=orjson.dumps(reason))

    def no_choices(self) -> bytes:
        """A chunk with usage and no choice."""
        return self._chunk(b"[]", with_usage=True)

    def data(self, body: Any) -> bytes:
        """Any JSON value as a data line of its own."""
        return b"data: " + orjson.dumps(body) + self._end

    def line(self, line: bytes) -> bytes:
        """A raw line: a comment, garbage, the end mark."""
        return line + self._end

    def _fragment(self, index: int, id_: str | None, kind: str | None, function: dict[str, str]) -> bytes:
        fragment: dict[str, Any] = {"index": index} if self._quirks.tool_call_index else {}
        if self._quirks.tool_call_ids:
            fragment["id"] = id_
        fragment |= {"type": kind, "function": function}
        delta = {"content": None, "tool_calls": [fragment]}
        return self._delta(orjson.dumps(delta))

    def _delta(self, delta: bytes, finish: bytes = b"null") -> bytes:
        choice = b'[{"index":0,"delta":' + delta + b',"finish_reason":' + finish + b"}]"
        return self._chunk(choice, with_usage=self._quirks.usage_on_every_chunk)

    def _chunk(self, choices: bytes, *, with_usage: bool) -> bytes:
        usage = b""
        if with_usage:
            usage = b',"usage":' + orjson.dumps(self._usage())
        return b"".join((self._head, choices, b',"system_fingerprint":""', usage, b"}", self._end))

    def _usage(self) -> Any:
        return usage_body(self._prompt_tokens, self.completion_tokens, self.reasoning_tokens, self._cached)

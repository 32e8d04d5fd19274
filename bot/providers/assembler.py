"""Makes events of the chunks of one streamed chat completion, whatever odd form they come in.

Rules: facts SiliconFlow §2.2-2.3 and §17 (#1 tool fragments, #2 cumulative usage, #7 think tags).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
import structlog

from bot.errors import ProviderError
from bot.events import FinishReason, TextDelta, ThinkingDelta, ToolCall, Usage
from bot.providers.errors import Source, StreamCut, fault_of, to_error
from bot.providers.think_tags import Kind, ThinkTags
from bot.providers.tool_calls import CallBuilder

__all__ = ["Assembler", "Delta", "Ending"]

_log = structlog.get_logger()

_DONE: Final = b"[DONE]"
_REASONS: Final = {
    "stop": FinishReason.STOP,
    "eos": FinishReason.STOP,
    "length": FinishReason.LENGTH,
    "tool_calls": FinishReason.TOOL_CALLS,
    "function_call": FinishReason.TOOL_CALLS,
    "content_filter": FinishReason.CONTENT_FILTER,
}
# The provider ran out of machines in the middle: the answer is not finished (facts: SiliconFlow §2.2).
_INTERRUPTED: Final = "insufficient_system_resource"


Delta = ThinkingDelta | TextDelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a stream came to its proper end. ``calls`` are only there with TOOL_CALLS."""

    finish_reason: FinishReason
    calls: tuple[ToolCall, ...] = ()
    thinking: str = ""
    usage: Usage = field(default_factory=Usage)


class Assembler:
    """Feed it payloads; it gives the deltas, joined as far as one feeding goes.

    ``deltas`` counts what moved the answer on, ``done`` and ``finished`` tell how far the stream is, and
    ``failure`` holds an error met inside it: events before the error are given first.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._tags = ThinkTags()
        self._calls = CallBuilder()
        self._thinking: list[str] = []
        self._usage: Mapping[str, Any] = {}
        self._reason = ""
        self._garbled_last = False
        self._high_surrogate = ""
        self._kind = Kind.TEXT
        self._run: list[str] = []
        self._events: list[Delta] = []
        self.deltas = 0
        self.done = False
        self.failure: ProviderError | None = None

    @property
    def finished(self) -> bool:
        """Whether the model gave its reason to stop; only usage and [DONE] can follow."""
        return bool(self._reason)

    @property
    def usage(self) -> Usage:
        """The last usage seen; the provider's counts are cumulative."""
        return _parse_usage(self._usage)

    def feed(self, payloads: Iterable[bytes]) -> list[Delta]:
        """The events that ``payloads`` bring, in order. Never raises; see ``failure``."""
        for payload in payloads:
            if payload.strip() == _DONE:
                self.done = True
                break
            self._take(payload)
            if self.failure is not None:
                break
        return self._collect()

    def end(self) -> tuple[list[Delta], Ending]:
        """The last events and the ending, once nothing more comes. Raises StreamCut, or the failure met."""
        if self.failure is not None:
            raise self.failure
        self._require_proper_end()
        for kind, piece in self._tags.flush():
            self._say(kind, piece)
        return self._collect(), self._ending()

    def _ending(self) -> Ending:
        calls = self._calls.finish()
        reason = _REASONS.get(self._reason, FinishReason.STOP)
        if reason is FinishReason.CONTENT_FILTER:
            calls = ()
        elif calls:
            # Also for "stop" and "length": a call cut short is told to the model, which writes it anew.
            reason = FinishReason.TOOL_CALLS
        elif reason is FinishReason.TOOL_CALLS:
            reason = FinishReason.STOP
        thinking = _replace_surrogates("".join(self._thinking))
        return Ending(finish_reason=reason, calls=calls, thinking=thinking, usage=self.usage)

    def _require_proper_end(self) -> None:
        if self._reason == _INTERRUPTED:
            text = "the provider ran out of resources in the middle of the answer"
        elif self._reason or (self.done and not self._garbled_last):
            return
        else:
            text = "the stream ended before the answer did"
        raise StreamCut(text, model=self._source.model, trace_id=self._source.trace_id)

    def _take(self, payload: bytes) -> None:
        try:
            try:
                chunk = orjson.loads(payload)
            except orjson.JSONDecodeError:
                chunk = _parse_leniently(payload)
            self._take_chunk(chunk)
        except (ValueError, TypeError, AttributeError, LookupError) as exc:
            self._garbled_last = True
            _log.warning(
                "model_chunk_skipped",
                model=self._source.model,
                trace_id=self._source.trace_id,
                size_bytes=len(payload),
                reason=type(exc).__name__,
            )
        else:
            self._garbled_last = False

    def _take_chunk(self, chunk: Any) -> None:
        if not isinstance(chunk, dict) or chunk.get("error"):
            self.failure = to_error(fault_of(chunk), self._source)
            return
        if isinstance(usage := chunk.get("usage"), dict):
            self._usage = usage
        if choices := chunk.get("choices"):
            self._take_choice(choices[0])
        elif "code" in chunk and "choices" not in chunk:
            self.failure = to_error(fault_of(chunk), self._source)

    def _take_choice(self, choice: Mapping[str, Any]) -> None:
        delta = choice.get("delta") or choice.get("message")
        if delta:
            if reasoning := delta.get("reasoning_content"):
                self._say(Kind.THINKING, _as_text(reasoning))
            if content := delta.get("content"):
                if self._kind is Kind.TEXT and self._tags.is_plain and isinstance(content, str):
                    # Nearly every chunk is one of these.
                    self.deltas += 1
                    self._run.append(content)
                else:
                    self._take_content(_as_text(content))
            if fragments := delta.get("tool_calls"):
                self.deltas += 1
                self._calls.add(fragments)
        if reason := choice.get("finish_reason"):
            self._reason = str(reason)

    def _take_content(self, content: str) -> None:
        if self._tags.is_plain:
            self._say(Kind.TEXT, content)
            return
        self.deltas += 1
        for kind, piece in self._tags.split(content):
            self._say(kind, piece)

    def _say(self, kind: Kind, piece: str) -> None:
        self.deltas += 1
        if kind is not self._kind:
            self._close_run()
            self._kind = kind
        self._run.append(piece)
        if kind is Kind.THINKING:
            self._thinking.append(piece)

    def _collect(self) -> list[Delta]:
        self._close_run()
        events, self._events = self._events, []
        return events

    def _close_run(self) -> None:
        if not self._run:
            return
        text = self._mend_surrogates("".join(self._run))
        self._run.clear()
        if text:
            self._events.append(TextDelta(text=text) if self._kind is Kind.TEXT else ThinkingDelta(text=text))

    def _mend_surrogates(self, text: str) -> str:
        """Join the halves of a character that came in two chunks; a half alone becomes U+FFFD."""
        if not self._high_surrogate and _is_whole(text):
            return text
        text = self._high_surrogate + text
        self._high_surrogate = ""
        if "\ud800" <= text[-1] <= "\udbff":
            text, self._high_surrogate = text[:-1], text[-1]
        return _replace_surrogates(text)


def _parse_leniently(payload: bytes) -> Any:
    """Takes what orjson rightly refuses: halves of characters, and here also broken ones. It is slower."""
    return json.loads(payload.decode(errors="replace"))


def _as_text(content: Any) -> str:
    """A delta's text; some gateways send parts instead of a string."""
    if isinstance(content, str):
        return content
    return "".join(str(part["text"]) for part in content if part.get("text"))


def _is_whole(text: str) -> bool:
    """Whether no half of a character is in ``text``: halves cannot be encoded."""
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


def _replace_surrogates(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _parse_usage(usage: Mapping[str, Any]) -> Usage:
    completion = usage.get("completion_tokens_details")
    prompt = usage.get("prompt_tokens_details")
    return Usage(
        prompt=_count(usage, "prompt_tokens"),
        completion=_count(usage, "completion_tokens"),
        reasoning=_count(completion, "reasoning_tokens"),
        cached=_count(prompt, "cached_tokens") or _count(usage, "prompt_cache_hit_tokens"),
    )


def _count(holder: Any, key: str) -> int:
    value = holder.get(key) if isinstance(holder, dict) else None
    return value if isinstance(value, int) else 0

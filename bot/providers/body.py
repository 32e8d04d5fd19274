"""Writes the body of POST /chat/completions for one model, with only what that model accepts.

Ranges and allow-lists: facts SiliconFlow §2.1, §2.4, §2.5.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

from bot.ports import ChatRequest, ToolSpec
from bot.providers.messages import lacks_thinking, wire_messages
from bot.providers.profiles import Profile, Thinking

__all__ = ["build_body", "encode_body", "wants_json"]

_BUDGET_RANGE: Final = (128, 32_768)
_RESERVED: Final = frozenset({"model", "messages", "stream", "prefix"})
_ANCHOR: Final = re.compile(r"(?:\S+\s+){0,7}\S+\s*\Z")
_ANCHOR_REACH: Final = 80
_LONGEST_WORD: Final = 24
_REST: Final = (
    "Your answer was cut off there. Write only what is missing: begin with its last words, {anchor!r}, "
    "copied exactly, and go straight on from them to the end. No introduction, no apology, nothing repeated "
    "but those words."
)
_OR_CALL: Final = " If you were about to call a tool, call it now."


def build_body(
    request: ChatRequest, *, model: str, profile: Profile, shown: str = "", max_tokens: int | None = None
) -> dict[str, Any]:
    """The request for ``model``. With ``shown`` it asks for what comes after that text.

    ``max_tokens`` replaces the request's own. Where the model continues text by itself, the body has a
    ``prefix``; elsewhere the conversation ends with the text and a request to go on.
    """
    thinking = _choose_thinking(request, profile, resuming=bool(shown))
    body: dict[str, Any] = {
        **_own_parameters(request, profile, resuming=bool(shown)),
        "model": model,
        "messages": wire_messages(request.messages, profile=profile),
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": max(1, min(max_tokens or request.max_tokens, profile.max_answer_tokens)),
    }
    _add_sampling(body, request, profile)
    if request.tools and profile.tools:
        body["tools"] = [_write_tool(tool) for tool in request.tools]
    if thinking is not None:
        body["enable_thinking"] = thinking
    if request.thinking_budget is not None and profile.thinking_budget and profile.thinks(thinking):
        lowest, highest = _BUDGET_RANGE
        body["thinking_budget"] = max(lowest, min(request.thinking_budget, highest))
    if shown:
        _ask_for_rest(body, shown, by_prefix=profile.prefix and not profile.thinks(thinking))
    return body


def encode_body(body: Mapping[str, Any]) -> bytes:
    """The body as JSON; halves of characters, which JSON cannot carry, become U+FFFD."""
    try:
        return orjson.dumps(body, default=_plain)
    except TypeError:
        return orjson.dumps(_without_lone_surrogates(body), default=_plain)


def wants_json(request: ChatRequest) -> bool:
    """Whether the answer must be JSON; such an answer cannot be continued in pieces."""
    response_format = request.extra.get("response_format")
    return isinstance(response_format, Mapping) and response_format.get("type") != "text"


def _choose_thinking(request: ChatRequest, profile: Profile, *, resuming: bool) -> bool | None:
    if profile.thinking is not Thinking.SWITCH:
        return None
    tools = bool(request.tools)
    cannot_think_here = (tools and profile.tools_need_thinking_off) or (
        profile.echoes_thinking and lacks_thinking(request.messages)
    )
    # The thinking was done before the first part was written.
    return False if cannot_think_here or resuming else request.thinking


def _own_parameters(request: ChatRequest, profile: Profile, *, resuming: bool) -> dict[str, Any]:
    extra = {name: value for name, value in request.extra.items() if name not in _RESERVED}
    if not profile.json_mode or resuming:
        extra.pop("response_format", None)
    if not profile.reasoning_effort:
        extra.pop("reasoning_effort", None)
    if profile.thinking is not Thinking.SWITCH:
        extra.pop("enable_thinking", None)
    return extra


def _add_sampling(body: dict[str, Any], request: ChatRequest, profile: Profile) -> None:
    temperature = profile.temperature if request.temperature is None else request.temperature
    top_p = profile.top_p if request.top_p is None else request.top_p
    if temperature is not None:
        body["temperature"] = temperature
    if top_p is not None:
        body["top_p"] = top_p


def _write_tool(tool: ToolSpec) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return {"type": "function", "function": function}


def _ask_for_rest(body: dict[str, Any], shown: str, *, by_prefix: bool) -> None:
    if by_prefix:
        body["prefix"] = shown
        return
    instruction = _REST.format(anchor=_last_words(shown)) + (_OR_CALL if "tools" in body else "")
    body["messages"] = [
        *body["messages"],
        {"role": "assistant", "content": shown},
        {"role": "user", "content": instruction},
    ]


def _last_words(text: str) -> str:
    found = _ANCHOR.search(text[-_ANCHOR_REACH:])
    words = found[0].strip() if found else text.strip()
    return words if " " in words else words[-_LONGEST_WORD:]


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def _without_lone_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, Mapping):
        return {_without_lone_surrogates(key): _without_lone_surrogates(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_lone_surrogates(item) for item in value]
    return value

"""Reads the body of POST /chat/completions: a ChatRequest comes out, or the refusal the real API would send.

Rules and sentences: facts SiliconFlow §2.1 (ranges), §2.4-2.5 (what each model takes), §15 (codes),
§17 (the order of messages, null content, context overflow).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from bot.sandbox.catalogue import Catalogue, ModelCard
from bot.sandbox.message_rules import check_messages, flat_text
from bot.sandbox.refusals import coded, invalid_parameter
from bot.sandbox.tokens import count_tokens

_MAX_TOOLS: Final = 128
_MAX_STOPS: Final = 4
# field: lowest, highest (facts §2.1)
_NUMBER_RANGES: Final = {
    "temperature": (0.0, 2.0),
    "top_p": (0.0, 1.0),
    "min_p": (0.0, 1.0),
    "frequency_penalty": (-2.0, 2.0),
    "thinking_budget": (128, 32_768),
}
_TOOL_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_BOOLEANS: Final = ("stream", "enable_thinking")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """A request that passed every check. ``body`` is what came over the wire, unchanged."""

    body: Mapping[str, Any]
    card: ModelCard
    prompt_tokens: int

    @property
    def model(self) -> str:
        """The id as it was asked for (an old name stays an old name)."""
        return str(self.body["model"])

    @property
    def messages(self) -> Sequence[Mapping[str, Any]]:
        """The conversation as sent, oldest first."""
        messages: Sequence[Mapping[str, Any]] = self.body["messages"]
        return messages

    @property
    def stream(self) -> bool:
        """Whether the answer goes out as server-sent events."""
        return bool(self.body.get("stream"))

    @property
    def prefix(self) -> str:
        """The text the answer has to continue; empty when none was sent."""
        return str(self.body.get("prefix") or "")

    @property
    def thinks(self) -> bool:
        """Whether the model reasons before it answers this request."""
        return self.card.thinks(self.body.get("enable_thinking"))

    @property
    def max_tokens(self) -> int | None:
        """The cap on answer tokens, or None when the request left it open."""
        return self.body.get("max_tokens")

    @property
    def last_user_text(self) -> str:
        """The text of the newest user message."""
        return next((flat_text(m["content"]) for m in reversed(self.messages) if m["role"] == "user"), "")

    @property
    def partial_answer(self) -> str:
        """What the person sees of a cut answer that this request may ask to go on with.

        That is the prefix, or the assistant message right before a last user message ("continue").
        """
        if self.prefix or len(self.messages) < 2:
            return self.prefix
        before, last = self.messages[-2:]
        if last["role"] == "user" and before["role"] == "assistant":
            return flat_text(before["content"])
        return ""


def parse_chat_request(raw: bytes, catalogue: Catalogue) -> ChatRequest:
    """Check ``raw`` as the API does and return it as a value; raise ``Refused`` with its answer otherwise."""
    body = _parse_object(raw)
    card = _find_model(body, catalogue)
    _check_types_and_ranges(body)
    check_messages(body.get("messages"), card)
    _check_thinking(body, card)
    _check_max_tokens(body.get("max_tokens"), card)
    _check_reasoning_returned(body, card)
    _check_tools(body, card)
    _check_modes(body, card)
    prompt_tokens = count_prompt_tokens(body)
    check_context(prompt_tokens, body.get("max_tokens"), card.context_tokens)
    return ChatRequest(body=body, card=card, prompt_tokens=prompt_tokens)


def count_prompt_tokens(body: Mapping[str, Any]) -> int:
    """An estimate of the prompt's size, the same for the same request."""
    total = sum(4 + count_tokens(flat_text(message.get("content"))) for message in body["messages"])
    if body.get("tools"):
        total += count_tokens(orjson.dumps(body["tools"]).decode())
    return total + count_tokens(str(body.get("prefix") or ""))


def check_context(prompt_tokens: int, max_tokens: int | None, context_tokens: int) -> None:
    """Refuse what does not fit, in the two sentences seen in the wild (facts §17 #9)."""
    if prompt_tokens >= context_tokens:
        raise invalid_parameter(
            f"length of prompt_tokens ({prompt_tokens}) must be less than max_seq_len ({context_tokens})."
        )
    total = prompt_tokens + (max_tokens or 0)
    if total > context_tokens:
        raise invalid_parameter(
            f"max_total_tokens ({total}) must be less than or equal to max_seq_len ({context_tokens})"
        )


def _parse_object(raw: bytes) -> dict[str, Any]:
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as exc:
        raise invalid_parameter("The parameter is invalid. Please check again.") from exc
    if not isinstance(body, dict):
        raise invalid_parameter("The parameter is invalid. Please check again.")
    return body


def _find_model(body: Mapping[str, Any], catalogue: Catalogue) -> ModelCard:
    model = body.get("model")
    if not model:
        raise coded(20013, "Model is required.")
    card = catalogue.find(model) if isinstance(model, str) else None
    if card is None:
        raise coded(20012, "Model does not exist. Please check it carefully.")
    return card


def _check_types_and_ranges(body: Mapping[str, Any]) -> None:
    for name in _BOOLEANS:
        if not isinstance(body.get(name, False), bool):
            raise invalid_parameter(f"{name}: Input should be a valid boolean")
    for name, (low, high) in _NUMBER_RANGES.items():
        value = body.get(name)
        if value is not None and not (_is_number(value) and low <= value <= high):
            raise invalid_parameter(f"{name}: Input should be between {low} and {high}")
    if body.get("top_p") == 0:
        raise invalid_parameter("top_p: Input should be greater than 0")
    _check_top_k(body.get("top_k"))
    _check_count(body.get("n"))
    _check_stop(body.get("stop"))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _check_top_k(top_k: Any) -> None:
    if top_k is not None and not (_is_integer(top_k) and (top_k == -1 or 1 <= top_k <= 100)):
        raise coded(20060, "top_k must be -1 or in the range [1, 100].")


def _check_count(count: Any) -> None:
    if count is not None and (not _is_integer(count) or count != 1):
        raise coded(20066, "n cannot exceed 1.")


def _check_stop(stop: Any) -> None:
    if stop is None or isinstance(stop, str):
        return
    if not isinstance(stop, list) or len(stop) > _MAX_STOPS or not all(isinstance(s, str) for s in stop):
        raise invalid_parameter(f"stop: Input should be a string or a list of at most {_MAX_STOPS} strings")


def _check_thinking(body: Mapping[str, Any], card: ModelCard) -> None:
    # The switch itself is refused, whatever its value (facts §17 #5).
    if body.get("enable_thinking") is not None and card.thinking != "switch":
        raise invalid_parameter("Value error, current model does not support parameter `enable_thinking`.")


def _check_max_tokens(max_tokens: Any, card: ModelCard) -> None:
    if max_tokens is None:
        return
    if not _is_integer(max_tokens) or not 1 <= max_tokens <= card.max_answer_tokens:
        raise coded(20089, f"max_tokens must be between 1 and {card.max_answer_tokens}.")


def _check_reasoning_returned(body: Mapping[str, Any], card: ModelCard) -> None:
    if not (card.needs_reasoning_back and body.get("tools") and card.thinks(body.get("enable_thinking"))):
        return
    if any(m.get("tool_calls") and not m.get("reasoning_content") for m in body["messages"]):
        raise invalid_parameter(
            "The `reasoning_content` in the thinking mode must be passed back to the API."
        )


def _check_tools(body: Mapping[str, Any], card: ModelCard) -> None:
    tools = body.get("tools")
    if tools is None:
        return
    if not isinstance(tools, list) or len(tools) > _MAX_TOOLS or not all(_is_tool(tool) for tool in tools):
        raise invalid_parameter(f"tools: Input should be a list of at most {_MAX_TOOLS} functions")
    if tools and not card.tools:
        raise coded(20037, "Function call is not supported for this model.")


def _is_tool(tool: Any) -> bool:
    function = tool.get("function") if isinstance(tool, dict) and tool.get("type") == "function" else None
    name = function.get("name") if isinstance(function, dict) else None
    return isinstance(name, str) and _TOOL_NAME.fullmatch(name) is not None


def _check_modes(body: Mapping[str, Any], card: ModelCard) -> None:
    wants_json = _wants_json(body.get("response_format"))
    if wants_json and not card.json_mode:
        raise coded(20024, "Json mode is not supported for this model.")
    if body.get("suffix"):
        _check_fim(card, wants_json=wants_json)
    elif body.get("prefix"):
        _check_prefix(body, card, wants_json=wants_json)


def _wants_json(response_format: Any) -> bool:
    if response_format is None:
        return False
    kind = response_format.get("type") if isinstance(response_format, dict) else None
    if kind not in {"text", "json_object", "json_schema"}:
        raise invalid_parameter("response_format: Input should be 'text', 'json_object' or 'json_schema'")
    return bool(kind != "text")


def _check_fim(card: ModelCard, *, wants_json: bool) -> None:
    if not card.fim:
        raise coded(20031, "FIM completion is not supported for this model.")
    if wants_json:
        raise coded(20032, "FIM completion is not supported in json mode.")


def _check_prefix(body: Mapping[str, Any], card: ModelCard, *, wants_json: bool) -> None:
    if not isinstance(body["prefix"], str):
        raise invalid_parameter("prefix: Input should be a valid string")
    if card.thinks(body.get("enable_thinking")):
        raise coded(20030, "Prefix completion is not supported for this model.")
    if wants_json:
        raise coded(20033, "Prefix completion is not supported in json mode.")

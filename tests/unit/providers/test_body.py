"""The request holds what the model accepts and nothing else."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import orjson
import pytest

from bot.ports import AssistantMessage, SystemMessage, ToolSpec, UserMessage
from bot.providers.body import build_body, encode_body
from bot.providers.profiles import find_profile
from tests.unit.providers.support import HYBRID, PLAIN, REASONER, ask_for, weather_tool


def _body(model: str, *, shown: str = "", **changes: Any) -> dict[str, Any]:
    return build_body(ask_for(model, **changes), model=model, profile=find_profile(model), shown=shown)


def test_max_tokens_is_always_sent_and_capped() -> None:
    """The provider's default is 512, and too much is refused."""
    assert _body(PLAIN)["max_tokens"] == 4096
    assert _body(PLAIN, max_tokens=100_000)["max_tokens"] == 4096
    assert _body(REASONER, max_tokens=100_000)["max_tokens"] == 16_384
    assert _body(PLAIN, max_tokens=0)["max_tokens"] == 1


@pytest.mark.parametrize(("wanted", "sent"), [(1, 128), (5000, 5000), (10**6, 32_768)])
def test_the_thinking_budget_stays_in_its_range(wanted: int, sent: int) -> None:
    """128 to 32768, where the model thinks at all."""
    assert _body(HYBRID, thinking=True, thinking_budget=wanted)["thinking_budget"] == sent
    assert "thinking_budget" not in _body(HYBRID, thinking=False, thinking_budget=wanted)
    assert "thinking_budget" not in _body(PLAIN, thinking=True, thinking_budget=wanted)


def test_the_thinking_switch_is_sent_only_where_there_is_one() -> None:
    """Even "false" is refused elsewhere."""
    assert _body(HYBRID, thinking=False)["enable_thinking"] is False
    assert "enable_thinking" not in _body(HYBRID)
    assert "enable_thinking" not in _body(PLAIN, thinking=False)
    assert "enable_thinking" not in _body(REASONER, thinking=False, extra={"enable_thinking": False})


def test_v3_1_does_not_think_beside_tools() -> None:
    """That model cannot do both."""
    model = "deepseek-ai/DeepSeek-V3.1-Terminus"
    assert _body(model, thinking=True, tools=(weather_tool(),))["enable_thinking"] is False
    assert _body(model, thinking=True)["enable_thinking"] is True


def test_r1_gets_the_vendors_sampling_unless_told_otherwise() -> None:
    """A persona's own values win."""
    assert (_body(REASONER)["temperature"], _body(REASONER)["top_p"]) == (0.6, 0.95)
    assert _body(REASONER, temperature=0.1)["temperature"] == 0.1
    assert "temperature" not in _body(PLAIN)


def test_extra_parameters_pass_but_never_replace_our_own() -> None:
    """What the core says is sent as it says it."""
    extra = {"min_p": 0.1, "stream": False, "model": "evil", "messages": [], "reasoning_effort": "max"}
    body = _body(PLAIN, extra=extra)
    assert body["min_p"] == 0.1
    assert (body["stream"], body["model"]) == (True, PLAIN)
    assert body["messages"]
    assert "reasoning_effort" not in body
    assert _body("deepseek-ai/DeepSeek-V4-Pro", extra=extra)["reasoning_effort"] == "max"


def test_json_mode_is_left_out_where_it_is_refused() -> None:
    """Vision models know none."""
    extra = {"response_format": {"type": "json_object"}}
    assert "response_format" in _body(PLAIN, extra=extra)
    assert "response_format" not in _body("Qwen/Qwen3-VL-32B-Instruct", extra=extra)


def test_the_rest_is_asked_for_by_prefix_where_the_model_has_it() -> None:
    """With thinking off, which would come before the text again."""
    body = _body(HYBRID, shown="Once upon a", thinking=True)
    assert body["prefix"] == "Once upon a"
    assert body["enable_thinking"] is False
    assert body["messages"][-1]["role"] == "user"


def test_the_rest_is_asked_for_in_words_elsewhere() -> None:
    """The text so far, and a request to begin with its last words."""
    body = _body(REASONER, shown="There was a king who had three sons and a very large garden with apples")
    assert "prefix" not in body
    assert [message["role"] for message in body["messages"]] == ["user", "assistant", "user"]
    assert "and a very large garden with apples" in body["messages"][-1]["content"]
    assert "three" not in body["messages"][-1]["content"]


def test_a_talk_that_ends_with_the_assistant_goes_on() -> None:
    """The provider wants a person's word last."""
    messages = (SystemMessage(text="s"), UserMessage(text="a"), AssistantMessage(text="b"))
    assert _body(PLAIN, messages=messages)["messages"][-1]["role"] == "user"


def test_lone_surrogates_are_replaced() -> None:
    """Half a character cannot be written as JSON."""
    body = _body(PLAIN, text="a\ud83db", extra={"stop": ["\udc00"]})
    sent = orjson.loads(encode_body(body))
    assert sent["messages"][0]["content"] == "a\ufffdb"
    assert sent["stop"] == ["\ufffd"]


def test_schemas_may_be_any_mapping() -> None:
    """Frozen data is written like a dict."""
    tool = ToolSpec(name="t", description="", parameters=MappingProxyType({"type": "object"}))
    sent = orjson.loads(encode_body(_body(PLAIN, tools=(tool,))))
    assert sent["tools"][0]["function"]["parameters"] == {"type": "object"}

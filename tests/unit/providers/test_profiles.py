"""What each model takes: the table, its twins and successors, and what is learned at run time."""

from __future__ import annotations

from typing import Any

import pytest

from bot.errors import ProviderRefused
from bot.events import ToolCall
from bot.ports import AssistantMessage, ChatRequest, SystemMessage, ToolMessage, UserMessage
from bot.providers.body import build_body, encode_body
from bot.providers.errors import Source, parse_fault, to_error
from bot.providers.lessons import Lessons
from bot.providers.profiles import (
    ALIASES,
    SUCCESSORS,
    UNKNOWN,
    Thinking,
    find_profile,
    successor_of,
)
from bot.sandbox import CATALOGUE, ModelCard
from bot.sandbox.catalogue import Catalogue
from bot.sandbox.chat_request import parse_chat_request
from bot.sandbox.refusals import Refused
from tests.unit.providers.support import weather_tool


@pytest.mark.parametrize(
    ("model", "thinking"),
    [
        ("Qwen/Qwen3-8B", Thinking.SWITCH),
        ("Pro/deepseek-ai/DeepSeek-V3.2", Thinking.SWITCH),
        ("Qwen/Qwen3-Coder-480B-A35B-Instruct", Thinking.NEVER),
        ("Qwen/Qwen3-VL-32B-Instruct", Thinking.NEVER),
        ("Qwen/Qwen3-Omni-30B-A3B-Thinking", Thinking.ALWAYS),
        ("Qwen/Qwen3-235B-A22B-Thinking-2507", Thinking.ALWAYS),
        ("Pro/deepseek-ai/DeepSeek-R1", Thinking.ALWAYS),
        ("deepseek-ai/DeepSeek-R1-0528-Qwen3-8B", Thinking.ALWAYS),
        ("deepseek-ai/DeepSeek-V3", Thinking.NEVER),
        ("somebody/Brand-New-Model", Thinking.NEVER),
    ],
)
def test_the_longest_beginning_decides(model: str, thinking: Thinking) -> None:
    """A family's exceptions have longer names than the family."""
    assert find_profile(model).thinking is thinking


def test_a_pro_model_is_its_plain_twin() -> None:
    """The paid twin takes and gives the same."""
    assert find_profile("Pro/Qwen/Qwen2.5-7B-Instruct") == find_profile("Qwen/Qwen2.5-7B-Instruct")


def test_an_unknown_model_is_asked_for_nothing_special() -> None:
    """Nothing is sent that some model refuses."""
    assert find_profile("somebody/Brand-New-Model") is UNKNOWN
    specials = [UNKNOWN.prefix, UNKNOWN.thinking_budget, UNKNOWN.reasoning_effort, UNKNOWN.images]
    assert not any(specials)


def test_successors_are_models_that_are_known() -> None:
    """A model that is gone is not replaced by another one that is gone."""
    for name in [*SUCCESSORS.values(), *ALIASES.values()]:
        assert find_profile(name) is not UNKNOWN
        assert name not in SUCCESSORS


def test_a_successor_stays_in_its_price_class() -> None:
    """The paid twin is succeeded by a paid twin."""
    assert successor_of("Pro/deepseek-ai/DeepSeek-V3.1") == "Pro/deepseek-ai/DeepSeek-V3.1-Terminus"
    assert successor_of("zai-org/GLM-4.5") == "zai-org/GLM-4.6"
    assert successor_of("Qwen/Qwen3-8B") is None


def _refusal_by(
    card: ModelCard, lessons: Lessons, request: ChatRequest
) -> tuple[ProviderRefused, Any] | None:
    """What the stand-in has against the request as it would be sent now, and the body it was sent."""
    body = build_body(request, model=card.id, profile=lessons.profile(card.id))
    for name in lessons.refuses(card.id):
        body.pop(name, None)
    try:
        parse_chat_request(encode_body(body), Catalogue(CATALOGUE))
    except Refused as refused:
        return _as_error(refused, card.id), body
    return None


def _accepted(card: ModelCard, **changes: Any) -> bool:
    """Whether the stand-in takes the request for this model, perhaps after what it teaches."""
    changes.setdefault("messages", (UserMessage(text="hi"),))
    request = ChatRequest(models=(card.id,), **changes)
    lessons = Lessons()
    while (refusal := _refusal_by(card, lessons, request)) is not None:
        assert lessons.learn(*refusal), f"{card.id} taught nothing by {refusal[0]}"
    return True


def _as_error(refused: Refused, model: str) -> ProviderRefused:
    error = to_error(parse_fault(refused.refusal.body), Source(status=refused.refusal.status, model=model))
    assert isinstance(error, ProviderRefused)
    return error


@pytest.mark.parametrize("card", CATALOGUE, ids=lambda card: card.id)
@pytest.mark.parametrize("thinking", [None, True, False])
def test_every_known_model_takes_a_request_with_everything(card: ModelCard, thinking: bool | None) -> None:
    """Thinking, budget, tools, JSON mode: what a model does not take is left out, at the latest when told."""
    assert _accepted(
        card,
        thinking=thinking,
        thinking_budget=1_000_000,
        tools=(weather_tool(),),
        max_tokens=1_000_000,
        extra={"response_format": {"type": "json_object"}},
    )


@pytest.mark.parametrize("card", CATALOGUE, ids=lambda card: card.id)
def test_every_known_model_takes_a_talk_with_old_calls(card: ModelCard) -> None:
    """History made by another model, without its thinking, is accepted."""
    call = ToolCall(id="c1", name="weather", arguments="")
    talk = (
        SystemMessage(text="Be kind."),
        UserMessage(text="hi"),
        AssistantMessage(text="", calls=(call,)),
        ToolMessage(call_id="c1", text="rain"),
    )
    assert _accepted(card, messages=talk, tools=(weather_tool(),), thinking=True)


def _refusal(code: int, text: str) -> ProviderRefused:
    return ProviderRefused(text, code=code, status=400, model="m")


@pytest.mark.parametrize(
    ("code", "text", "parameter"),
    [
        (
            20015,
            "Value error, current model does not support parameter `enable_thinking`.",
            "enable_thinking",
        ),
        (20015, "this model does not support parameter min_p", "min_p"),
        (20024, "no JSON mode", "response_format"),
        (20030, "no prefix", "prefix"),
        (20037, "no function calling", "tools"),
    ],
)
def test_a_refused_parameter_is_not_sent_again(code: int, text: str, parameter: str) -> None:
    """A lesson is new once, for one model."""
    lessons = Lessons()
    body = {"model": "m", "max_tokens": 10, parameter: True}
    assert lessons.learn(_refusal(code, text), body) == parameter
    assert lessons.learn(_refusal(code, text), body) == ""
    assert lessons.refuses("m") == {parameter}
    assert lessons.refuses("another") == frozenset()


def test_a_parameter_that_was_not_sent_teaches_nothing() -> None:
    """Otherwise the same request would be repeated without an end."""
    refusal = _refusal(20037, "no function calling")
    assert Lessons().learn(refusal, {"model": "m", "max_tokens": 1}) == ""


def test_a_limit_of_answer_tokens_is_learned() -> None:
    """The number in the refusal caps the next request."""
    lessons = Lessons()
    refusal = _refusal(20089, "'max_tokens must be between 1 and 2048.' (HTTP 400, code 20089)")
    assert lessons.learn(refusal, {"model": "m", "max_tokens": 4096}) == "max_tokens"
    assert lessons.profile("m").max_answer_tokens == 2048
    assert lessons.learn(refusal, {"model": "m", "max_tokens": 2048}) == ""


def test_the_duty_to_return_thinking_is_learned() -> None:
    """From then on calls go back with their thinking."""
    lessons = Lessons()
    refusal = _refusal(20015, "The `reasoning_content` in the thinking mode must be passed back to the API.")
    assert lessons.learn(refusal, {"model": "m", "max_tokens": 1}) == "reasoning_content"
    assert lessons.profile("m").echoes_thinking
    assert lessons.refuses("m") == frozenset()

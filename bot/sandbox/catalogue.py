"""The models the stand-in knows, and what each one accepts.

Taken from facts: SiliconFlow §2.4 (thinking), §2.5 (tools, JSON, prefix, FIM), §2.6 (media) and §16
(names, context). A context nobody documents is given as 131,072 tokens.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Literal

Thinking = Literal["never", "switch", "always"]

UNDOCUMENTED_ANSWER_LIMIT: Final = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """What one model takes. ``thinking="switch"`` means that it accepts ``enable_thinking``."""

    id: str
    thinking: Thinking = "never"
    thinks_by_default: bool = True
    context_tokens: int = 131_072
    max_answer_tokens: int = UNDOCUMENTED_ANSWER_LIMIT
    tools: bool = True
    json_mode: bool = True
    fim: bool = False
    images: bool = False
    videos: bool = False
    audio: bool = False
    needs_reasoning_back: bool = False

    def thinks(self, enable_thinking: bool | None) -> bool:
        """Whether a request with this switch (None: not sent) makes the model think."""
        if self.thinking == "switch":
            return self.thinks_by_default if enable_thinking is None else enable_thinking
        return self.thinking == "always"


def _family(ids: str, card: ModelCard) -> list[ModelCard]:
    """One card per id; ``+`` before an id adds its paid twin under ``Pro/``."""
    cards: list[ModelCard] = []
    for name in ids.split():
        plain = name.removeprefix("+")
        cards.append(replace(card, id=plain))
        if name != plain:
            cards.append(replace(card, id=f"Pro/{plain}"))
    return cards


def _card(
    thinking: Thinking = "never", *, context: int = 131_072, answer: int = UNDOCUMENTED_ANSWER_LIMIT
) -> ModelCard:
    return ModelCard(id="", thinking=thinking, context_tokens=context, max_answer_tokens=answer)


def _text_models() -> list[ModelCard]:
    hybrid = replace(_card("switch", context=163_840, answer=65_536), thinks_by_default=False)
    v4 = replace(_card("switch", context=1_048_576, answer=65_536), needs_reasoning_back=True)
    return [
        *_family(
            "Qwen/Qwen3-8B Qwen/Qwen3-14B Qwen/Qwen3-32B Qwen/Qwen3-30B-A3B", _card("switch", answer=8_192)
        ),
        *_family("+deepseek-ai/DeepSeek-V3.2 +deepseek-ai/DeepSeek-V3.1-Terminus", hybrid),
        *_family("deepseek-ai/DeepSeek-V4-Flash deepseek-ai/DeepSeek-V4-Pro", v4),
        *_family("zai-org/GLM-4.6 Pro/zai-org/GLM-4.7 Pro/zai-org/GLM-5", _card("switch", answer=65_536)),
        *_family("tencent/Hunyuan-A13B-Instruct", _card("switch")),
        *_family("+Qwen/Qwen2.5-7B-Instruct Qwen/Qwen2.5-14B-Instruct", _card(context=32_768, answer=4_096)),
        *_family("Qwen/Qwen2.5-32B-Instruct Qwen/Qwen2.5-72B-Instruct", _card(context=32_768, answer=4_096)),
        *_family(
            "Qwen/Qwen3-Coder-480B-A35B-Instruct Qwen/Qwen3-Next-80B-A3B-Instruct", _card(context=262_144)
        ),
        *_family("+moonshotai/Kimi-K2-Instruct-0905", _card(context=262_144)),
        *_family("THUDM/GLM-4-9B-0414 THUDM/GLM-4-32B-0414", _card(context=32_768, answer=8_192)),
        *_family("tencent/Hunyuan-MT-7B", replace(_card(context=32_768, answer=4_096), tools=False)),
    ]


def _reasoning_models() -> list[ModelCard]:
    r1 = _card("always", context=163_840, answer=16_384)
    distilled = replace(_card("always", answer=16_384), tools=False)
    return [
        *_family("+deepseek-ai/DeepSeek-R1", replace(r1, fim=True)),
        *_family("deepseek-ai/DeepSeek-R1-Distill-Qwen-14B", replace(distilled, fim=True)),
        *_family("deepseek-ai/DeepSeek-R1-Distill-Qwen-32B", replace(distilled, fim=True)),
        *_family("+deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", replace(distilled, fim=True)),
        *_family("deepseek-ai/DeepSeek-R1-0528-Qwen3-8B", distilled),
        *_family("Qwen/QwQ-32B", _card("always", answer=32_768)),
        *_family("THUDM/GLM-Z1-32B-0414 THUDM/GLM-Z1-Rumination-32B-0414", distilled),
        *_family("Qwen/Qwen3-235B-A22B-Thinking-2507", _card("always", context=262_144, answer=32_768)),
        *_family("MiniMaxAI/MiniMax-M2", _card("always", answer=65_536)),
    ]


def _completing_models() -> list[ModelCard]:
    coder = replace(_card(context=32_768, answer=4_096), fim=True)
    return [
        *_family("Qwen/Qwen2.5-Coder-7B-Instruct Qwen/Qwen2.5-Coder-32B-Instruct", coder),
        *_family("+deepseek-ai/DeepSeek-V3", replace(_card(context=65_536, answer=8_192), fim=True)),
        *_family("deepseek-ai/DeepSeek-V2.5", replace(_card(context=32_768, answer=4_096), fim=True)),
    ]


def _seeing_models() -> list[ModelCard]:
    # JSON mode is refused by every model of the VL tab (facts §2.5).
    image = replace(_card(context=65_536, answer=8_192), images=True, json_mode=False)
    video = replace(image, videos=True, context_tokens=262_144)
    omni = replace(video, audio=True, context_tokens=65_536)
    qwen35 = replace(_card("switch", context=262_144, answer=65_536), images=True, json_mode=False)
    return [
        *_family("Qwen/Qwen3-VL-32B-Instruct", video),
        *_family("Qwen/Qwen3-Omni-30B-A3B-Instruct", omni),
        *_family("Qwen/Qwen3-Omni-30B-A3B-Thinking", replace(omni, thinking="always")),
        *_family("Qwen/Qwen3.5-397B-A17B Qwen/Qwen3.5-122B-A10B Qwen/Qwen3.5-35B-A3B", qwen35),
        *_family("Qwen/Qwen3.5-27B Qwen/Qwen3.5-9B Qwen/Qwen3.5-4B", qwen35),
        *_family("zai-org/GLM-4.5V zai-org/GLM-4.6V", replace(image, thinking="switch")),
        *_family("Pro/moonshotai/Kimi-K2.6", replace(video, thinking="switch")),
        *_family("Qwen/Qwen2.5-VL-72B-Instruct Pro/Qwen/Qwen2.5-VL-7B-Instruct", image),
        *_family("Qwen/Qwen2-VL-72B-Instruct deepseek-ai/deepseek-vl2", replace(image, tools=False)),
        *_family("Qwen/QVQ-72B-Preview", replace(image, thinking="always", tools=False)),
        *_family("deepseek-ai/DeepSeek-OCR", replace(image, tools=False, context_tokens=8_192)),
    ]


# Old names that still answer (facts §16, from the release notes).
ALIASES: Final = {
    "deepseek-ai/DeepSeek-V3.2-Exp": "deepseek-ai/DeepSeek-V3.2",
    "Pro/deepseek-ai/DeepSeek-V3.2-Exp": "Pro/deepseek-ai/DeepSeek-V3.2",
    "moonshotai/Kimi-K2-Instruct": "moonshotai/Kimi-K2-Instruct-0905",
    "Pro/moonshotai/Kimi-K2-Instruct": "Pro/moonshotai/Kimi-K2-Instruct-0905",
}

CATALOGUE: Final = (*_text_models(), *_reasoning_models(), *_completing_models(), *_seeing_models())


class Catalogue:
    """Finds a card by id or old name."""

    def __init__(self, cards: Iterable[ModelCard]) -> None:
        self.cards = tuple(cards)
        self._by_id = {card.id: card for card in self.cards}

    def find(self, model: str) -> ModelCard | None:
        """The card of ``model``, or None when the API would say that it does not exist."""
        return self._by_id.get(ALIASES.get(model, model)) or self._by_id.get(model)

"""What each family of models accepts, as data.

Sources: facts SiliconFlow §2.4 (thinking, answer and context sizes), §2.5 (tools, JSON, prefix), §2.6
(media), §16 (names, aliases, models taken offline). A ``Pro/`` twin is its plain model; an unknown model is
given the profile that no model refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Final

__all__ = ["ALIASES", "SUCCESSORS", "UNKNOWN", "Profile", "Thinking", "find_profile", "successor_of"]


class Thinking(StrEnum):
    """SWITCH: the model accepts ``enable_thinking``; every other model refuses even ``false``."""

    NEVER = "never"
    SWITCH = "switch"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a model takes and gives. ``max_answer_tokens`` does not count its thinking.

    ``prefix`` holds while the model does not think. ``echoes_thinking``: calls must come back with the
    thinking that led to them. ``folds_system``: instructions work best inside the first user message.
    ``temperature`` and ``top_p`` are the vendor's advice, for requests that name none.
    """

    context_tokens: int = 32_768
    max_answer_tokens: int = 4_096
    thinking: Thinking = Thinking.NEVER
    thinks_by_default: bool = False
    thinking_budget: bool = False
    reasoning_effort: bool = False
    prefix: bool = False
    json_mode: bool = True
    tools: bool = True
    tools_need_thinking_off: bool = False
    images: bool = False
    video: bool = False
    audio: bool = False
    echoes_thinking: bool = False
    folds_system: bool = False
    temperature: float | None = None
    top_p: float | None = None

    def thinks(self, switch: bool | None) -> bool:
        """Whether a request with ``enable_thinking`` set to ``switch`` (None: not sent) is thought about."""
        if self.thinking is Thinking.SWITCH and switch is not None:
            return switch
        return self.thinking is Thinking.ALWAYS or self.thinks_by_default


UNKNOWN: Final = Profile()

_PLAIN: Final = Profile(context_tokens=131_072, max_answer_tokens=8_192, prefix=True)
_SMALL: Final = Profile(context_tokens=32_768, max_answer_tokens=4_096, prefix=True)
_HYBRID: Final = Profile(
    context_tokens=131_072,
    max_answer_tokens=16_384,
    thinking=Thinking.SWITCH,
    thinks_by_default=True,
    thinking_budget=True,
)
_QWEN3: Final = replace(_HYBRID, max_answer_tokens=8_192, prefix=True)
_DEEPSEEK_V3_1: Final = replace(
    _HYBRID, context_tokens=163_840, thinks_by_default=False, prefix=True, tools_need_thinking_off=True
)
_DEEPSEEK_V3_2: Final = replace(_DEEPSEEK_V3_1, tools_need_thinking_off=False)
_DEEPSEEK_V4: Final = replace(
    _HYBRID, context_tokens=1_048_576, thinking_budget=False, reasoning_effort=True, echoes_thinking=True
)
_REASONER: Final = Profile(
    context_tokens=131_072,
    max_answer_tokens=16_384,
    thinking=Thinking.ALWAYS,
    thinks_by_default=True,
    thinking_budget=True,
)
# facts §2.4: no system prompt, temperature 0.6, top_p 0.95
_R1: Final = replace(_REASONER, context_tokens=163_840, folds_system=True, temperature=0.6, top_p=0.95)
_DISTILLED: Final = replace(_R1, context_tokens=131_072, tools=False)
# facts §2.5: no JSON mode on the vision tab
_SEEING: Final = Profile(context_tokens=32_768, max_answer_tokens=4_096, images=True, json_mode=False)
_WATCHING: Final = replace(_SEEING, context_tokens=262_144, max_answer_tokens=8_192, video=True)
_OMNI: Final = replace(_WATCHING, context_tokens=65_536, audio=True)
_GLM_V: Final = replace(_HYBRID, context_tokens=65_536, max_answer_tokens=8_192, images=True, json_mode=False)

# Beginnings of model ids in lower case, without "Pro/"; the longest that fits wins.
_FAMILIES: Final[Mapping[str, Profile]] = MappingProxyType(
    {
        "qwen/qwen3-8b": _QWEN3,
        "qwen/qwen3-14b": _QWEN3,
        "qwen/qwen3-32b": _QWEN3,
        "qwen/qwen3-30b-a3b": _QWEN3,
        "qwen/qwen3-30b-a3b-instruct": replace(_PLAIN, context_tokens=262_144),
        "qwen/qwen3-30b-a3b-thinking": replace(_REASONER, context_tokens=262_144),
        "qwen/qwen3-235b-a22b": _QWEN3,
        "qwen/qwen3-235b-a22b-instruct": replace(_PLAIN, context_tokens=262_144),
        "qwen/qwen3-235b-a22b-thinking": replace(_REASONER, context_tokens=262_144),
        "qwen/qwen3-coder": replace(_PLAIN, context_tokens=262_144),
        "qwen/qwen3-next-80b-a3b-instruct": replace(_PLAIN, context_tokens=262_144),
        "qwen/qwen3-next-80b-a3b-thinking": replace(_REASONER, context_tokens=262_144),
        "qwen/qwen3-vl": _WATCHING,
        "qwen/qwen3-vl-30b-a3b-thinking": replace(
            _WATCHING, thinking=Thinking.ALWAYS, thinks_by_default=True
        ),
        "qwen/qwen3-vl-32b-thinking": replace(_WATCHING, thinking=Thinking.ALWAYS, thinks_by_default=True),
        "qwen/qwen3-vl-235b-a22b-thinking": replace(
            _WATCHING, thinking=Thinking.ALWAYS, thinks_by_default=True
        ),
        "qwen/qwen3-omni": _OMNI,
        "qwen/qwen3-omni-30b-a3b-thinking": replace(_OMNI, thinking=Thinking.ALWAYS, thinks_by_default=True),
        "qwen/qwen3.5": replace(_HYBRID, context_tokens=262_144, images=True, json_mode=False),
        "qwen/qwen3.6": replace(_HYBRID, context_tokens=262_144, images=True, json_mode=False),
        "qwen/qwen2.5": _SMALL,
        "qwen/qwen2.5-vl": _SEEING,
        "qwen/qwen2-vl": replace(_SEEING, tools=False),
        "qwen/qvq": replace(
            _SEEING, thinking=Thinking.ALWAYS, thinks_by_default=True, thinking_budget=True, tools=False
        ),
        "qwen/qwq": replace(_REASONER, max_answer_tokens=32_768),
        "deepseek-ai/deepseek-v2.5": _SMALL,
        "deepseek-ai/deepseek-v3": replace(_PLAIN, context_tokens=65_536),
        "deepseek-ai/deepseek-v3.1": _DEEPSEEK_V3_1,
        "deepseek-ai/deepseek-v3.2": _DEEPSEEK_V3_2,
        "deepseek-ai/deepseek-v4": _DEEPSEEK_V4,
        "deepseek-ai/deepseek-r1": _R1,
        "deepseek-ai/deepseek-r1-distill": _DISTILLED,
        "deepseek-ai/deepseek-r1-0528-qwen3-8b": _DISTILLED,
        "deepseek-ai/deepseek-vl2": replace(
            _SEEING, context_tokens=4_096, max_answer_tokens=2_048, tools=False
        ),
        "deepseek-ai/deepseek-ocr": replace(_SEEING, context_tokens=8_192, tools=False),
        "zai-org/glm-4.5": _HYBRID,
        "zai-org/glm-4.5v": _GLM_V,
        "zai-org/glm-4.6": _HYBRID,
        "zai-org/glm-4.6v": _GLM_V,
        "zai-org/glm-4.7": _HYBRID,
        "zai-org/glm-5": _HYBRID,
        "zai-org/glm-5v": _GLM_V,
        "zai-org/glm-5.2": replace(_HYBRID, context_tokens=1_048_576, reasoning_effort=True),
        "thudm/glm-4-": replace(_SMALL, max_answer_tokens=8_192),
        "thudm/glm-z1": replace(_REASONER, tools=False),
        "moonshotai/kimi-k2": replace(_PLAIN, context_tokens=262_144),
        "moonshotai/kimi-k2-thinking": replace(_REASONER, context_tokens=262_144),
        # Whether these take enable_thinking is not documented, so it is not sent.
        "moonshotai/kimi-k2.5": replace(_WATCHING, thinks_by_default=True),
        "moonshotai/kimi-k2.6": replace(_WATCHING, thinks_by_default=True),
        "minimaxai/minimax-m2": replace(_REASONER, context_tokens=196_608),
        "tencent/hunyuan-a13b": _HYBRID,
        "tencent/hunyuan-mt": replace(_SMALL, tools=False),
        "stepfun-ai/step3": replace(_SEEING, thinking=Thinking.ALWAYS, thinks_by_default=True),
    }
)
_BY_LENGTH: Final = sorted(_FAMILIES, key=len, reverse=True)
# Far more than the models in use; names that people type must not fill the memory.
_REMEMBERED_NAMES: Final = 256

# Old names that the provider still answers under (facts §16).
ALIASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "deepseek-ai/DeepSeek-V3.2-Exp": "deepseek-ai/DeepSeek-V3.2",
        "moonshotai/Kimi-K2-Instruct": "moonshotai/Kimi-K2-Instruct-0905",
        "deepseek-ai/DeepSeek-R1-0528": "deepseek-ai/DeepSeek-R1",
        "deepseek-ai/DeepSeek-V3-0324": "deepseek-ai/DeepSeek-V3",
    }
)

# Models that were taken offline (facts §16), and what does their work now.
SUCCESSORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "deepseek-ai/DeepSeek-V3.1": "deepseek-ai/DeepSeek-V3.1-Terminus",
        "deepseek-ai/DeepSeek-V3-1226": "deepseek-ai/DeepSeek-V3",
        "deepseek-ai/DeepSeek-R1-0120": "deepseek-ai/DeepSeek-R1",
        "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B": "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B",
        "deepseek-ai/DeepSeek-V2-Chat": "deepseek-ai/DeepSeek-V3.2",
        "deepseek-ai/DeepSeek-Coder-V2-Instruct": "Qwen/Qwen3-Coder-480B-A35B-Instruct",
        "zai-org/GLM-4.5": "zai-org/GLM-4.6",
        "Qwen/Qwen3-235B-A22B": "Qwen/Qwen3-32B",
        "Qwen/QwQ-32B-Preview": "Qwen/QwQ-32B",
        "Qwen/Qwen2-1.5B-Instruct": "Qwen/Qwen2.5-7B-Instruct",
        "Qwen/Qwen2-7B-Instruct": "Qwen/Qwen2.5-7B-Instruct",
        "Qwen/Qwen2-57B-A14B-Instruct": "Qwen/Qwen2.5-32B-Instruct",
        "Qwen/Qwen2-72B-Instruct": "Qwen/Qwen2.5-72B-Instruct",
        "Qwen/Qwen2.5-Math-72B-Instruct": "Qwen/Qwen2.5-72B-Instruct",
        "Qwen/Qwen2-VL-7B-Instruct": "Qwen/Qwen2.5-VL-7B-Instruct",
        "inclusionAI/Ling-1T": "deepseek-ai/DeepSeek-V3.2",
        "inclusionAI/Ring-1T": "deepseek-ai/DeepSeek-R1",
        "THUDM/chatglm3-6b": "THUDM/GLM-4-9B-0414",
    }
)


@lru_cache(maxsize=_REMEMBERED_NAMES)
def find_profile(model: str) -> Profile:
    """The profile of ``model``'s family, or UNKNOWN."""
    plain = model.removeprefix("Pro/").lower()
    return next((_FAMILIES[start] for start in _BY_LENGTH if plain.startswith(start)), UNKNOWN)


def successor_of(model: str) -> str | None:
    """The model to ask when ``model`` is gone, in the same price class (Pro/ stays Pro/), if one is known."""
    plain = model.removeprefix("Pro/")
    name = SUCCESSORS.get(plain) or ALIASES.get(plain)
    if name is None:
        return None
    return f"Pro/{name}" if plain != model else name

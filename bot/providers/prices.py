"""What models cost, as far as it is known: hints for the operator, never a bill.

Source: facts SiliconFlow §14 and §16 (read from price lists of 2026-08), in CNY a million tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from bot.events import Usage

__all__ = ["cost_cny"]

# Beginnings of model ids in lower case, without "Pro/": (for tokens read, for tokens written).
_PRICES: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "deepseek-ai/deepseek-r1": (4.0, 16.0),
        "deepseek-ai/deepseek-v3": (2.0, 8.0),
        "deepseek-ai/deepseek-v3.1-terminus": (4.0, 12.0),
        "deepseek-ai/deepseek-v3.2": (2.0, 3.0),
        "deepseek-ai/deepseek-v4-flash": (1.0, 2.0),
        "deepseek-ai/deepseek-v4-pro": (3.0, 6.0),
        "minimaxai/minimax-m2": (2.1, 8.4),
        "moonshotai/kimi-k2-instruct": (4.0, 16.0),
        "moonshotai/kimi-k2.6": (6.5, 27.0),
        "qwen/qwen2.5-7b": (0.0, 0.0),
        "qwen/qwen3-14b": (0.5, 2.0),
        "qwen/qwen3-235b-a22b-thinking-2507": (2.5, 10.0),
        "qwen/qwen3-32b": (1.0, 4.0),
        "qwen/qwen3-8b": (0.0, 0.0),
        "qwen/qwen3.5-35b-a3b": (0.4, 3.2),
        "qwen/qwen3.5-397b-a17b": (1.2, 7.2),
        "qwen/qwen3.5-4b": (0.0, 0.0),
        "qwen/qwq-32b": (1.0, 4.0),
        "zai-org/glm-5.2": (8.0, 28.0),
        "smollm2": (0.0, 0.0),
    }
)
_BY_LENGTH: Final = sorted(_PRICES, key=len, reverse=True)


def cost_cny(model: str, usage: Usage) -> float | None:
    """About what answers of a model cost, in CNY; None where its price is not known."""
    plain = model.removeprefix("Pro/").lower()
    price = next((_PRICES[start] for start in _BY_LENGTH if plain.startswith(start)), None)
    if price is None:
        return None
    return (usage.prompt * price[0] + usage.completion * price[1]) / 1_000_000

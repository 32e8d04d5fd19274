"""Says in plain words why a picture or a film was not made."""

from __future__ import annotations

import re
from typing import Final

from bot.errors import ProviderAccountError, ProviderError, ProviderRefused
from bot.rendering import literal
from bot.texts import say

__all__ = ["film_failure_in_words", "in_words", "is_limited"]

_FILTERED_STATUS: Final = 451
_FILTERED_CODE: Final = 20021
_TOO_MANY: Final = 429
_MODEL_GONE: Final = frozenset({20012, 30003})
# Codes that say the provider's share is used up (facts: SiliconFlow §15).
_SHARE_USED: Final = frozenset({50604, 50605})
_INDECENT: Final = re.compile(
    r"nsfw|sensitiv|inappropriate|moderation|safety|polic|违规|敏感|审核", re.IGNORECASE
)


def is_limited(error: ProviderError) -> bool:
    """Whether the account's limit is reached, so that waiting helps."""
    return error.status == _TOO_MANY or error.code in _SHARE_USED


def in_words(error: ProviderError, language: str) -> str:
    """One sentence for the person, with what they can do."""
    if error.status == _FILTERED_STATUS or error.code == _FILTERED_CODE:
        return say("draw_filtered", language)
    if error.code in _MODEL_GONE:
        return say("draw_model_gone", language)
    if isinstance(error, ProviderAccountError):
        return say("draw_account", language)
    if is_limited(error):
        return say("draw_busy", language)
    return say("draw_refused" if isinstance(error, ProviderRefused) else "draw_unavailable", language)


def film_failure_in_words(reason: str, language: str) -> str:
    """The same for a film that the provider began and did not end."""
    if _INDECENT.search(reason):
        return say("draw_filtered", language)
    if not reason.strip():
        return say("film_failed", language)
    return say("film_failed_because", language, reason=literal(reason, longest=200))

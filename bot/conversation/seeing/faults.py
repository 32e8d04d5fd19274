"""Says which sentence explains why a model did not look at a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot.errors import ContextOverflow, ProviderError, ProviderRefused
from bot.ports import Picture

__all__ = ["picture_trouble"]

# Codes that may be about the picture in a question, and those of a model that is gone or blind
# (facts: SiliconFlow §15). 413 is a gateway's word for a body that is too large.
_ABOUT_PICTURES: Final = frozenset(
    {20015, 20017, 20023, 20025, 20026, 20038, 20040, 20042, 20043, 20049, 20055}
)
_NOBODY_SEES: Final = frozenset({20012, 20041, 30003})
_BODY_TOO_LARGE: Final = 413


def picture_trouble(error: ProviderError, pictures: Sequence[Picture]) -> str:
    """The sentence for a question with these pictures that failed like this; "" for other failures."""
    if not pictures:
        return ""
    if not isinstance(error, ProviderRefused):
        return ""
    is_too_large = error.status == _BODY_TOO_LARGE
    if isinstance(error, ContextOverflow) or (is_too_large and len(pictures) > 1):
        return "pictures_too_many"
    if error.code in _NOBODY_SEES:
        return "pictures_unseen"
    refused = "film_refused" if any(picture.is_film for picture in pictures) else "picture_refused"
    return refused if is_too_large or error.code in _ABOUT_PICTURES else ""

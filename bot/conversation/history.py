"""Fits a conversation's history into the model's budget. Pure: exchanges in, messages out.

What is sent begins the same from call to call, so that the provider's prefix cache serves it: instructions,
then history from a fixed beginning. Only when the budget is passed does the beginning move, and then far
enough that it stays put for long.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bot.exchange import Exchange
from bot.ports import AssistantMessage, ModelMessage, Picture, SystemMessage, ToolMessage, UserMessage

__all__ = ["Window", "estimate_tokens", "fit_history", "message_tokens", "picture_tokens"]

_KEPT_SHARE = 0.5
_TOKENS_PER_MESSAGE = 6
_MOST_TILES = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What of the history goes to the model. ``dropped`` are the exchanges that did not fit, oldest first."""

    messages: tuple[ModelMessage, ...]
    tokens: int
    dropped: tuple[Exchange, ...] = ()


def estimate_tokens(text: str) -> int:
    """Roughly how many tokens a text is, rather too many than too few: 4 ASCII characters, or one other."""
    length = len(text)
    if text.isascii():
        return length // 4 + 1
    wide = sum(1 for character in text if ord(character) > 127) if length < 256 else _wide(text)
    return (length - wide) // 4 + wide + 1


def message_tokens(message: ModelMessage) -> int:
    """Roughly how many tokens a message costs, with its frame."""
    match message:
        case AssistantMessage(text=text, calls=calls, thinking=thinking):
            extra = sum(estimate_tokens(call.arguments) + estimate_tokens(call.name) for call in calls)
            return estimate_tokens(text) + estimate_tokens(thinking) + extra + _TOKENS_PER_MESSAGE
        case UserMessage(text=text, pictures=pictures):
            return estimate_tokens(text) + sum(map(picture_tokens, pictures)) + _TOKENS_PER_MESSAGE
        case SystemMessage(text=text) | ToolMessage(text=text):
            return estimate_tokens(text) + _TOKENS_PER_MESSAGE


def picture_tokens(picture: Picture) -> int:
    """What a picture costs a model, by the family that charges most for it (facts SiliconFlow §2.7).

    One that is too old to be sent costs its caption.
    """
    if not picture.data:
        return estimate_tokens(picture.caption) + _TOKENS_PER_MESSAGE
    if picture.is_film:  # as a clip, of which a model looks at some pictures, or as stills
        return max(picture.most_frames * _patches(picture), sum(map(_image_tokens, picture.frames)))
    return _image_tokens(picture)


def _image_tokens(picture: Picture) -> int:
    across = min(math.ceil(picture.width / 384), _MOST_TILES)
    tiles = min(math.ceil(picture.height / 384) * across, _MOST_TILES)
    return max(_patches(picture), (tiles + 1) * 196 + (across + 1) * 14 + 1)


def _patches(picture: Picture) -> int:
    return math.ceil(picture.height / 28) * math.ceil(picture.width / 28) + 2


def fit_history(
    path: Sequence[Exchange], *, summary: str, ending: Sequence[ModelMessage], budget_tokens: int
) -> Window:
    """The newest exchanges of ``path`` (root first) that fit, after ``summary`` of what lay before them.

    ``ending`` is what is asked now; it always stays, also when it alone passes the budget. When not all fit,
    the beginning moves on to where half of the budget is used. Which exchanges that drops follows from the
    path alone, so the beginning is the same in every call until the budget is passed again.
    """
    spoken = [exchange.as_messages() for exchange in path]
    opening = (UserMessage(text=summary),) if summary else ()
    fixed = _cost(opening)
    costs = [*map(_cost, spoken), _cost(ending)]
    start, used = _window_start(costs, max(0, budget_tokens - fixed))
    start = min(start, len(path))
    kept = (message for messages in spoken[start:] for message in messages)
    return Window(messages=(*opening, *kept, *ending), tokens=fixed + used, dropped=tuple(path[:start]))


def _cost(messages: Sequence[ModelMessage]) -> int:
    return sum(map(message_tokens, messages))


def _window_start(costs: Sequence[int], budget: int) -> tuple[int, int]:
    start, used = 0, 0
    for index, cost in enumerate(costs):
        used += cost
        if used <= budget:
            continue
        while start <= index and used > budget * _KEPT_SHARE:
            used -= costs[start]
            start += 1
    return start, used


def _wide(text: str) -> int:
    # UTF-8 takes 1 byte for ASCII and 2 to 4 for the rest: a cheap count for long texts, a little too high.
    return min(len(text), (len(text.encode("utf-8", "surrogatepass")) - len(text) + 1) // 2 + 1)

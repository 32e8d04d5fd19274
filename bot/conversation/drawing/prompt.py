"""Has a chat model write a better prompt for a picture out of somebody's few words."""

from __future__ import annotations

from typing import Final

from bot.conversation.drawing.wish import LONGEST_PROMPT
from bot.events import TextDelta
from bot.ports import ChatModel, ChatRequest, SystemMessage, UserMessage

__all__ = ["better_prompt"]

_SECONDS: Final = 60.0
_TOKENS: Final = 400
_INSTRUCTIONS: Final = (
    "You write prompts for a model that draws pictures. Rewrite the prompt you are given so that the picture "
    "becomes better: keep everything it asks for, add what it leaves open (setting, light, style, framing), "
    "stay under 80 words, in the language of the prompt. Answer with the new prompt alone."
)


async def better_prompt(model: ChatModel, models: tuple[str, ...], prompt: str) -> str:
    """The new prompt on one line; empty when nothing came. Raises ProviderError."""
    request = ChatRequest(
        models=models,
        messages=(SystemMessage(text=_INSTRUCTIONS), UserMessage(text=prompt)),
        max_tokens=_TOKENS,
        temperature=0.8,
        thinking=False,
        deadline_seconds=_SECONDS,
    )
    async with model.stream(request) as events:
        text = "".join([event.text async for event in events if isinstance(event, TextDelta)])
    return " ".join(text.split()).strip('"“” ')[:LONGEST_PROMPT]

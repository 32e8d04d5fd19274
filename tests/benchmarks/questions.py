"""A question of a benchmark: what was asked, what has to come back, and when each step was seen."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field

__all__ = ["Question", "question_number", "squeeze"]

_NUMBER = re.compile(r"question #(\d+)")


@dataclass(slots=True, kw_only=True, eq=False)
class Question:
    """One message to the bot. Times are ``time.monotonic()``, None until it happened.

    ``whole`` is set once the whole answer can be seen. Above an answer that ``follows`` something a person
    sent, such as a recording, it may be repeated what that said; below it, what was left out of it.
    """

    number: int
    chat_id: int
    tokens: int
    follows: bool = False
    asked_at: float = 0.0
    requests: int = 0
    arrived_at: float | None = None
    first_token_at: float | None = None
    last_token_at: float | None = None
    first_seen_at: float | None = None
    whole_at: float | None = None
    whole: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def text(self) -> str:
        """What the person writes."""
        return f"This is question #{self.number}, what comes next?"

    @property
    def pieces(self) -> tuple[str, ...]:
        """The answer, token by token; no two questions have the same."""
        return (self.opening, *(f" word{index}" for index in range(1, self.tokens)))

    @property
    def opening(self) -> str:
        """The first word of the answer, which no other answer has."""
        return f"answer{self.number}"

    @property
    def expected(self) -> str:
        """The whole answer."""
        return "".join(self.pieces)

    def note_request(self, at: float) -> None:
        """A request for this answer reached the provider."""
        self.requests += 1
        if self.arrived_at is None:
            self.arrived_at = at

    def note_tokens(self, tokens: int, at: float) -> None:
        """So many tokens are out with the write that begins now."""
        if tokens and self.first_token_at is None:
            self.first_token_at = at
        if tokens >= self.tokens and self.last_token_at is None:
            self.last_token_at = at

    def note_seen(self, text: str, at: float) -> None:
        """A person sees this text of the answer."""
        if self.first_seen_at is None:
            self.first_seen_at = at
        if self.whole_at is None and self.is_whole_in(text):
            self.whole_at = at
            self.whole.set()

    def is_whole_in(self, text: str) -> bool:
        """Whether a message with this text is the whole answer."""
        shown = squeeze(text)
        if not self.follows:
            return shown == self.expected
        _, expected, below = shown.partition(self.expected)
        return bool(expected) and not below[:1].isdigit()


def question_number(text: str) -> int | None:
    """The number of the question in a text, or None when there is none."""
    found = _NUMBER.search(text)
    return int(found.group(1)) if found else None


def squeeze(text: str) -> str:
    """The words of a text with single spaces between them."""
    return " ".join(text.split())

"""A scripted model that is taught what to answer to which words, so that tests can share one provider."""

from __future__ import annotations

from dataclasses import replace

from bot.sandbox import ChatRequest, Reply, Script
from bot.sandbox.message_rules import flat_text

__all__ = ["Brain", "continues", "question_of"]


CUT_OFF = "Your answer was cut off there."


class Brain(Script):
    """Answers by the last question a person asked. Taught replies are used up one by one, the last one stays.

    A continuation gets what is left of the reply it continues, so that whole answers come out word for word.
    """

    def __init__(self) -> None:
        super().__init__()
        self._taught: dict[str, list[Reply]] = {}
        self._current: dict[str, Reply] = {}

    def teach(self, words: str, *replies: Reply) -> None:
        """Answer questions that hold ``words`` with these replies, in order."""
        self._taught[words] = list(replies)

    def answer(self, request: ChatRequest) -> Reply:
        """The next reply taught for the question, or an echo."""
        question = question_of(request)
        words = next((words for words in self._taught if words in question), None)
        if words is None:
            return Reply(text=f"You said: {question}")
        shown = request.partial_answer if continues(request) else ""
        current = self._current.get(words)
        if shown and current is not None and current.full_text.startswith(shown):
            return replace(current, text=current.full_text[len(shown) :], pieces=None, fault=None)
        replies = self._taught[words]
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        whole = next((other for other in [reply, *replies] if other.full_text), reply)
        self._current[words] = whole
        return reply


def question_of(request: ChatRequest) -> str:
    """The newest message of a person that is not a request to continue."""
    asked = [flat_text(message["content"]) for message in request.messages if message["role"] == "user"]
    if asked[-1].startswith(CUT_OFF):
        return asked[-2]
    return asked[-1]


def continues(request: ChatRequest) -> bool:
    """Whether the request asks for the rest of a half-written answer."""
    return bool(request.prefix) or str(request.messages[-1]["content"]).startswith(CUT_OFF)

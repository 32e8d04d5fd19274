"""Makes the request for one round of an answer: instructions, what fits of the history, the question."""

from __future__ import annotations

from dataclasses import dataclass

from bot.conversation.history import estimate_tokens, fit_history
from bot.conversation.opening import Opened
from bot.conversation.personas import Persona, instructions
from bot.conversation.writing import Writing
from bot.errors import BotError
from bot.messages import ChatKind
from bot.ports import ChatModel, ChatRequest, ModelMessage, SystemMessage, ToolSpec, UserMessage

__all__ = ["AnswerSettings", "Prompts", "QuestionTooLong"]

_MARGIN_TOKENS = 256


class QuestionTooLong(BotError):
    """The question alone is longer than the model can read."""

    def __init__(self, *, tokens: int, limit: int) -> None:
        super().__init__(f"a question of about {tokens} tokens, where {limit} fit")
        self.tokens = tokens
        self.limit = limit


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerSettings:
    """What the operator set. ``context_tokens`` bounds the prompt; the model's own limit holds too."""

    models: tuple[str, ...]
    max_tokens: int
    context_tokens: int
    turn_timeout_seconds: float


class Prompts:
    """Makes requests under the operator's settings and the models' own limits."""

    def __init__(self, *, model: ChatModel, settings: AnswerSettings) -> None:
        self._model = model
        self._settings = settings

    def budget_tokens(self, persona: Persona) -> int:
        """What history and question may take together: the same for every call of a chat."""
        models = persona.models or self._settings.models
        room = min(self._model.context_tokens(model) for model in models)
        answer = min(persona.max_tokens or self._settings.max_tokens, room // 2)
        fixed = estimate_tokens(persona.prompt) + _MARGIN_TOKENS
        return min(self._settings.context_tokens, room - answer) - fixed

    def smaller_budget(self, budget: int, *, limit_tokens: int) -> int:
        """What to try after the provider found the prompt too long."""
        room = limit_tokens or budget
        return min(budget // 2, room - min(self._settings.max_tokens, room // 2))

    def request(
        self,
        writing: Writing,
        opened: Opened,
        *,
        persona: Persona,
        chat_kind: ChatKind,
        tools: tuple[ToolSpec, ...],
        budget_tokens: int,
    ) -> ChatRequest:
        """The next round's request. Raises QuestionTooLong when the question alone passes the budget."""
        return ChatRequest(
            models=persona.models or self._settings.models,
            messages=_messages(writing, opened, instructions(persona, chat_kind), budget_tokens),
            tools=tools,
            max_tokens=persona.max_tokens or self._settings.max_tokens,
            temperature=persona.temperature,
            top_p=persona.top_p,
            thinking=persona.thinking,
            thinking_budget=persona.thinking_budget,
            resume_from=writing.round_text,
            deadline_seconds=self._settings.turn_timeout_seconds,
        )


def _messages(writing: Writing, opened: Opened, system: str, budget: int) -> tuple[ModelMessage, ...]:
    asked = UserMessage(text=writing.exchange.request)
    tokens = estimate_tokens(asked.text)
    if tokens > budget:
        raise QuestionTooLong(tokens=tokens, limit=max(0, budget))
    window = fit_history(
        opened.path, summary=opened.summary, ending=(asked, *writing.steps), budget_tokens=budget
    )
    return (SystemMessage(text=system), *window.messages)

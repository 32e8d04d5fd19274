"""Makes the request for one round of an answer: instructions, what fits of the history, the question."""

from __future__ import annotations

from dataclasses import dataclass

from bot.conversation.groups.recall import framed
from bot.conversation.history import estimate_tokens, fit_history
from bot.conversation.opening import Opened
from bot.conversation.personas.persona import Persona, instructions
from bot.conversation.writing import Writing
from bot.errors import BotError
from bot.exchange import Exchange
from bot.messages import ChatKind
from bot.ports import ChatModel, ChatRequest, ModelMessage, SystemMessage, ToolSpec, UserMessage

__all__ = ["AnswerSettings", "Prompts", "QuestionTooLong"]

_MARGIN_TOKENS = 256
# However long a persona's instructions are, a short question fits beside them.
_LEAST_TOKENS = 512


class QuestionTooLong(BotError):
    """The question alone is longer than the model can read."""

    def __init__(self, *, tokens: int, limit: int) -> None:
        super().__init__(f"a question of about {tokens} tokens, where {limit} fit")
        self.tokens = tokens
        self.limit = limit


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerSettings:
    """What the operator set. ``context_tokens`` bounds the prompt; the model's own limit holds too.

    ``seeing_models`` are asked about pictures after those of the chain that see.
    """

    models: tuple[str, ...]
    max_tokens: int
    context_tokens: int
    seeing_models: tuple[str, ...] = ()
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
        return max(min(self._settings.context_tokens, room - answer) - fixed, _LEAST_TOKENS)

    def seeing_models(self, persona: Persona) -> tuple[str, ...]:
        """Who is asked about pictures, in order: the chain's own first. Empty when nobody sees."""
        chain = persona.models or self._settings.models
        models = dict.fromkeys((*chain, *self._settings.seeing_models))
        return tuple(model for model in models if self._model.sees(model))

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
        material: tuple[str, ...] = (),
    ) -> ChatRequest:
        """The next round's request. Raises QuestionTooLong when the question alone passes the budget.

        Of ``material`` the newest lines go along that fit into half of what the question leaves.
        """
        return ChatRequest(
            models=self._models(persona, pictured=_is_pictured(opened.exchange) and not writing.compares),
            messages=_messages(writing, opened, instructions(persona, chat_kind), budget_tokens, material),
            tools=tools,
            max_tokens=persona.max_tokens or self._settings.max_tokens,
            temperature=persona.temperature,
            top_p=persona.top_p,
            thinking=persona.thinking,
            thinking_budget=persona.thinking_budget,
            resume_from=writing.round_text,
            deadline_seconds=self._settings.turn_timeout_seconds,
        )

    def _models(self, persona: Persona, *, pictured: bool) -> tuple[str, ...]:
        """The chain to ask; where a picture is to be looked at, those that see: a blind one would guess."""
        chain = persona.models or self._settings.models
        return (self.seeing_models(persona) or chain) if pictured else chain


def _is_pictured(exchange: Exchange) -> bool:
    return any(picture.data for picture in exchange.pictures)


def _messages(
    writing: Writing, opened: Opened, system: str, budget: int, material: tuple[str, ...]
) -> tuple[ModelMessage, ...]:
    request = writing.exchange.request
    tokens = estimate_tokens(request)
    if tokens > budget:
        raise QuestionTooLong(tokens=tokens, limit=max(0, budget))
    if material:
        request = f"{framed(material, budget_tokens=(budget - tokens) // 2)}\n\n{request}"
    asked = UserMessage(text=request, pictures=opened.exchange.pictures)
    window = fit_history(
        opened.path, summary=opened.summary, ending=(asked, *writing.steps), budget_tokens=budget
    )
    return (SystemMessage(text=system), *window.messages)

"""Says whether any model sees that may be asked about what a person shows."""

from __future__ import annotations

from bot.conversation.perceiving.perceiving import Place
from bot.conversation.prompt import AnswerSettings
from bot.ports import ChatModel

__all__ = ["Eyes"]


class Eyes:
    """Shared by all conversations; nothing to close.

    Where no model that may be asked sees, people are told so: a blind one would make up what is shown.
    """

    def __init__(self, *, model: ChatModel, answers: AnswerSettings) -> None:
        self._model = model
        self._answers = answers

    def see(self, place: Place) -> bool:
        """Whether the persona's chain, or the operator's models that see, hold one that does."""
        chain = place.visit.persona.models or self._answers.models
        return any(self._model.sees(model) for model in (*chain, *self._answers.seeing_models))

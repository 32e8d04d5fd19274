"""Who the bot is in a conversation: instructions, models, sampling, tools."""

from __future__ import annotations

from dataclasses import dataclass

from bot.messages import ChatKind

__all__ = ["ASSISTANT", "Persona", "instructions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """A way to answer. Empty ``models`` means the service's own chain; None leaves the model's default."""

    name: str
    prompt: str
    models: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    temperature: float | None = None
    top_p: float | None = None
    thinking: bool | None = None
    thinking_budget: int | None = None


ASSISTANT = Persona(
    name="assistant",
    prompt=(
        "You are Parley, a helpful assistant in a chat app. Answer in the language of the question. "
        "Come to the point: short answers to short questions, structure only where it helps. "
        "Write Markdown; put code in fenced blocks with their language. "
        "If you are not sure, say so; never invent facts, sources or links. "
        "Use a tool when it gives a surer answer than you can, for example for arithmetic or the time."
    ),
    tools=("calculate", "current_time"),
    temperature=0.6,
)

_GROUP = (
    "This is a group chat. Each message begins with its author's name and a colon. Tell people apart, answer "
    "the one who wrote last, and do not put a name before your own answer."
)


def instructions(persona: Persona, chat_kind: ChatKind) -> str:
    """The system prompt: the same bytes for every message of a chat."""
    return f"{persona.prompt}\n\n{_GROUP}" if chat_kind is not ChatKind.PRIVATE else persona.prompt

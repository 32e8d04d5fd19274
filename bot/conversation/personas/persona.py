"""Who the bot is in a conversation: instructions, models, sampling, tools."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.errors import BotError
from bot.messages import ChatKind
from bot.providers.profiles import ALIASES, successor_of
from bot.settings_personas import PersonaSettings
from bot.texts import say

__all__ = [
    "LostModel",
    "Persona",
    "PersonaBook",
    "PersonaWords",
    "instructions",
    "lost_models",
    "persona_from",
    "read_persona",
    "words_of",
    "write_persona",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """A way to answer.

    Empty ``models`` means the service's own chain, ``tools`` None every tool there is; None elsewhere leaves
    the service's or the model's default. ``hearing_models`` are asked first, and after them the service's
    own. ``title``, ``description`` and ``greeting`` are keys of the bot's texts for built-in personas and
    the text itself for all others: ``words_of`` reads them.
    """

    name: str
    prompt: str
    title: str = ""
    description: str = ""
    greeting: str = ""
    models: tuple[str, ...] = ()
    hearing_models: tuple[str, ...] = ()
    tools: tuple[str, ...] | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    thinking: bool | None = None
    thinking_budget: int | None = None
    voice: str = ""
    built_in: bool = False


class PersonaBook:
    """The personas of the service: the built-in ones and the operator's. The first one is the default."""

    def __init__(self, personas: Iterable[Persona], *, default: str = "") -> None:
        """Later ones replace earlier ones of the same name. Raises KeyError when there is no ``default``."""
        self._personas = {persona.name: persona for persona in personas}
        self.default = self._personas[default] if default else next(iter(self._personas.values()))

    def __iter__(self) -> Iterator[Persona]:
        return iter(self._personas.values())

    def get(self, name: str) -> Persona | None:
        """The persona of that name."""
        return self._personas.get(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonaWords:
    """How a persona introduces itself; ``description`` and ``greeting`` may be empty. Not Markdown-safe."""

    title: str
    description: str
    greeting: str


def words_of(persona: Persona, language: str) -> PersonaWords:
    """The persona's own words, for built-in ones in that language of LANGUAGES."""
    words = (persona.title, persona.description, persona.greeting)
    title, description, greeting = (
        say(word, language) if persona.built_in and word else word for word in words
    )
    return PersonaWords(title=title or persona.name, description=description, greeting=greeting)


@dataclass(frozen=True, slots=True, kw_only=True)
class LostModel:
    """A model that is no longer offered under its name. ``renamed``: the ``successor`` is the same one."""

    model: str
    successor: str
    renamed: bool


def lost_models(persona: Persona) -> tuple[LostModel, ...]:
    """Those of the persona's own models that are known to be gone or renamed."""
    named = dict.fromkeys((*persona.models, *persona.hearing_models))
    successors = ((model, successor_of(model)) for model in named)
    return tuple(
        LostModel(model=model, successor=successor, renamed=model.removeprefix("Pro/") in ALIASES)
        for model, successor in successors
        if successor is not None
    )


def persona_from(name: str, settings: PersonaSettings) -> Persona:
    """The persona that an operator or a chat has written down."""
    return Persona(
        name=name,
        prompt=settings.prompt,
        title=settings.title or name,
        description=settings.description,
        greeting=settings.greeting,
        models=settings.models,
        hearing_models=settings.hearing_models,
        tools=settings.tools,
        temperature=settings.temperature,
        top_p=settings.top_p,
        max_tokens=settings.max_tokens,
        thinking=None if settings.thinking is None else settings.thinking == "on",
        thinking_budget=settings.thinking_budget,
        voice=settings.voice,
    )


def write_persona(settings: PersonaSettings) -> str:
    """The stored form of a chat's own persona."""
    return settings.model_dump_json(exclude_defaults=True)


def read_persona(name: str, definition: str) -> Persona:
    """The inverse of ``write_persona``. Raises BotError when the stored form is not readable."""
    try:
        return persona_from(name, PersonaSettings.model_validate_json(definition))
    except ValueError as exc:
        raise BotError(f"the stored persona {name!r} is not readable: {exc}") from exc


_GROUP = (
    "This is a group chat. Each message begins with its author's name and a colon. Tell people apart, answer "
    "who wrote last, and put no name before your own answer."
)


def instructions(persona: Persona, chat_kind: ChatKind) -> str:
    """The system prompt: the same bytes for every message of a chat."""
    return f"{persona.prompt}\n\n{_GROUP}" if chat_kind is not ChatKind.PRIVATE else persona.prompt

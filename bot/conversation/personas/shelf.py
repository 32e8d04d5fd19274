"""The personas a chat can choose among: the service's and its own, found by what people write and press."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

import structlog

from bot.conversation.personas.persona import Persona, PersonaBook, read_persona, words_of
from bot.errors import BotError
from bot.storage.personas import StoredPersona
from bot.texts import LANGUAGES

__all__ = ["Shelf", "handle_of"]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """Built-in personas, the operator's, the chat's own: in this order, each name once."""

    personas: tuple[Persona, ...]

    @classmethod
    def of(cls, book: PersonaBook, stored: Iterable[StoredPersona]) -> Shelf:
        """All there are for a chat. A stored one that cannot be read is left out; one of a name is enough."""
        found = {persona.name: persona for persona in book}
        found |= {persona.name: persona for persona in _readable(stored)}
        return cls(personas=tuple(found.values()))

    def find(self, written: str) -> Persona | None:
        """The persona of that name or, in any language, of that title."""
        wanted = _folded(written)
        by_title = (one for one in self.personas if wanted in _titles(one))
        return self._named(wanted) or next(by_title, None)

    def nearest(self, written: str) -> str | None:
        """The name of the persona whose name or title is most like what was written."""
        names = {_folded(word): one.name for one in self.personas for word in (one.name, *_titles(one))}
        close = get_close_matches(_folded(written), names, n=1)
        return names[close[0]] if close else None

    def pressed(self, handle: str) -> Persona | None:
        """The persona whose ``handle_of`` that is."""
        return next((one for one in self.personas if handle_of(one.name) == handle), None)

    def _named(self, name: str) -> Persona | None:
        return next((one for one in self.personas if _folded(one.name) == name), None)


def handle_of(name: str) -> str:
    """What stands for a persona in a button's data: at most 33 bytes, whatever script its name is in."""
    if name.isascii():
        return name
    # No name begins with "#".
    return "#" + hashlib.blake2s(name.encode(), digest_size=16).hexdigest()


def _readable(stored: Iterable[StoredPersona]) -> Iterator[Persona]:
    for one in stored:
        try:
            yield read_persona(one.name, one.definition)
        except BotError as exc:
            log.warning("persona_unreadable", persona=one.name, reason=str(exc))


def _titles(persona: Persona) -> list[str]:
    return [_folded(words_of(persona, language).title) for language in LANGUAGES]


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())

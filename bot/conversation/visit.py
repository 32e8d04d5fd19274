"""Who comes, to which chat, and what holds there: found in one look at the beginning of a turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeVar

import structlog

from bot.conversation.access.admission import Admission
from bot.conversation.chat_settings import ChatSettings
from bot.conversation.personas.persona import Persona, PersonaBook, read_persona
from bot.errors import BotError
from bot.messages import Author, ChatKind, ConversationKey
from bot.storage import chats, overheard, people, personas
from bot.storage.chats import Chat
from bot.storage.people import Standing
from bot.texts import language_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["Reads", "Reception", "Visit"]

log = structlog.get_logger(__name__)

T = TypeVar("T")


class Reads(Protocol):
    """A database that can be asked."""

    async def read(self, query: Callable[[Connection], T]) -> T:
        """What ``query`` finds in one consistent state of the database. Raises StorageError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Somebody in a chat. ``persona`` is the chat's, with the model and the thinking that are set there.

    ``overheard`` says that the chat keeps something of what people lately said to each other.
    """

    key: ConversationKey
    chat_kind: ChatKind
    author: Author
    standing: Standing
    chat: Chat
    settings: ChatSettings
    persona: Persona
    language: str
    overheard: bool = False

    @property
    def admitted(self) -> bool:
        """Whether this person is answered."""
        return self.standing in (Standing.ADMITTED, Standing.ADMIN)

    @property
    def is_admin(self) -> bool:
        """Whether this person may decide for the whole service."""
        return self.standing is Standing.ADMIN


class Reception:
    """Finds out about visits. Shared by all conversations; nothing to close."""

    def __init__(
        self,
        *,
        database: Reads,
        admission: Admission,
        book: PersonaBook,
        thinking_shown: bool,
        language: str = "auto",
        models: tuple[str, ...] = (),
    ) -> None:
        """``models`` is the service's own chain; ``language`` and ``thinking_shown`` are its defaults."""
        self._database = database
        self._admission = admission
        self._book = book
        self._thinking_shown = thinking_shown
        self._language = language
        self._models = models

    async def receive(self, key: ConversationKey, author: Author, chat_kind: ChatKind) -> Visit:
        """What holds for this person in this chat now. Raises StorageError."""

        def query(conn: Connection) -> tuple[Chat, Standing | None, str | None, bool]:
            chat = chats.chat_of(conn, key.peer)
            stored = people.standing_of(conn, platform=key.platform, account=key.account, person=author.id)
            name = ChatSettings.of(chat, thinking_shown=self._thinking_shown).persona
            own = personas.persona_definition(conn, key.peer, name) if name else None
            heard = chat_kind is not ChatKind.PRIVATE and overheard.has_heard(conn, key.peer)
            return chat, stored, own, heard

        chat, stored, definition, heard = await self._database.read(query)
        settings = ChatSettings.of(chat, thinking_shown=self._thinking_shown)
        return Visit(
            key=key,
            chat_kind=chat_kind,
            author=author,
            standing=self._admission.standing(key, author, stored=stored, chat_admitted=chat.admitted),
            chat=chat,
            settings=settings,
            persona=self._as_set(self._persona(settings.persona, definition), settings),
            language=language_of(author.language, settings.language or self._language),
            overheard=heard and settings.recall,
        )

    def _persona(self, name: str, definition: str | None) -> Persona:
        """The persona of that name: the chat's own, else the service's; the default for one that is gone."""
        if definition is not None:
            try:
                return read_persona(name, definition)
            except BotError as exc:
                log.warning("persona_unreadable", persona=name, reason=str(exc))
        return self._book.get(name) or self._book.default

    def _as_set(self, persona: Persona, settings: ChatSettings) -> Persona:
        """The persona with what the chat has set itself."""
        if settings.model:
            rest = persona.models or self._models
            persona = replace(persona, models=tuple(dict.fromkeys((settings.model, *rest))))
        if settings.thinks is not None:
            persona = replace(persona, thinking=settings.thinks)
        if settings.thinking_budget is not None:
            persona = replace(persona, thinking_budget=settings.thinking_budget)
        return persona

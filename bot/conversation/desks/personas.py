"""/persona: who answers in a chat is chosen, made, shown and deleted there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

import structlog
from pydantic import TypeAdapter, ValidationError

from bot.conversation.access.rights import Rights
from bot.conversation.commands import CommandName
from bot.conversation.desk import Order, OrderHandler, Press, PressHandler
from bot.conversation.personas.page import code, introduction, persona_page, told_page
from bot.conversation.personas.persona import Persona, PersonaBook, write_persona
from bot.conversation.personas.shelf import Shelf
from bot.conversation.saying import Saying
from bot.conversation.visit import Reads, Visit
from bot.messages import Incoming
from bot.ports import Clock, Turn
from bot.settings_personas import LONGEST_PROMPT, PersonaName, PersonaSettings
from bot.storage import chats
from bot.storage.personas import StoredPersona, delete_persona, save_persona, stored_personas
from bot.texts import listed, say

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["MOST_PERSONAS", "PersonaDesk"]

log = structlog.get_logger(__name__)

MOST_PERSONAS: Final = 20
"""How many of its own a chat can have."""

_WORDS: Final = re.compile(r"(\S*)\s*(.*)", re.DOTALL)
_NEW: Final = re.compile(r"([^:：\n]*)[:：\n](.*)", re.DOTALL)
_VERBS: Final = ("new", "show", "delete")
_NAME: Final[TypeAdapter[str]] = TypeAdapter(PersonaName)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """A change that somebody asks for. ``may_change``: also what belongs to others or holds for the chat."""

    visit: Visit
    name: str
    may_change: bool

    @property
    def peer(self) -> str:
        return self.visit.key.peer

    @property
    def language(self) -> str:
        return self.visit.language

    def may_touch(self, stored: StoredPersona) -> bool:
        """Whether this person may replace or delete it."""
        return self.may_change or stored.author_id == self.visit.author.id


class PersonaDesk:
    """Shared by all conversations; nothing to close."""

    def __init__(
        self,
        *,
        database: Reads,
        book: PersonaBook,
        saying: Saying,
        rights: Rights,
        clock: Clock,
    ) -> None:
        self._database = database
        self._book = book
        self._saying = saying
        self._rights = rights
        self._clock = clock

    @property
    def orders(self) -> Mapping[CommandName, OrderHandler]:
        return {CommandName.PERSONA: self._persona}

    @property
    def presses(self) -> Mapping[str, PressHandler]:
        return {"persona": self._press}

    async def _persona(self, order: Order) -> None:
        argument = _whole_argument(order.turn, order.argument)
        word, rest = _WORDS.findall(argument)[0]
        match word.lower():
            case "":
                await self._page(order)
            case "new":
                await self._new(order, rest)
            case "show":
                await self._show(order, rest)
            case "delete":
                await self._delete(order, rest.lower())
            case _:
                await self._choose(order, argument)

    # --- choosing -----------------------------------------------------------------------------------------

    async def _page(self, order: Order) -> None:
        visit = order.visit
        shelf = await self._shelf(visit)
        text, buttons = persona_page(
            shelf, _present(shelf, visit), chosen=visit.settings.persona, language=order.language
        )
        await self._saying.say(order.turn, order.message, text, buttons=buttons)

    async def _choose(self, order: Order, written: str) -> None:
        shelf = await self._shelf(order.visit)
        persona = shelf.find(written)
        if persona is None:
            await self._say(order, _unknown(shelf, written, order.language))
        elif not await self._rights.may_change(order.visit):
            await self._say(order, say("only_admins", order.language))
        else:
            await self._saying.change_and_say(
                order.turn, order.message, lambda conn: _choose(conn, order.visit, persona)
            )

    async def _press(self, press: Press) -> bool:
        shelf = await self._shelf(press.visit)
        if not press.target:
            await self._reopen(press, shelf)
            return True
        persona = shelf.pressed(press.target)
        if persona is None:
            return False
        if not await self._rights.may_change(press.visit):
            await self._saying.answer_button(press.event, say("only_admins", press.language))
            return True
        await press.turn.effect(lambda conn: _choose(conn, press.visit, persona))
        await self._saying.answer_button(press.event, say("button_saved", press.language))
        text, buttons = persona_page(
            shelf, persona, chosen=persona.name, language=press.language, greets=True
        )
        await self._saying.redraw(press.event, text, buttons=buttons)
        return True

    async def _reopen(self, press: Press, shelf: Shelf) -> None:
        """The page in the place of another page of ours."""
        await self._saying.answer_button(press.event)
        text, buttons = persona_page(
            shelf,
            _present(shelf, press.visit),
            chosen=press.visit.settings.persona,
            language=press.language,
        )
        await self._saying.redraw(press.event, text, buttons=buttons)

    # --- showing ------------------------------------------------------------------------------------------

    async def _show(self, order: Order, written: str) -> None:
        shelf = await self._shelf(order.visit)
        persona = shelf.find(written) if written else _present(shelf, order.visit)
        if persona is None:
            await self._say(order, _unknown(shelf, written, order.language))
        else:
            await self._say(order, told_page(persona, order.language))

    # --- making and deleting ------------------------------------------------------------------------------

    async def _new(self, order: Order, written: str) -> None:
        parts = _NEW.fullmatch(written)
        name, prompt = (parts[1].strip(), parts[2].strip()) if parts else ("", "")
        if not (name and prompt):
            await self._say(order, say("persona_new_how", order.language))
            return
        made = _made(name, prompt, order.language)
        if isinstance(made, str):
            await self._say(order, made)
            return
        wish = await self._wish(order, made.name)
        await self._saying.change_and_say(
            order.turn, order.message, lambda conn: self._save(conn, wish, made.settings)
        )

    async def _delete(self, order: Order, name: str) -> None:
        wish = await self._wish(order, name)
        await self._saying.change_and_say(order.turn, order.message, lambda conn: self._drop(conn, wish))

    def _save(self, conn: Connection, wish: _Wish, settings: PersonaSettings) -> str:
        if self._book.get(wish.name) is not None:
            return say("persona_name_taken", wish.language, name=code(wish.name))
        before = _stored(conn, wish)
        if before is not None and not wish.may_touch(before):
            return say("persona_not_yours", wish.language, name=code(wish.name))
        saved = save_persona(
            conn,
            wish.peer,
            wish.name,
            definition=write_persona(settings),
            author_id=wish.visit.author.id,
            now=self._clock.now().timestamp(),
            most=MOST_PERSONAS,
        )
        if not saved:
            return say("persona_too_many", wish.language, most=MOST_PERSONAS)
        log.info("persona_saved", persona=wish.name, author=wish.visit.author.id)
        said = "persona_made" if before is None else "persona_replaced"
        if not wish.may_change:
            return say(f"{said}_waits", wish.language, name=wish.name)
        chats.set_chat_setting(conn, wish.peer, "persona", wish.name)
        return say(said, wish.language, name=wish.name)

    def _drop(self, conn: Connection, wish: _Wish) -> str:
        stored = _stored(conn, wish)
        if stored is None:
            return self._nothing_to_drop(conn, wish)
        if not wish.may_touch(stored):
            return say("persona_not_yours", wish.language, name=code(wish.name))
        delete_persona(conn, wish.peer, wish.name)
        log.info("persona_deleted", persona=wish.name, author=wish.visit.author.id)
        said = say("persona_deleted", wish.language, name=code(wish.name))
        if chats.chat_of(conn, wish.peer).settings.get("persona") != wish.name:
            return said
        chats.set_chat_setting(conn, wish.peer, "persona", None)
        return f"{said}\n\n{introduction(self._book.default, wish.language, greets=False)}"

    def _nothing_to_drop(self, conn: Connection, wish: _Wish) -> str:
        if self._book.get(wish.name) is not None:
            return say("persona_undeletable", wish.language, name=code(wish.name))
        own = [stored.name for stored in stored_personas(conn, wish.peer)]
        if not own:
            return say("persona_none_own", wish.language)
        return say("persona_delete_which", wish.language, names=listed(map(code, own), wish.language))

    # --- looking ------------------------------------------------------------------------------------------

    async def _shelf(self, visit: Visit) -> Shelf:
        stored = await self._database.read(lambda conn: stored_personas(conn, visit.key.peer))
        return Shelf.of(self._book, stored)

    async def _wish(self, order: Order, name: str) -> _Wish:
        may_change = await self._rights.may_change(order.visit)
        return _Wish(visit=order.visit, name=name, may_change=may_change)

    async def _say(self, order: Order, text: str) -> None:
        await self._saying.say(order.turn, order.message, text)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    name: str
    settings: PersonaSettings


def _made(name: str, prompt: str, language: str) -> _Made | str:
    """What somebody wrote down as a persona, or the sentence that says what is wrong with it."""
    try:
        name = _NAME.validate_python(name)
    except ValidationError:
        return say("persona_name_wrong", language)
    if len(prompt) > LONGEST_PROMPT:
        return say("persona_prompt_too_long", language, length=f"{len(prompt):,}", most=f"{LONGEST_PROMPT:,}")
    try:
        return _Made(name=name, settings=PersonaSettings(prompt=prompt))
    except ValidationError:  # characters that are none, as halves of a pair
        return say("persona_new_how", language)


def _whole_argument(turn: Turn, argument: str) -> str:
    """What stands behind the command, with the messages that a client has cut a long one into."""
    more = [event.text for event in turn.events[1:] if isinstance(event, Incoming)]
    return "\n".join([argument, *more]).strip()


def _present(shelf: Shelf, visit: Visit) -> Persona:
    """Who answers, as written down: without the model and the thinking that the chat has set beside it."""
    return shelf.find(visit.persona.name) or visit.persona


def _choose(conn: Connection, visit: Visit, persona: Persona) -> str:
    chats.set_chat_setting(conn, visit.key.peer, "persona", persona.name)
    log.info("persona_chosen", persona=persona.name, author=visit.author.id)
    return introduction(persona, visit.language, greets=True)


def _unknown(shelf: Shelf, written: str, language: str) -> str:
    nearest = shelf.nearest(written)
    if nearest is None:
        word, _ = _WORDS.findall(written)[0]
        nearest = next(iter(get_close_matches(word.lower(), _VERBS, n=1)), None)
        written = word if nearest is not None else written
    if nearest is None:
        return say("persona_unknown_plain", language, written=code(written))
    return say("persona_unknown", language, written=code(written), nearest=nearest)


def _stored(conn: Connection, wish: _Wish) -> StoredPersona | None:
    return next((one for one in stored_personas(conn, wish.peer) if one.name == wish.name), None)

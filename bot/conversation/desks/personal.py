"""/export hands people what is stored about them, /forget deletes it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

import structlog

from bot.conversation.commands import CommandName
from bot.conversation.desk import Order, OrderHandler, Press, PressHandler
from bot.conversation.own_data import OwnData, as_json, as_markdown
from bot.conversation.saying import Saying
from bot.conversation.speaking.voices import OwnVoices
from bot.conversation.visit import Reads
from bot.errors import DeliveryError, StorageError
from bot.messages import ChatKind
from bot.ports import Button, CancelReason, Clock, Engine, Forgets, OutgoingFile
from bot.storage.personal import Forgotten, Owner, forget_person, heard, made, said, wipe_events_of
from bot.texts import say

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["PersonalDesk"]

log = structlog.get_logger(__name__)

_FORMS = {"markdown": ("md", "text/markdown"), "json": ("json", "application/json")}


class Keeps(Reads, Protocol):
    """A database that can be cleaned of what was deleted."""

    async def scrub(self) -> bool:
        """Leave nothing of what was deleted in the files; False when some is left. Raises StorageError."""


class PersonalDesk:
    """Shared by all conversations; nothing to close."""

    def __init__(
        self,
        *,
        engine: Engine,
        saying: Saying,
        database: Keeps,
        clock: Clock,
        own_voices: OwnVoices | None = None,
    ) -> None:
        self._engine = engine
        self._own_voices = own_voices
        self._saying = saying
        self._database = database
        self._clock = clock

    @property
    def orders(self) -> Mapping[CommandName, OrderHandler]:
        return {CommandName.EXPORT: self._export, CommandName.FORGET: self._ask_to_forget}

    @property
    def presses(self) -> Mapping[str, PressHandler]:
        return {"forget": self._forget, "keep": self._keep}

    # --- export -------------------------------------------------------------------------------------------

    async def _export(self, order: Order) -> None:
        """A file, in a private chat only: in a group everybody would read it."""
        if order.visit.chat_kind is not ChatKind.PRIVATE:
            await self._saying.say(order.turn, order.message, say("export_private", order.language))
            return
        form = order.argument.lower() or "markdown"
        if form not in _FORMS:
            await self._saying.say(order.turn, order.message, say("export_forms", order.language))
            return
        owner = Owner.of(order.turn.key, order.message.author.id)
        data = await self._own_data(owner)
        if data.empty:
            await self._saying.say(order.turn, order.message, say("export_empty", order.language))
            return
        ending, mime = _FORMS[form]
        write = as_markdown if form == "markdown" else as_json
        file = OutgoingFile(
            name=f"parley-{data.at:%Y-%m-%d}.{ending}",
            mime=mime,
            data=(await asyncio.to_thread(write, data)).encode(),
        )
        text = say(
            "export",
            order.language,
            questions=len(data.said),
            overheard=len(data.heard),
            personas=len(data.made),
        )
        await self._saying.send_file(order.turn, order.message, file, text)

    async def _own_data(self, owner: Owner) -> OwnData:
        now = self._clock.now()

        def query(conn: Connection) -> OwnData:
            return OwnData(
                owner=owner, at=now, said=said(conn, owner), heard=heard(conn, owner), made=made(conn, owner)
            )

        return await self._database.read(query)

    # --- forget -------------------------------------------------------------------------------------------

    async def _ask_to_forget(self, order: Order) -> None:
        person, language = order.message.author.id, order.language
        buttons = (
            Button(label=say("button_forget", language), data=f"forget:{person}"),
            Button(label=say("button_keep", language), data=f"keep:{person}"),
        )
        await self._saying.say(order.turn, order.message, say("forget_ask", language), buttons=(buttons,))

    async def _keep(self, press: Press) -> bool:
        if press.target != press.event.author.id:
            return False
        await self._saying.answer_button(press.event)
        await self._saying.redraw(press.event, say("forget_kept", press.language), buttons=())
        return True

    async def _forget(self, press: Press) -> bool:
        turn, event, language = press.turn, press.event, press.language
        if press.target != event.author.id:
            return False
        await self._engine.stop(turn.key, reason=CancelReason.USER)
        owner = Owner.of(turn.key, event.author.id)
        text = await self._saying.decide_once(
            turn, lambda conn: _told(forget_person(conn, owner, asking_turn=turn.id), language)
        )
        log.info("person_forgotten", platform=owner.platform)
        await self._scrub()
        await self._forget_elsewhere(press)
        await self._saying.answer_button(event, say("forget_done", language))
        await self._saying.redraw(event, text, buttons=())
        await turn.finish(lambda conn: wipe_events_of(conn, turn.id))
        await self._scrub()  # the press itself named its author
        return True

    async def _scrub(self) -> None:
        try:
            clean = await self._database.scrub()
        except StorageError as exc:
            log.warning("database_not_scrubbed", reason=str(exc))
            return
        if not clean:
            log.warning("database_not_scrubbed", reason="another process reads it")

    async def _forget_elsewhere(self, press: Press) -> None:
        if self._own_voices is not None:
            await self._own_voices.sweep()
        adapter = self._saying.adapter_of(press.turn)
        if not isinstance(adapter, Forgets):
            return
        try:
            await adapter.forget(press.event.key, press.event.author)
        except DeliveryError as exc:
            log.warning("adapter_forgot_nothing", reason=str(exc))


def _told(forgotten: Forgotten, language: str) -> str:
    """What was deleted, for the person."""
    return say(
        "forgotten",
        language,
        questions=forgotten.questions,
        conversations=forgotten.conversations,
        overheard=forgotten.overheard,
        votes=forgotten.votes,
        personas=forgotten.personas,
    )

"""/export hands people what is stored about them, /forget deletes it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Protocol

import structlog

from bot.conversation.commands import CommandName
from bot.conversation.desk import Order, OrderHandler, Press, PressHandler
from bot.conversation.own_data.archive import fitting, pack
from bot.conversation.own_data.counting import counted
from bot.conversation.own_data.data import OwnData, files_of
from bot.conversation.own_data.programs import as_json
from bot.conversation.own_data.prose import as_markdown
from bot.conversation.saying import Saying
from bot.conversation.speaking.consent import consent_sentence
from bot.conversation.speaking.voices import OwnVoices
from bot.conversation.visit import Reads
from bot.errors import DeliveryError, StorageError
from bot.messages import ChatKind
from bot.ports import Button, CancelReason, Clock, Engine, Forgets, OutgoingFile, SendsFiles
from bot.storage.personal import Forgotten, Owner, forget_person, kept_of, wipe_events_of
from bot.texts import say

__all__ = ["PersonalDesk"]

log = structlog.get_logger(__name__)

_FORMS: Final = {
    "markdown": ("md", "text/markdown", as_markdown),
    "json": ("json", "application/json", as_json),
}


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
        data = await self._own_data(order)
        if data.kept.empty:
            await self._saying.say(order.turn, order.message, say("export_empty", order.language))
            return
        file, left_out = await self._packed(order, data, form)
        kept = counted(data.kept.counts, order.language)
        text = say("export", order.language, kept=kept) if kept else say("export_bare", order.language)
        if left_out:
            text = f"{text} {say('export_left_out', order.language, count=left_out)}"
        await self._saying.send_file(order.turn, order.message, file, text)

    async def _own_data(self, order: Order) -> OwnData:
        key, person = order.turn.key, order.message.author.id
        owner, now = Owner.of(key, person), self._clock.now()
        kept = await self._database.read(
            lambda conn: kept_of(conn, owner, here=key.peer, asking_turn=order.turn.id)
        )
        consent = consent_sentence(key, person, order.language) if kept.voices else ""
        return OwnData(owner=owner, at=now, kept=kept, consent=consent)

    async def _packed(self, order: Order, data: OwnData, form: str) -> tuple[OutgoingFile, int]:
        """The document, in an archive with the files that have room; how many have none."""
        adapter = self._saying.adapter_of(order.turn)
        most_bytes = adapter.capabilities.max_file_bytes
        files = files_of(data.kept) if isinstance(adapter, SendsFiles) else []
        document = await asyncio.to_thread(_document, replace(data, files=files), form)
        if not files and len(document.data) <= most_bytes:
            return document, 0
        taken, left_out = fitting(files, most_bytes=most_bytes - 2 * len(document.data))
        if left_out:
            document = await asyncio.to_thread(_document, replace(data, files=taken, left_out=left_out), form)
        return await pack(self._database, document, taken, at=data.at), len(left_out)

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
        here = turn.key.peer if press.visit.chat_kind is ChatKind.PRIVATE else ""
        text = await self._saying.decide_once(
            turn, lambda conn: _told(forget_person(conn, owner, asking_turn=turn.id, here=here), language)
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


def _document(data: OwnData, form: str) -> OutgoingFile:
    ending, mime, write = _FORMS[form]
    return OutgoingFile(name=f"parley-{data.at:%Y-%m-%d}.{ending}", mime=mime, data=write(data).encode())


def _told(forgotten: Forgotten, language: str) -> str:
    """What was deleted, for the person."""
    kept = counted(forgotten.counts, language)
    return say("forgotten", language, kept=kept) if kept else say("forgotten_nothing", language)

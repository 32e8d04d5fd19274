"""Says our own sentences: as a turn's whole answer, under a pressed button, in a message shown before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import structlog

from bot.delivery import Draft, Governor, Priority, TurnLedger, View
from bot.errors import DeliveryError
from bot.messages import Author, ButtonPressed, Incoming
from bot.ports import Adapter, AnswersButtons, Button, Clock, Turn
from bot.storage import history, ledger
from bot.texts import language_of, say

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["Saying"]

log = structlog.get_logger(__name__)

_APOLOGY_SECONDS = 60.0

Rows = Sequence[Sequence[Button]]


class Saying:
    """Shared by all conversations; nothing to close. ``language`` is the operator's setting."""

    def __init__(
        self, *, adapters: Mapping[str, Adapter], governor: Governor, language: str, clock: Clock
    ) -> None:
        self._adapters = adapters
        self._governor = governor
        self._language = language
        self._clock = clock

    def language_for(self, author: Author) -> str:
        """Which language to speak with somebody."""
        return language_of(author.language, self._language)

    def adapter_of(self, turn: Turn) -> Adapter:
        """The platform a turn belongs to."""
        return self._adapters[turn.key.platform]

    async def say(self, turn: Turn, message: Incoming, text: str, *, buttons: Rows = ()) -> None:
        """One sentence as the turn's whole answer; the turn is finished on return."""
        draft = await self._draft(turn, message)
        await draft.finish(View(markdown=text), buttons=buttons)
        await turn.finish(lambda conn: None)

    async def change_and_say(
        self, turn: Turn, message: Incoming, change: Callable[[Connection], str]
    ) -> None:
        """Make a change that also decides what to say, both in one transaction and once; then say it."""

        def decide(conn: Connection) -> str:
            decided = history.notice_of(conn, turn.id)
            if decided is None:
                decided = change(conn)
                history.save_notice(conn, turn.id, decided)
            return decided

        await self.say(turn, message, await turn.effect(decide))

    async def apologise(self, turn: Turn, message: Incoming) -> None:
        """The last attempt failed on our side: the person is told, as well as that still works."""
        language = self.language_for(message.author)
        buttons = ((Button(label=say("button_retry", language), data=f"retry:{turn.id}"),),)
        try:
            async with asyncio.timeout(_APOLOGY_SECONDS):
                draft = await self._draft(turn, message)
                await draft.finish(View(markdown=say("broken", language)), buttons=buttons)
        except Exception as exc:  # noqa: BLE001 - the turn is lost already; this must not hide why
            log.warning("apology_undelivered", reason=repr(exc))

    async def answer_button(self, event: ButtonPressed, text: str = "") -> None:
        """End the wait of a pressed button, with a word for the person who pressed it.

        Not worth a second try: what was pressed is done, and a try would hold up the next /stop.
        """
        adapter = self._adapters[event.key.platform]
        if not (event.answer_id and isinstance(adapter, AnswersButtons)):
            return
        try:
            await adapter.answer_button(event.answer_id, text)
        except DeliveryError as exc:
            log.info("button_unanswered", reason=str(exc))

    async def redraw(self, event: ButtonPressed, text: str, *, buttons: Rows) -> None:
        """Let the message whose button was pressed show something else; not worth a second try."""
        adapter = self._adapters[event.key.platform]
        await self._governor.permit(
            event.key.peer, adapter.capabilities.pace[event.chat_kind], Priority.NOTICE
        )
        document = View(markdown=text).document()
        content = adapter.render(document, fidelity=adapter.capabilities.best_fidelity)[0]
        try:
            await adapter.edit(event.key, event.message_id, content, buttons=buttons)
        except DeliveryError as exc:
            log.info("page_not_redrawn", reason=str(exc))

    async def _draft(self, turn: Turn, message: Incoming) -> Draft:
        known = await turn.effect(lambda conn: ledger.deliveries_of(conn, turn.id))
        return Draft(
            adapter=self._adapters[turn.key.platform],
            governor=self._governor,
            ledger=TurnLedger(turn=turn, known=known),
            key=turn.key,
            chat_kind=message.chat_kind,
            clock=self._clock,
            reply_to=message.message_id,
        )

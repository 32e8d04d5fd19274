"""Says our own sentences: as a turn's whole answer, under a pressed button, in a message shown before."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog

from bot.conversation.chat_settings import ChatSettings
from bot.delivery import Draft, Governor, Priority, TurnLedger, View
from bot.errors import DeliveryError, PartRejected, PlatformBusy, PlatformUnclear
from bot.messages import ButtonPressed, ChatKind, ConversationKey, Incoming, TranscriptWanted
from bot.ports import (
    Adapter,
    AnswersButtons,
    Button,
    Clock,
    Fidelity,
    OutgoingFile,
    Rendered,
    SendsFiles,
    ShowsHome,
    Turn,
)
from bot.storage import chats, history, ledger
from bot.texts import language_of, say

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["Saying"]

log = structlog.get_logger(__name__)

_APOLOGY_SECONDS = 60.0
_UNCLEAR_TRIES = 2
_UNCLEAR_SECONDS = 3.0
_TYPING_EVERY_SECONDS = 4.5

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

    def adapter_of(self, turn: Turn) -> Adapter:
        """The platform a turn belongs to."""
        return self._adapters[turn.key.platform]

    async def say(self, turn: Turn, message: Incoming, text: str, *, buttons: Rows = ()) -> None:
        """One sentence as the turn's whole answer; the turn is finished on return."""
        draft = await self._draft(turn, message)
        await draft.finish(View(markdown=text), buttons=buttons)
        await turn.finish(lambda conn: None)

    async def announce(self, turn: Turn, chat_kind: ChatKind, text: str) -> None:
        """Something said to a whole chat, in answer to nobody's message; the turn is finished on return."""
        draft = await self._draft_in(turn, chat_kind)
        await draft.finish(View(markdown=text))
        await turn.finish(lambda conn: None)

    async def send_file(self, turn: Turn, message: Incoming, file: OutgoingFile, text: str) -> None:
        """A file as the turn's whole answer, with a line about it; the turn is finished on return.

        Where the platform takes no files, its content is said. Raises ChatClosed, Fenced, StorageError. An
        interruption in the middle can show a file twice, never a wrong or half one.
        """
        adapter = self.adapter_of(turn)
        if not isinstance(adapter, SendsFiles):
            await self.say(turn, message, f"{text}\n\n{file.data.decode('utf-8', 'replace')}")
            return
        pace = adapter.capabilities.pace[message.chat_kind]
        unclear = 0
        while True:
            await self._governor.permit(turn.key.peer, pace, Priority.FINAL)
            try:
                await adapter.send_file(turn.key, file, caption=text, reply_to=message.message_id)
            except PlatformBusy as exc:
                self._governor.hold_off(turn.key.peer, pace, exc.retry_after_seconds)
            except PlatformUnclear as exc:
                unclear += 1
                log.warning("file_unclear", reason=str(exc), times=unclear)
                if unclear > _UNCLEAR_TRIES:
                    raise
                await self._clock.sleep(_UNCLEAR_SECONDS)
            except PartRejected as exc:
                log.warning("file_refused", reason=str(exc))
                await self.say(turn, message, say("file_refused", await self._language_in(turn, message)))
                return
            else:
                break
        await turn.finish(lambda conn: None)

    async def decide_once(self, turn: Turn, change: Callable[[Connection], str]) -> str:
        """Make a change that also decides what to say, both in one transaction, however often it is tried."""

        def decide(conn: Connection) -> str:
            decided = history.notice_of(conn, turn.id)
            if decided is None:
                decided = change(conn)
                history.save_notice(conn, turn.id, decided)
            return decided

        return await turn.effect(decide)

    async def change_and_say(
        self, turn: Turn, message: Incoming, change: Callable[[Connection], str]
    ) -> None:
        """Make a change that also decides what to say, both in one transaction and once; then say it."""
        await self.say(turn, message, await self.decide_once(turn, change))

    async def apologise(self, turn: Turn, message: Incoming) -> None:
        """The last attempt failed on our side: the person is told, as well as that still works."""
        try:
            async with asyncio.timeout(_APOLOGY_SECONDS):
                language = await self._language_in(turn, message)
                buttons = ((Button(label=say("button_retry", language), data=f"retry:{turn.id}"),),)
                draft = await self._draft(turn, message)
                await draft.finish(View(markdown=say("broken", language)), buttons=buttons)
        except Exception as exc:  # noqa: BLE001 - the turn is lost already; this must not hide why
            log.warning("apology_undelivered", reason=repr(exc))

    async def answer_button(self, event: ButtonPressed | TranscriptWanted, text: str = "") -> None:
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
        """Let the message whose button was pressed show something else; not worth a second try.

        A button of a person's page, which names no message, has that page shown anew, with a way back.
        """
        adapter = self._adapters[event.key.platform]
        if isinstance(adapter, ShowsHome) and not event.message_id:
            back = Button(label=say("button_open_settings", self._language_of(event)), data="settings")
            await self.show_home(event, text, buttons=(*buttons, (back,)))
            return
        await self._governor.permit(
            event.key.peer, adapter.capabilities.pace[event.chat_kind], Priority.NOTICE
        )
        try:
            await adapter.edit(event.key, event.message_id, _rendered(adapter, text), buttons=buttons)
        except DeliveryError as exc:
            log.info("page_not_redrawn", reason=str(exc))

    async def show_home(self, event: ButtonPressed, text: str, *, buttons: Rows) -> None:
        """Let somebody's own page show this; not worth a second try."""
        adapter = self._adapters[event.key.platform]
        if not isinstance(adapter, ShowsHome):
            return
        try:
            await adapter.show_home(
                event.key,
                event.author,
                _rendered(adapter, text),
                buttons=buttons,
                answer_id=event.answer_id,
            )
        except DeliveryError as exc:
            log.info("home_not_shown", reason=str(exc))

    def _language_of(self, event: ButtonPressed) -> str:
        return language_of(event.author.language, self._language)

    async def _language_in(self, turn: Turn, message: Incoming) -> str:
        """The language to speak with somebody in their chat."""
        chat = await turn.effect(lambda conn: chats.chat_of(conn, turn.key.peer))
        own = ChatSettings.of(chat, thinking_shown=True).language
        return language_of(message.author.language, own or self._language)

    @asynccontextmanager
    async def typing(self, turn: Turn, chat_kind: ChatKind) -> AsyncIterator[None]:
        """Show meanwhile that the bot is at work, as often as the chat bears it beside everything else."""
        task = asyncio.create_task(self._type(turn.key, chat_kind), name=f"typing {turn.key}")
        try:
            yield
        finally:
            task.cancel()

    async def _type(self, key: ConversationKey, chat_kind: ChatKind) -> None:
        adapter = self._adapters[key.platform]
        pace = adapter.capabilities.pace[chat_kind]
        while True:
            if self._governor.spare(key.peer, pace, what="typing", every_seconds=_TYPING_EVERY_SECONDS):
                with contextlib.suppress(DeliveryError):
                    await adapter.typing(key)
            await asyncio.sleep(_TYPING_EVERY_SECONDS)

    async def _draft(self, turn: Turn, message: Incoming) -> Draft:
        return await self._draft_in(turn, message.chat_kind, reply_to=message.message_id)

    async def draft(
        self, turn: Turn, chat_kind: ChatKind, *, reply_to: str, stop_button: Button | None = None
    ) -> Draft:
        """A reply that grows; whoever writes it also finishes the turn. To be used under ``async with``."""
        return await self._draft_in(turn, chat_kind, reply_to=reply_to, stop_button=stop_button)

    async def _draft_in(
        self, turn: Turn, chat_kind: ChatKind, *, reply_to: str = "", stop_button: Button | None = None
    ) -> Draft:
        known = await turn.effect(lambda conn: ledger.deliveries_of(conn, turn.id))
        return Draft(
            stop_button=stop_button,
            adapter=self._adapters[turn.key.platform],
            governor=self._governor,
            ledger=TurnLedger(turn=turn, known=known),
            key=turn.key,
            chat_kind=chat_kind,
            clock=self._clock,
            reply_to=reply_to,
        )


def _rendered(adapter: Adapter, text: str) -> Rendered:
    """The one message that a page of ours is, in the form in which it was first said."""
    fidelity = min(adapter.capabilities.best_fidelity, Fidelity.FORMATTED)
    return adapter.render(View(markdown=text).document(), fidelity=fidelity)[0]

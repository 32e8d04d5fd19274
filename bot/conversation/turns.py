"""Runs a turn: sees what its event asks for and has it done. What the engine calls for every turn."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import assert_never

import structlog

from bot.conversation.admission import Admission
from bot.conversation.again import AGAIN
from bot.conversation.answer import Answering
from bot.conversation.commands import command_in
from bot.conversation.desk import Order, Press
from bot.conversation.front import FrontDesk
from bot.conversation.question import Origin, asks_something, question_from, things
from bot.conversation.saying import Saying
from bot.conversation.visit import Reception, Visit
from bot.errors import ChatClosed, Fenced
from bot.exchange import Exchange
from bot.messages import (
    ButtonPressed,
    ChatLeft,
    ChatMigrated,
    Deleted,
    Edited,
    Incoming,
    StopPressed,
    Unreadable,
)
from bot.ports import Adapter, CancelReason, Clock, Engine, Lane, Turn
from bot.storage import chats, history
from bot.storage.people import Standing
from bot.texts import say

__all__ = ["Turns"]

log = structlog.get_logger(__name__)


class Turns:
    """The handler given to Engine.serve. Shared by all conversations; nothing to close."""

    def __init__(
        self,
        *,
        engine: Engine,
        adapters: Mapping[str, Adapter],
        answering: Answering,
        admission: Admission,
        reception: Reception,
        saying: Saying,
        front: FrontDesk,
        clock: Clock,
    ) -> None:
        self._engine = engine
        self._adapters = adapters
        self._answering = answering
        self._admission = admission
        self._reception = reception
        self._saying = saying
        self._front = front
        self._clock = clock

    async def handle(self, turn: Turn) -> None:
        """Do what the turn asks for. Raises what the engine should try again, or CancelledError."""
        with structlog.contextvars.bound_contextvars(turn_id=turn.id, key=str(turn.key)):
            if turn.key.platform not in self._adapters:
                log.warning("turn_without_platform", platform=turn.key.platform)
                return
            try:
                await self._dispatch(turn)
            except ChatClosed as exc:
                await self._close(turn, str(exc))
            except (asyncio.CancelledError, Fenced):
                raise
            except Exception:
                if turn.last_attempt and (message := _message_of(turn)) is not None:
                    await self._saying.apologise(turn, message)
                raise

    async def _dispatch(self, turn: Turn) -> None:
        event = turn.events[0]
        match event:
            case Incoming():
                await self._messages(turn, [item for item in turn.events if isinstance(item, Incoming)])
            case Edited():
                await self._edited(turn, event)
            case ButtonPressed():
                await self._pressed(turn, event)
            case StopPressed():
                await self._engine.stop(turn.key, reason=CancelReason.USER)
            case Deleted():
                await self._deleted(turn, event)
            case ChatMigrated():
                await self._migrated(event)
            case ChatLeft():
                await self._left(turn, event)
            case Unreadable():
                pass
            case _:
                assert_never(event)

    # --- messages ---------------------------------------------------------------------------------------

    async def _messages(self, turn: Turn, messages: list[Incoming]) -> None:
        first = messages[0]
        visit = await self._reception.receive(first.key, first.author, first.chat_kind)
        if not visit.admitted:
            await self._refuse(turn, first, visit)
            return
        command = command_in(first)
        if command is not None:
            await self._front.carry_out(Order(turn=turn, message=first, command=command, visit=visit))
            return
        await self._ask(turn, messages, visit, origin=None)

    async def _ask(
        self, turn: Turn, messages: list[Incoming], visit: Visit, *, origin: Origin | None
    ) -> None:
        if not asks_something(messages):
            await self._saying.say(turn, messages[0], _wordless(messages, visit.language))
            return
        question = question_from(messages, language=visit.language, origin=origin)
        await self._answering.answer(turn, question, visit)

    async def _refuse(self, turn: Turn, message: Incoming, visit: Visit) -> None:
        log.info("person_refused", author=message.author.id, standing=visit.standing)
        if visit.standing is Standing.BLOCKED:
            return  # not a word: whoever is shut out must not be able to make the bot speak
        if turn.attempt > 1 or self._admission.tell(message.key, message.author):
            await self._saying.say(turn, message, say("stranger", visit.language, id=message.author.id))

    async def _pressed(self, turn: Turn, event: ButtonPressed) -> None:
        visit = await self._reception.receive(event.key, event.author, event.chat_kind)
        target = event.data.partition(":")[2]
        await self._front.press(Press(turn=turn, event=event, target=target, visit=visit))

    # --- edits and deletions ------------------------------------------------------------------------------

    async def _edited(self, turn: Turn, event: Edited) -> None:
        message = event.message
        visit = await self._reception.receive(message.key, message.author, message.chat_kind)
        if not visit.admitted or command_in(message) is not None:
            return
        key, edited = str(message.key), message.message_id
        before = await turn.effect(lambda conn: history.exchange_of_message(conn, key, edited))
        if not event.event_id.startswith(AGAIN):
            await self._begin_rerun(turn, event, before, visit)
        elif before is not None and before.turn_id != turn.id:
            await self._ask(turn, [message], visit, origin=Origin(replaces=before.turn_id))
        else:
            await self._ask(turn, [message], visit, origin=Origin())

    async def _begin_rerun(self, turn: Turn, event: Edited, before: Exchange | None, visit: Visit) -> None:
        """The edit itself overtakes the answer it makes obsolete; the new answer then waits for its turn."""
        message = event.message
        open_turn = await turn.effect(
            lambda conn: history.open_turn_of_message(conn, str(message.key), message.message_id)
        )
        if before is None and open_turn is None and not message.addressed:
            return
        if before is not None:
            question = question_from([message], language=visit.language)
            if question.request == before.request:
                return  # Telegram also reports changes nobody can see
        if open_turn is not None:
            await self._engine.stop(turn.key, reason=CancelReason.SUPERSEDED, turn_id=open_turn)
        await self._engine.accept(replace(event, event_id=f"{AGAIN}{event.event_id}"), lane=Lane.QUEUE)

    async def _deleted(self, turn: Turn, event: Deleted) -> None:
        for message_id in event.message_ids:
            open_turn = await turn.effect(
                partial(history.open_turn_of_message, conversation=str(turn.key), message_id=message_id)
            )
            if open_turn is not None:
                await self._engine.stop(turn.key, reason=CancelReason.USER, turn_id=open_turn)
        wiped = await turn.effect(lambda conn: history.redact_message(conn, str(turn.key), event.message_ids))
        log.info("messages_redacted", exchanges=wiped)

    # --- chats ----------------------------------------------------------------------------------------------

    async def _migrated(self, event: ChatMigrated) -> None:
        key = event.key
        await self._engine.rekey(
            platform=key.platform, account=key.account, old_chat=key.chat, new_chat=event.new_chat
        )
        log.info("chat_migrated", new_chat=event.new_chat)

    async def _left(self, turn: Turn, event: ChatLeft) -> None:
        peer, now = event.key.peer, self._clock.now().timestamp()
        if event.back:
            await turn.effect(lambda conn: chats.reopen_chat(conn, peer))
            return
        await turn.effect(lambda conn: chats.close_chat(conn, peer, reason="left", now=now))
        await self._engine.stop(turn.key, reason=CancelReason.USER)

    async def _close(self, turn: Turn, reason: str) -> None:
        """The chat does not take messages any more: note it, and let the turn end."""
        now = self._clock.now().timestamp()
        log.info("chat_closed", reason=reason)
        await turn.finish(lambda conn: chats.close_chat(conn, turn.key.peer, reason=reason, now=now))


def _message_of(turn: Turn) -> Incoming | None:
    event = turn.events[0]
    if isinstance(event, Edited):
        return event.message
    return event if isinstance(event, Incoming) else None


def _wordless(messages: list[Incoming], language: str) -> str:
    attachments = [item for message in messages for item in message.attachments]
    if not attachments:
        return say("empty", language)
    return say("attachment", language, things=things(attachments, language))

"""Runs a turn: sees what its event asks for and has it done. What the engine calls for every turn."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import assert_never

import structlog

from bot.conversation.admission import Admission
from bot.conversation.answer import Answering
from bot.conversation.commands import command_in
from bot.conversation.ordering import Ordering
from bot.conversation.personas import ASSISTANT
from bot.conversation.pressing import AGAIN, Pressing
from bot.conversation.question import Origin, Question, asks_something, question_from, things
from bot.conversation.saying import Saying
from bot.delivery import Governor
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
        governor: Governor,
        language: str,
        clock: Clock,
        thinking_shown: bool = True,
    ) -> None:
        self._engine = engine
        self._adapters = adapters
        self._answering = answering
        self._admission = admission
        self._clock = clock
        self._saying = Saying(adapters=adapters, governor=governor, language=language, clock=clock)
        self._ordering = Ordering(
            engine=engine, saying=self._saying, answers=self._answer, thinking_shown=thinking_shown
        )
        self._pressing = Pressing(
            engine=engine,
            saying=self._saying,
            admission=admission,
            answers=self._answer,
            clock=clock,
            thinking_shown=thinking_shown,
        )

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
                await self._pressing.press(turn, event)
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
        if not self._admission.admits(first.key, first.author):
            await self._refuse_stranger(turn, first)
            return
        command = command_in(first)
        if command is not None:
            await self._ordering.carry_out(turn, first, command)
            return
        await self._ask(turn, messages, origin=None)

    async def _ask(self, turn: Turn, messages: list[Incoming], *, origin: Origin | None) -> None:
        language = self._saying.language_for(messages[0].author)
        if not asks_something(messages):
            await self._saying.say(turn, messages[0], _wordless(messages, language))
            return
        await self._answer(turn, question_from(messages, language=language, origin=origin))

    async def _answer(self, turn: Turn, question: Question) -> None:
        await self._answering.answer(
            turn,
            question,
            adapter=self._adapters[turn.key.platform],
            persona=ASSISTANT,
            language=self._saying.language_for(question.author),
        )

    async def _refuse_stranger(self, turn: Turn, message: Incoming) -> None:
        log.info("stranger_refused", author=message.author.id)
        if message.author.is_bot:
            return
        if turn.attempt > 1 or self._admission.tell(message.key, message.author):
            language = self._saying.language_for(message.author)
            await self._saying.say(turn, message, say("stranger", language, id=message.author.id))

    # --- edits and deletions ------------------------------------------------------------------------------

    async def _edited(self, turn: Turn, event: Edited) -> None:
        message = event.message
        if not self._admission.admits(message.key, message.author) or command_in(message) is not None:
            return
        key, edited = str(message.key), message.message_id
        before = await turn.effect(lambda conn: history.exchange_of_message(conn, key, edited))
        if not event.event_id.startswith(AGAIN):
            await self._begin_rerun(turn, event, before)
        elif before is not None and before.turn_id != turn.id:
            await self._ask(turn, [message], origin=Origin(replaces=before.turn_id))
        else:
            await self._ask(turn, [message], origin=Origin())

    async def _begin_rerun(self, turn: Turn, event: Edited, before: Exchange | None) -> None:
        """The edit itself overtakes the answer it makes obsolete; the new answer then waits for its turn."""
        message = event.message
        open_turn = await turn.effect(
            lambda conn: history.open_turn_of_message(conn, str(message.key), message.message_id)
        )
        if before is None and open_turn is None and not message.addressed:
            return
        if before is not None:
            question = question_from([message], language=self._saying.language_for(message.author))
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

"""Runs a turn: sees what its event asks for and has it done. What the engine calls for every turn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, assert_never

import structlog

from bot.conversation.admission import Admission
from bot.conversation.answer import Answering
from bot.conversation.commands import Command, CommandName, nearest, parse_command
from bot.conversation.personas import ASSISTANT
from bot.conversation.question import Origin, Question, question_from, things
from bot.delivery import Draft, Governor, TurnLedger, View
from bot.errors import ChatClosed, Fenced
from bot.events import Outcome
from bot.exchange import Exchange
from bot.messages import (
    Author,
    ButtonPressed,
    ChatKind,
    ChatLeft,
    ChatMigrated,
    ConversationKey,
    Deleted,
    Edited,
    Incoming,
    StopPressed,
    Unreadable,
)
from bot.ports import Adapter, AnswersButtons, Button, CancelReason, Clock, Engine, Lane, Turn
from bot.storage import chats, history, ledger
from bot.texts import language_of, say

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["Turns"]

log = structlog.get_logger(__name__)

_LONGEST_ECHO = 80
_APOLOGY_SECONDS = 60.0


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
    ) -> None:
        self._engine = engine
        self._adapters = adapters
        self._answering = answering
        self._admission = admission
        self._governor = governor
        self._language = language
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
                if turn.last_attempt:
                    await self._apologise(turn)
                raise

    async def _dispatch(self, turn: Turn) -> None:
        event = turn.events[0]
        match event:
            case Incoming():
                messages = [item for item in turn.events if isinstance(item, Incoming)]
                await self._messages(turn, messages)
            case Edited():
                await self._edited(turn, event)
            case ButtonPressed():
                await self._pressed(turn, event)
            case StopPressed():
                await self._engine.stop(turn.key, reason=CancelReason.USER)
            case Deleted():
                wiped = await turn.effect(
                    lambda conn: history.redact_message(conn, str(turn.key), event.message_ids)
                )
                log.info("messages_redacted", exchanges=wiped)
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
        command = parse_command(first.text)
        if command is not None:
            await self._command(turn, first, command)
            return
        await self._ask(turn, messages, origin=None)

    async def _ask(self, turn: Turn, messages: list[Incoming], *, origin: Origin | None) -> None:
        language = self._speaks(messages[0].author)
        if not any(message.text.strip() for message in messages):
            await self._say(turn, messages[0], self._wordless(messages, language))
            return
        question = question_from(messages, language=language, origin=origin)
        await self._answer(turn, question)

    @staticmethod
    def _wordless(messages: list[Incoming], language: str) -> str:
        attachments = [item for message in messages for item in message.attachments]
        if not attachments:
            return say("empty", language)
        return say("attachment", language, things=things(attachments, language))

    async def _answer(self, turn: Turn, question: Question) -> None:
        await self._answering.answer(
            turn,
            question,
            adapter=self._adapters[turn.key.platform],
            persona=ASSISTANT,
            language=self._speaks(question.author),
        )

    async def _refuse_stranger(self, turn: Turn, message: Incoming) -> None:
        log.info("stranger_refused", author=message.author.id)
        if message.author.is_bot or not (
            turn.attempt > 1 or self._admission.tell(message.key, message.author)
        ):
            return
        await self._say(turn, message, say("stranger", self._speaks(message.author), id=message.author.id))

    # --- commands ---------------------------------------------------------------------------------------

    async def _command(self, turn: Turn, message: Incoming, command: Command) -> None:
        language = self._speaks(message.author)
        match command.name:
            case CommandName.START | CommandName.HELP:
                await self._say(turn, message, say(command.name, language))
            case CommandName.NEW:
                await self._change(turn, message, lambda conn: self._begin_anew(conn, turn.key, language))
            case CommandName.UNDO:
                await self._change(turn, message, lambda conn: self._undo(conn, turn.key, language))
            case CommandName.RETRY:
                await self._retry(turn, message)
            case CommandName.STOP:
                stopped = await self._engine.stop(turn.key, reason=CancelReason.USER)
                if not stopped:
                    await self._say(turn, message, say("stop_nothing", language))
            case None:
                await self._say(turn, message, _unknown(command, language))
            case _:
                assert_never(command.name)

    @staticmethod
    def _begin_anew(conn: Connection, key: ConversationKey, language: str) -> str:
        history.set_head(conn, str(key), None)
        return say("new", language)

    @staticmethod
    def _undo(conn: Connection, key: ConversationKey, language: str) -> str:
        head = history.head_of(conn, str(key))
        last = history.exchange_of(conn, head) if head is not None else None
        if last is None:
            return say("undo_nothing", language)
        history.set_head(conn, str(key), last.parent_id)
        return say("undo", language, text=_echo(last.request))

    async def _retry(self, turn: Turn, message: Incoming) -> None:
        last = await turn.effect(lambda conn: self._to_answer_again(conn, turn))
        if last is None:
            await self._say(turn, message, say("retry_nothing", self._speaks(message.author)))
        else:
            await self._answer(
                turn, _again(last, turn.key, message.chat_kind, message.author, message.message_id)
            )

    @staticmethod
    def _to_answer_again(conn: Connection, turn: Turn) -> Exchange | None:
        mine = history.exchange_of(conn, turn.id)
        if mine is not None:
            return mine
        head = history.head_of(conn, str(turn.key))
        return history.exchange_of(conn, head) if head is not None else None

    # --- edits, buttons, chats ----------------------------------------------------------------------------

    async def _edited(self, turn: Turn, event: Edited) -> None:
        message = event.message
        if not self._admission.admits(message.key, message.author) or parse_command(message.text) is not None:
            return
        key, edited = str(message.key), message.message_id
        before = await turn.effect(lambda conn: history.exchange_of_message(conn, key, edited))
        if not event.event_id.startswith(_RERUN):
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
            question = question_from([message], language=self._speaks(message.author))
            if question.request == before.request:
                return  # Telegram also reports changes nobody can see
        if open_turn is not None:
            await self._engine.stop(turn.key, reason=CancelReason.SUPERSEDED, turn_id=open_turn)
        again = Edited(event_id=f"{_RERUN}{event.event_id}", key=event.key, message=message)
        await self._engine.accept(again, lane=Lane.QUEUE)

    async def _pressed(self, turn: Turn, event: ButtonPressed) -> None:
        language = self._speaks(event.author)
        action, _, target = event.data.partition(":")
        allowed = self._admission.admits(event.key, event.author)
        exchange = await self._own_exchange(turn, target) if allowed else None
        if exchange is None or action not in ("stop", "retry"):
            log.info("button_refused", author=event.author.id, data=event.data[:64])
            await self._answer_button(event, say("button_foreign", language))
        elif action == "stop":
            stopped = await self._engine.stop(turn.key, reason=CancelReason.USER, turn_id=exchange.turn_id)
            await self._answer_button(event, say("stopped" if stopped else "button_done", language))
        elif event.event_id.startswith(_RERUN):
            question = _again(exchange, turn.key, event.chat_kind, event.author, exchange.message_id)
            await self._answer(turn, question)
        else:
            await self._answer_button(event, "")
            again = ButtonPressed(
                event_id=f"{_RERUN}{event.event_id}",
                key=event.key,
                chat_kind=event.chat_kind,
                author=event.author,
                message_id=event.message_id,
                data=event.data,
            )
            await self._engine.accept(again, lane=Lane.QUEUE)

    async def _own_exchange(self, turn: Turn, target: str) -> Exchange | None:
        """The exchange a button names, if it belongs to the chat the button was pressed in."""
        if not (target.isascii() and target.isdigit() and len(target) < 19):
            return None
        exchange = await turn.effect(lambda conn: history.exchange_of(conn, int(target)))
        if exchange is None or exchange.conversation != str(turn.key):
            return None
        return exchange

    async def _answer_button(self, event: ButtonPressed, text: str) -> None:
        adapter = self._adapters[event.key.platform]
        if event.answer_id and isinstance(adapter, AnswersButtons):
            await adapter.answer_button(event.answer_id, text)

    async def _migrated(self, event: ChatMigrated) -> None:
        await self._engine.rekey(
            platform=event.key.platform,
            account=event.key.account,
            old_chat=event.key.chat,
            new_chat=event.new_chat,
        )
        log.info("chat_migrated", new_chat=event.new_chat)

    async def _left(self, turn: Turn, event: ChatLeft) -> None:
        peer, now = event.key.peer, self._clock.now().timestamp()
        if event.back:
            await turn.effect(lambda conn: chats.reopen_chat(conn, peer))
            return
        await turn.effect(lambda conn: chats.close_chat(conn, peer, reason="left", now=now))
        await self._engine.stop(turn.key, reason=CancelReason.USER)

    # --- our own sentences --------------------------------------------------------------------------------

    async def _change(self, turn: Turn, message: Incoming, change: Callable[[Connection], str]) -> None:
        """Do what a command asks for and decide its answer in one transaction, once; then say it."""

        def decide(conn: Connection) -> str:
            decided = history.notice_of(conn, turn.id)
            if decided is None:
                decided = change(conn)
                history.save_notice(conn, turn.id, decided)
            return decided

        await self._say(turn, message, await turn.effect(decide))

    async def _say(self, turn: Turn, message: Incoming, text: str) -> None:
        """One sentence of ours as the turn's whole answer."""
        draft = await self._plain_draft(turn, message)
        await draft.finish(View(markdown=text))
        await turn.finish(lambda conn: None)

    async def _plain_draft(self, turn: Turn, message: Incoming) -> Draft:
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

    async def _apologise(self, turn: Turn) -> None:
        """The last attempt failed on our side: the person is told, as well as that still works."""
        event = turn.events[0]
        if not isinstance(event, Incoming | Edited):
            return
        message = event if isinstance(event, Incoming) else event.message
        language = self._speaks(message.author)
        buttons = ((Button(label=say("button_retry", language), data=f"retry:{turn.id}"),),)
        try:
            async with asyncio.timeout(_APOLOGY_SECONDS):
                draft = await self._plain_draft(turn, message)
                await draft.finish(View(markdown=say("broken", language)), buttons=buttons)
        except Exception as exc:  # noqa: BLE001 - the turn is lost already; this must not hide why
            log.warning("apology_undelivered", reason=repr(exc))

    async def _close(self, turn: Turn, reason: str) -> None:
        """The chat does not take messages any more: note it, and let the turn end."""
        now = self._clock.now().timestamp()
        log.info("chat_closed", reason=reason)
        await turn.finish(lambda conn: chats.close_chat(conn, turn.key.peer, reason=reason, now=now))

    def _speaks(self, author: Author) -> str:
        return language_of(author.language, self._language)


# Marks an event we put back into the queue ourselves, derived from one that came from outside.
_RERUN = "again:"


def _again(
    exchange: Exchange, key: ConversationKey, chat_kind: ChatKind, author: Author, message_id: str
) -> Question:
    failed = exchange.outcome is Outcome.FAILED
    origin = Origin(replaces=exchange.turn_id) if failed else Origin(again=exchange.turn_id)
    return Question(
        key=key,
        chat_kind=chat_kind,
        author=author,
        message_id=message_id,
        request=exchange.request,
        origin=origin,
    )


def _unknown(command: Command, language: str) -> str:
    close = nearest(command.written)
    if close is None:
        return say("unknown_command_plain", language, command=command.written)
    return say("unknown_command", language, command=command.written, nearest=close)


def _echo(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_ECHO else f"{line[:_LONGEST_ECHO]}…"

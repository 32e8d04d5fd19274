"""Carries out commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, assert_never

from bot.conversation.chat_settings import ChatSettings, settings_page
from bot.conversation.commands import Command, CommandName, nearest
from bot.conversation.question import Question, question_again
from bot.conversation.saying import Saying
from bot.exchange import Exchange
from bot.messages import ChatKind, ConversationKey, Incoming
from bot.ports import CancelReason, Engine, Turn
from bot.storage import chats, history
from bot.texts import say

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["Answers", "Ordering"]

_LONGEST_ECHO = 80


class Answers(Protocol):
    """Has a question answered."""

    async def __call__(self, turn: Turn, question: Question) -> None:
        """Answer it; the turn is finished on return."""


class Ordering:
    """What each command does. ``answers`` serves /retry."""

    def __init__(self, *, engine: Engine, saying: Saying, answers: Answers, thinking_shown: bool) -> None:
        self._engine = engine
        self._saying = saying
        self._answers = answers
        self._thinking_shown = thinking_shown

    async def carry_out(self, turn: Turn, message: Incoming, command: Command) -> None:
        """Do what the command says, once, and answer it."""
        language = self._saying.language_for(message.author)
        match command.name:
            case CommandName.START | CommandName.HELP:
                await self._saying.say(turn, message, say(command.name, language))
            case CommandName.NEW:
                await self._saying.change_and_say(
                    turn, message, lambda conn: _begin_anew(conn, turn.key, language)
                )
            case CommandName.UNDO:
                await self._saying.change_and_say(turn, message, lambda conn: _undo(conn, turn.key, language))
            case CommandName.RETRY:
                await self._retry(turn, message, language)
            case CommandName.STOP:
                if not await self._engine.stop(turn.key, reason=CancelReason.USER):
                    await self._saying.say(turn, message, say("stop_nothing", language))
            case CommandName.SETTINGS:
                await self._settings(turn, message, language)
            case None:
                await self._unknown(turn, message, command, language)
            case _:
                assert_never(command.name)

    async def _retry(self, turn: Turn, message: Incoming, language: str) -> None:
        last = await turn.effect(lambda conn: _to_answer_again(conn, turn))
        if last is None:
            await self._saying.say(turn, message, say("retry_nothing", language))
        elif last.redacted:
            await self._saying.say(turn, message, say("retry_gone", language))
        else:
            await self._answers(
                turn, question_again(last, turn.key, message.chat_kind, message.author, message.message_id)
            )

    async def _settings(self, turn: Turn, message: Incoming, language: str) -> None:
        chat = await turn.effect(lambda conn: chats.chat_of(conn, turn.key.peer))
        text, buttons = settings_page(
            ChatSettings.of(chat, thinking_shown=self._thinking_shown),
            adapter=self._saying.adapter_of(turn),
            key=turn.key,
            chat_kind=message.chat_kind,
            language=language,
        )
        await self._saying.say(turn, message, text, buttons=buttons)

    async def _unknown(self, turn: Turn, message: Incoming, command: Command, language: str) -> None:
        if message.chat_kind is not ChatKind.PRIVATE:
            return  # in a group it is more likely meant for another bot
        close = nearest(command.written)
        if close is None:
            text = say("unknown_command_plain", language, command=command.written)
        else:
            text = say("unknown_command", language, command=command.written, nearest=close)
        await self._saying.say(turn, message, text)


def _begin_anew(conn: Connection, key: ConversationKey, language: str) -> str:
    history.set_head(conn, str(key), None)
    return say("new", language)


def _undo(conn: Connection, key: ConversationKey, language: str) -> str:
    head = history.head_of(conn, str(key))
    last = history.exchange_of(conn, head) if head is not None else None
    if last is None:
        return say("undo_nothing", language)
    history.set_head(conn, str(key), last.parent_id)
    return say("undo", language, text=_echo(last.request))


def _to_answer_again(conn: Connection, turn: Turn) -> Exchange | None:
    mine = history.exchange_of(conn, turn.id)
    if mine is not None:
        return mine
    head = history.head_of(conn, str(turn.key))
    return history.exchange_of(conn, head) if head is not None else None


def _echo(text: str) -> str:
    line = " ".join(text.replace("`", "'").split())
    return line if len(line) <= _LONGEST_ECHO else f"{line[:_LONGEST_ECHO]}…"

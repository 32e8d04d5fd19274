"""What moves a conversation in its history: /new, /undo, /retry, /stop, and the buttons for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.conversation.again import AGAIN
from bot.conversation.commands import CommandName
from bot.conversation.desk import Answers, Order, OrderHandler, Press, PressHandler
from bot.conversation.question import Question, question_again
from bot.conversation.saying import Saying
from bot.exchange import Exchange
from bot.messages import ConversationKey
from bot.ports import CancelReason, Engine, Lane, Turn
from bot.storage import comparisons, history
from bot.storage.spoken import open_speaking
from bot.storage.turns import open_turns_before
from bot.texts import say

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["HistoryDesk", "own_exchange"]

_LONGEST_ECHO = 80


class HistoryDesk:
    """Shared by all conversations; nothing to close."""

    def __init__(self, *, engine: Engine, saying: Saying, answers: Answers) -> None:
        self._engine = engine
        self._saying = saying
        self._answers = answers

    @property
    def orders(self) -> Mapping[CommandName, OrderHandler]:
        return {
            CommandName.NEW: self._new,
            CommandName.UNDO: self._undo,
            CommandName.RETRY: self._retry,
            CommandName.STOP: self._stop,
        }

    @property
    def presses(self) -> Mapping[str, PressHandler]:
        return {"stop": self._press_stop, "retry": self._press_retry}

    async def _new(self, order: Order) -> None:
        await self._saying.change_and_say(
            order.turn, order.message, lambda conn: _begin_anew(conn, order.turn.key, order.language)
        )

    async def _undo(self, order: Order) -> None:
        await self._saying.change_and_say(
            order.turn, order.message, lambda conn: _undo(conn, order.turn.key, order.language)
        )

    async def _retry(self, order: Order) -> None:
        turn, message = order.turn, order.message
        last = await turn.effect(lambda conn: _to_answer_again(conn, turn))
        if last is None:
            await self._saying.say(turn, message, say("retry_nothing", order.language))
        elif last.redacted:
            await self._saying.say(turn, message, say("retry_gone", order.language))
        else:
            question = question_again(last, turn.key, message.chat_kind, message.author, message.message_id)
            await self._answers(turn, await _as_compared(turn, last, question), order.visit)

    async def _stop(self, order: Order) -> None:
        stopped = await self._engine.stop(order.turn.key, reason=CancelReason.USER)
        if not (stopped or await self._stop_speaking(order.turn)):
            await self._saying.say(order.turn, order.message, say("stop_nothing", order.language))

    async def _stop_speaking(self, turn: Turn) -> bool:
        """End the voice notes that are being made beside the queue, if nothing is written any more."""
        speaking = await turn.effect(lambda conn: open_speaking(conn, str(turn.key)))
        for turn_id in speaking:
            await self._engine.stop(turn.key, reason=CancelReason.USER, turn_id=turn_id)
        return bool(speaking)

    async def _press_stop(self, press: Press) -> bool:
        exchange = await own_exchange(press.turn, press.target)
        turn_id = exchange.turn_id if exchange is not None else await _unanswered(press.turn, press.target)
        if turn_id is None:
            return False
        stopped = await self._engine.stop(press.event.key, reason=CancelReason.USER, turn_id=turn_id)
        text = say("stopped" if stopped else "button_done", press.language)
        await self._saying.answer_button(press.event, text)
        return True

    async def _press_retry(self, press: Press) -> bool:
        turn, event = press.turn, press.event
        exchange = await own_exchange(turn, press.target)
        if exchange is None:
            return False
        if event.event_id.startswith(AGAIN):
            question = question_again(exchange, turn.key, event.chat_kind, event.author, exchange.message_id)
            await self._answers(turn, await _as_compared(turn, exchange, question), press.visit)
            return True
        # Named by what it asks for, not by the press: however often the button is pressed, it is done once.
        once = replace(event, event_id=f"{AGAIN}{event.data}")
        is_new = await self._engine.accept(once, lane=Lane.QUEUE) is not None or turn.attempt > 1
        await self._saying.answer_button(event, "" if is_new else say("button_done", press.language))
        return True


async def _unanswered(turn: Turn, target: str) -> int | None:
    """The turn of this conversation that a button names and that is still reading what was sent."""
    waiting = await turn.effect(lambda conn: open_turns_before(conn, str(turn.key), turn.id))
    return next((turn_id for turn_id in waiting if str(turn_id) == target), None)


async def _as_compared(turn: Turn, before: Exchange, question: Question) -> Question:
    """The question put to the same models once more, if several answered it before."""

    def inherit(conn: Connection) -> tuple[str, ...]:
        models = comparisons.comparison_of(conn, before.turn_id)
        return comparisons.begin_comparison(conn, turn.id, models)

    panel = await turn.effect(inherit)
    return replace(question, panel=panel) if panel else question


async def own_exchange(turn: Turn, target: str) -> Exchange | None:
    """The exchange a button names, if it belongs to the chat the button was pressed in."""
    if not (target.isascii() and target.isdigit() and len(target) < 19):
        return None
    exchange = await turn.effect(lambda conn: history.exchange_of(conn, int(target)))
    if exchange is None or exchange.conversation != str(turn.key):
        return None
    return exchange


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

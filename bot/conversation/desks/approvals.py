"""The buttons by which a person allows or forbids what a tool would change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import structlog

from bot.conversation.again import AGAIN
from bot.conversation.commands import CommandName
from bot.conversation.desk import Answers, OrderHandler, Press, PressHandler
from bot.conversation.desks.history import own_exchange
from bot.conversation.question import question_decided
from bot.conversation.saying import Saying
from bot.events import Outcome
from bot.exchange import Exchange
from bot.ports import Engine, Lane
from bot.storage import history
from bot.texts import say

__all__ = ["ApprovalsDesk"]

log = structlog.get_logger(__name__)

_WORDS = {"yes": True, "no": False}


class ApprovalsDesk:
    """Shared by all conversations; nothing to close."""

    def __init__(self, *, engine: Engine, saying: Saying, answers: Answers) -> None:
        self._engine = engine
        self._saying = saying
        self._answers = answers

    @property
    def orders(self) -> Mapping[CommandName, OrderHandler]:
        return {}

    @property
    def presses(self) -> Mapping[str, PressHandler]:
        return {"approve": self._decide}

    async def _decide(self, press: Press) -> bool:
        number, _, word = press.target.partition(":")
        exchange = await own_exchange(press.turn, number)
        if exchange is None or word not in _WORDS:
            return False
        if press.event.event_id.startswith(AGAIN):
            await self._go_on(press, exchange, decision=_WORDS[word])
            return True
        await self._saying.answer_button(press.event, await self._take(press, exchange))
        return True

    async def _take(self, press: Press, exchange: Exchange) -> str:
        """Note the decision, the first there is; what the person who pressed is told."""
        if exchange.author_id != press.event.author.id and not press.visit.is_admin:
            return say("approval_foreign", press.language)
        if not await self._open(press, exchange):
            return say("approval_gone", press.language)
        # Named by what is decided on, not by the press or the word: the first decision holds.
        once = replace(press.event, event_id=f"{AGAIN}approve:{exchange.turn_id}")
        is_new = await self._engine.accept(once, lane=Lane.QUEUE) is not None or press.turn.attempt > 1
        return "" if is_new else say("button_done", press.language)

    async def _go_on(self, press: Press, exchange: Exchange, *, decision: bool) -> None:
        mine = await press.turn.effect(lambda conn: history.exchange_of(conn, press.turn.id))
        if mine is None and not await self._open(press, exchange):
            await press.turn.finish(lambda conn: None)
            return
        log.info("approval_given" if decision else "approval_declined", exchange=exchange.turn_id)
        question = question_decided(
            exchange, press.turn.key, press.event.chat_kind, language=press.language, decision=decision
        )
        await self._answers(press.turn, question, press.visit)

    @staticmethod
    async def _open(press: Press, exchange: Exchange) -> bool:
        """Whether the question still waits: it is the last thing said here."""
        head = await press.turn.effect(lambda conn: history.head_of(conn, exchange.conversation))
        return exchange.outcome is Outcome.ASKED and head == exchange.turn_id

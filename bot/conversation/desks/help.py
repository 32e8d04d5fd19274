"""/start and /help, and what people think of an answer."""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from bot.conversation.commands import SHOWN, CommandName
from bot.conversation.desk import Order, OrderHandler, Press, PressHandler
from bot.conversation.saying import Saying
from bot.ports import Clock
from bot.storage import history
from bot.texts import say

__all__ = ["HelpDesk"]

log = structlog.get_logger(__name__)


class HelpDesk:
    """Shared by all conversations; nothing to close."""

    def __init__(self, *, saying: Saying, clock: Clock) -> None:
        self._saying = saying
        self._clock = clock

    @property
    def orders(self) -> Mapping[CommandName, OrderHandler]:
        return {CommandName.START: self._start, CommandName.HELP: self._help}

    @property
    def presses(self) -> Mapping[str, PressHandler]:
        return {"feedback": self._vote}

    async def _start(self, order: Order) -> None:
        await self._saying.say(order.turn, order.message, say("start", order.language))

    async def _help(self, order: Order) -> None:
        lines = [f"- /{name} – {say(f'menu_{name}', order.language)}" for name in SHOWN]
        text = say("help", order.language, commands="\n".join(lines))
        await self._saying.say(order.turn, order.message, text)

    async def _vote(self, press: Press) -> bool:
        """Store what somebody thinks of the answer that the button stands under."""
        vote, event = press.target, press.event
        shown = await press.turn.effect(
            lambda conn: history.exchange_shown_in(conn, press.turn.key.peer, event.message_id)
        )
        if shown is None or vote not in ("up", "down"):
            return False
        author, now = event.author.id, self._clock.now().timestamp()
        await press.turn.effect(
            lambda conn: history.save_vote(conn, shown, author_id=author, vote=vote, now=now)
        )
        log.info("answer_rated", answer=shown, vote=vote)
        await self._saying.answer_button(event, say("button_thanks", press.language))
        return True

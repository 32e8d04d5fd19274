"""The front desk: takes commands and buttons to the desk whose matter they are."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from bot.conversation.commands import CommandName, nearest
from bot.conversation.desk import Desk, Order, OrderHandler, Press, PressHandler
from bot.conversation.saying import Saying
from bot.messages import ChatKind
from bot.texts import say

__all__ = ["FrontDesk"]

log = structlog.get_logger(__name__)


class FrontDesk:
    """Shared by all conversations; nothing to close."""

    def __init__(self, *, saying: Saying, desks: Iterable[Desk]) -> None:
        self._saying = saying
        self._orders: dict[CommandName, OrderHandler] = {}
        self._presses: dict[str, PressHandler] = {}
        for desk in desks:
            self._orders |= desk.orders
            self._presses |= desk.presses

    async def carry_out(self, order: Order) -> None:
        """Do what a command says, once, and answer it."""
        name = order.command.name
        if name is not None:
            await self._orders[name](order)
        elif order.visit.chat_kind is ChatKind.PRIVATE:  # in a group it is more likely meant for another bot
            await self._saying.say(order.turn, order.message, _not_known(order))

    async def press(self, press: Press) -> None:
        """Do what a button says, if it belongs where it was pressed and the person is admitted."""
        handler = self._presses.get(press.event.data.partition(":")[0])
        if not press.visit.admitted or handler is None or not await handler(press):
            log.info("button_refused", author=press.event.author.id, data=press.event.data[:64])
            await self._saying.answer_button(press.event, say("button_foreign", press.language))


def _not_known(order: Order) -> str:
    close = nearest(order.command.written)
    if close is None:
        return say("unknown_command_plain", order.language, command=order.command.written)
    return say("unknown_command", order.language, command=order.command.written, nearest=close)

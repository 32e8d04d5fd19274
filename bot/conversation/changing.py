"""Changes what is set for a chat, if whoever asks for it may; and what a button for a choice looks like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bot.conversation.access.rights import Rights
from bot.conversation.desk import Order, Press
from bot.conversation.saying import Saying
from bot.conversation.visit import Reception, Visit
from bot.ports import Button, Turn
from bot.storage import chats
from bot.texts import say

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["Change", "Changing", "choice_button"]

Change = Mapping[str, Any]
"""Chat settings by name; None returns to the default."""


class Changing:
    """Shared by all conversations; nothing to close."""

    def __init__(self, *, saying: Saying, reception: Reception, rights: Rights) -> None:
        self._saying = saying
        self._reception = reception
        self._rights = rights

    async def by_order(self, order: Order, change: Change) -> Visit | None:
        """The visit as it is from then on, with nothing said; None when it was refused, which is said."""
        if await self._rights.may_change(order.visit):
            return await self._change(order.turn, order.visit, change)
        await self._saying.say(order.turn, order.message, say("only_admins", order.language))
        return None

    async def by_press(self, press: Press, change: Change) -> Visit | None:
        """The same for a button, whose wait is ended in both cases."""
        if not await self._rights.may_change(press.visit):
            await self._saying.answer_button(press.event, say("only_admins", press.language))
            return None
        visit = await self._change(press.turn, press.visit, change)
        await self._saying.answer_button(press.event, say("button_saved", visit.language))
        return visit

    async def _change(self, turn: Turn, visit: Visit, change: Change) -> Visit:
        def store(conn: Connection) -> None:
            for name, value in change.items():
                chats.set_chat_setting(conn, visit.key.peer, name, value)

        await turn.effect(store)
        return await self._reception.receive(visit.key, visit.author, visit.chat_kind)


def choice_button(label: str, data: str, *, present: bool) -> Button:
    """A button for one of several choices; the present one has a check mark."""
    return Button(label=f"✓ {label}" if present else label, data=data)

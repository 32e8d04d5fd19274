"""/settings: a chat's choices as text, with a button for each that can be changed there."""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from bot.conversation.chat_settings import CHOICES
from bot.conversation.commands import CommandName
from bot.conversation.desk import Order, OrderHandler, Press, PressHandler
from bot.conversation.rights import Rights
from bot.conversation.saying import Saying
from bot.conversation.visit import Reception, Visit
from bot.messages import ChatKind
from bot.ports import Adapter, Button, Fidelity, Previews
from bot.storage import chats
from bot.texts import say

__all__ = ["SettingsDesk"]

log = structlog.get_logger(__name__)


class SettingsDesk:
    """Shows and changes what is set for a chat. Nothing to close."""

    def __init__(self, *, saying: Saying, reception: Reception, rights: Rights) -> None:
        self._saying = saying
        self._reception = reception
        self._rights = rights

    @property
    def orders(self) -> Mapping[CommandName, OrderHandler]:
        return {CommandName.SETTINGS: self._show}

    @property
    def presses(self) -> Mapping[str, PressHandler]:
        return {"set": self._set}

    async def _show(self, order: Order) -> None:
        text, buttons = settings_page(order.visit, adapter=self._saying.adapter_of(order.turn))
        await self._saying.say(order.turn, order.message, text, buttons=buttons)

    async def _set(self, press: Press) -> bool:
        name, _, value = press.target.partition(":")
        if value not in CHOICES.get(name, ()):
            return False
        if not await self._rights.may_change(press.visit):
            await self._saying.answer_button(press.event, say("only_admins", press.language))
            return True
        peer = press.event.key.peer
        await press.turn.effect(lambda conn: chats.set_chat_setting(conn, peer, name, value))
        log.info("chat_setting_changed", setting=name, value=value, author=press.event.author.id)
        visit = await self._reception.receive(press.event.key, press.event.author, press.event.chat_kind)
        await self._saying.answer_button(press.event, say("button_saved", visit.language))
        text, buttons = settings_page(visit, adapter=self._saying.adapter_of(press.turn))
        await self._saying.redraw(press.event, text, buttons=buttons)
        return True


def settings_page(visit: Visit, *, adapter: Adapter) -> tuple[str, tuple[tuple[Button, ...], ...]]:
    """The settings as text, and a row of buttons for each that this chat can change."""
    values, language = visit.settings.values, visit.language
    lines, rows = [], []
    for name in _offered(visit, adapter):
        lines.append(f"- {say(f'setting_{name}_{values[name]}', language)}")
        others = [choice for choice in CHOICES[name] if choice != values[name]]
        rows.append(
            tuple(
                Button(label=say(f"button_{name}_{other}", language), data=f"set:{name}:{other}")
                for other in others
            )
        )
    return f"{say('settings', language)}\n\n" + "\n".join(lines), tuple(rows)


def _offered(visit: Visit, adapter: Adapter) -> list[str]:
    offered = ["thinking", "language"]
    if isinstance(adapter, Previews) and adapter.can_preview(visit.key, visit.chat_kind):
        offered.append("transport")
    if adapter.capabilities.best_fidelity is Fidelity.RICH:
        offered.append("rich")
    if visit.chat_kind is not ChatKind.PRIVATE:
        offered += ["attention", "recall", "rights"]
    return offered

"""/settings: a chat's choices as text, and a row of buttons for each, the present one marked."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

import structlog

from bot.conversation.access.rights import Rights
from bot.conversation.chat_settings import CHOICES
from bot.conversation.commands import CommandName
from bot.conversation.desk import Order, OrderHandler, Press, PressHandler
from bot.conversation.saying import Saying
from bot.conversation.visit import Reception, Visit
from bot.messages import ChatKind
from bot.ports import Adapter, Button, Fidelity, Moderates, Previews, SendsVoice, Turn
from bot.storage import chats, overheard
from bot.texts import listed, say

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["SettingsDesk"]

log = structlog.get_logger(__name__)

_IN_GROUPS = ("attention", "voice", "recall", "rights")

Rows = tuple[tuple[Button, ...], ...]


class SettingsDesk:
    """Shows and changes what is set for a chat. Nothing to close."""

    def __init__(self, *, saying: Saying, reception: Reception, rights: Rights) -> None:
        self._saying = saying
        self._reception = reception
        self._rights = rights

    @property
    def orders(self) -> Mapping[CommandName, OrderHandler]:
        return {CommandName.SETTINGS: self._settings}

    @property
    def presses(self) -> Mapping[str, PressHandler]:
        return {"set": self._set, "settings": self._reopen, "home": self._home}

    async def _settings(self, order: Order) -> None:
        if not order.argument:
            await self._show(order, order.visit)
            return
        name, _, value = order.argument.lower().partition(" ")
        value, offered = value.strip(), _offered(order.visit, self._saying.adapter_of(order.turn))
        if name not in offered or value not in CHOICES[name]:
            await self._saying.say(order.turn, order.message, _usage(name, offered, order.language))
        elif not await self._rights.may_change(order.visit):
            await self._saying.say(order.turn, order.message, say("only_admins", order.language))
        else:
            await self._show(order, await self._change(order.turn, order.visit, name, value))

    async def _show(self, order: Order, visit: Visit) -> None:
        text, buttons = settings_page(visit, adapter=self._saying.adapter_of(order.turn))
        await self._saying.say(order.turn, order.message, text, buttons=buttons)

    async def _set(self, press: Press) -> bool:
        name, _, value = press.target.partition(":")
        if value not in CHOICES.get(name, ()):
            return False
        if not await self._rights.may_change(press.visit):
            await self._saying.answer_button(press.event, say("only_admins", press.language))
            return True
        visit = await self._change(press.turn, press.visit, name, value)
        await self._saying.answer_button(press.event, say("button_saved", visit.language))
        await self._redraw(press, visit)
        return True

    async def _reopen(self, press: Press) -> bool:
        """The page in the place of another page of ours."""
        if press.target:
            return False
        await self._saying.answer_button(press.event)
        await self._redraw(press, press.visit)
        return True

    async def _home(self, press: Press) -> bool:
        """Somebody opens their page of the bot: it shows what holds in their own chat."""
        if press.target or press.event.message_id:
            return False
        await self._redraw(press, press.visit)
        return True

    async def _redraw(self, press: Press, visit: Visit) -> None:
        text, buttons = settings_page(visit, adapter=self._saying.adapter_of(press.turn))
        if press.event.message_id:
            await self._saying.redraw(press.event, text, buttons=buttons)
        else:
            await self._saying.show_home(press.event, text, buttons=buttons)

    async def _change(self, turn: Turn, visit: Visit, name: str, value: str) -> Visit:
        """Change a setting; the visit as it is from then on."""
        await turn.effect(partial(_store, peer=visit.key.peer, name=name, value=value))
        log.info("chat_setting_changed", setting=name, value=value, author=visit.author.id)
        return await self._reception.receive(visit.key, visit.author, visit.chat_kind)


def _store(conn: Connection, *, peer: str, name: str, value: str) -> None:
    chats.set_chat_setting(conn, peer, name, value)
    if (name, value) == ("recall", "off"):
        overheard.wipe_heard(conn, peer)


def settings_page(visit: Visit, *, adapter: Adapter) -> tuple[str, Rows]:
    """The settings as text, and a row of buttons for each that this chat can change."""
    language, offered = visit.language, _offered(visit, adapter)
    pieces = [say("settings", language), _lines(visit, [name for name in offered if name not in _IN_GROUPS])]
    if _IN_GROUPS[0] in offered:
        of_groups = [name for name in offered if name in _IN_GROUPS]
        pieces += [say("settings_group", language), _lines(visit, of_groups)]
    if not adapter.capabilities.buttons:
        pieces += [say("settings_how", language), _choices(offered)]
    rows = [_row(visit, name) for name in offered]
    return "\n\n".join(pieces), (*rows, _elsewhere(language, speaks="speech" in offered))


def _lines(visit: Visit, names: list[str]) -> str:
    values = visit.settings.values
    return "\n".join(f"- {say(f'setting_{name}_{values[name]}', visit.language)}" for name in names)


def _row(visit: Visit, name: str) -> tuple[Button, ...]:
    """Every choice there is, in an order that stays; the present one with a check mark."""
    present, language = visit.settings.values[name], visit.language
    return tuple(
        Button(
            label=f"{'✓ ' if choice == present else ''}{say(f'button_{name}_{choice}', language)}",
            data=f"set:{name}:{choice}",
        )
        for choice in CHOICES[name]
    )


def _elsewhere(language: str, *, speaks: bool) -> tuple[Button, ...]:
    """The way to what is set on pages of its own."""
    voice = (Button(label=say("button_open_voice", language), data="voice:home"),) if speaks else ()
    return (
        Button(label=say("button_open_personas", language), data="persona:"),
        Button(label=say("button_open_models", language), data="model:home"),
        *voice,
    )


def _usage(name: str, offered: list[str], language: str) -> str:
    """What can be written: the values of a setting there is, or else the settings."""
    if name not in offered:
        return f"{say('settings_unknown', language)}\n\n{_choices(offered)}"
    values = listed((f"`{value}`" for value in CHOICES[name]), language)
    return say("setting_values", language, name=name, values=values, example=CHOICES[name][-1])


def _choices(offered: list[str]) -> str:
    return "\n".join(f"- `{name}`: {', '.join(f'`{value}`' for value in CHOICES[name])}" for name in offered)


def _offered(visit: Visit, adapter: Adapter) -> list[str]:
    offered = ["thinking", "language"]
    if isinstance(adapter, Previews) and adapter.can_preview(visit.key, visit.chat_kind):
        offered.append("transport")
    if isinstance(adapter, SendsVoice):
        offered.append("speech")
    if adapter.capabilities.best_fidelity is Fidelity.RICH:
        offered.append("rich")
    if visit.chat_kind is not ChatKind.PRIVATE:
        # Without admins of a chat to be known, everybody may change this: Rights.may_change.
        known = isinstance(adapter, Moderates)
        offered += [name for name in _IN_GROUPS if known or name != "rights"]
    return offered

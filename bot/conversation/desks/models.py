"""/model: which model answers in a chat is shown and chosen there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import assert_never

import structlog

from bot.conversation.changing import Change, Changing
from bot.conversation.commands import CommandName
from bot.conversation.desk import Order, OrderHandler, Press, PressHandler
from bot.conversation.models.pages import Offer, Page, abilities, choices, home_page, vendor_page
from bot.conversation.models.search import Close, Meant, Replaced, Several, find_model
from bot.conversation.personas.page import code
from bot.conversation.saying import Saying
from bot.conversation.visit import Visit
from bot.ports import Catalogue
from bot.rendering import literal
from bot.texts import say

__all__ = ["ModelsDesk"]

log = structlog.get_logger(__name__)

_DEFAULT_WORDS = ("default", "默认")


class ModelsDesk:
    """Shared by all conversations; nothing to close. ``models`` is the service's own chain."""

    def __init__(
        self,
        *,
        saying: Saying,
        changing: Changing,
        catalogue: Catalogue,
        models: Sequence[str],
    ) -> None:
        self._saying = saying
        self._changing = changing
        self._catalogue = catalogue
        self._models = models

    @property
    def orders(self) -> Mapping[CommandName, OrderHandler]:
        return {CommandName.MODEL: self._model}

    @property
    def presses(self) -> Mapping[str, PressHandler]:
        return {"model": self._press}

    async def _model(self, order: Order) -> None:
        offer = await self._offer(order.visit)
        if not order.argument:
            await self._show(order, home_page(offer))
        elif order.argument.casefold() in _DEFAULT_WORDS:
            await self._return(order)
        else:
            await self._find(order, offer)

    async def _find(self, order: Order, offer: Offer) -> None:
        words, language = literal(order.argument), order.language
        match find_model(order.argument, offer.known, offer.catalogue.successor):
            case Meant(model=model):
                await self._choose(order, offer, model)
            case Replaced(model=model):
                text = say("models_replaced", language, words=words, model=code(model))
                await self._show(order, Page(text=text, rows=choices((model,))))
            case Several(models=models):
                text = say("models_several", language, words=words, count=len(models))
                await self._show(order, Page(text=text, rows=choices(models)))
            case Close(models=models):
                text = say("models_close" if models else "models_unknown", language, words=words)
                await self._show(order, Page(text=text, rows=choices(models)))
            case never:
                assert_never(never)

    async def _choose(self, order: Order, offer: Offer, model: str) -> None:
        if await self._changing.by_order(order, _choice(model)) is not None:
            can = abilities(offer, model)
            text = say("models_set", order.language, model=code(model), abilities=can).strip()
            await self._saying.say(order.turn, order.message, text)

    async def _return(self, order: Order) -> None:
        """Back to what the persona or the service asks for; the page says what that is."""
        visit = await self._changing.by_order(order, _choice(""))
        if visit is not None:
            await self._show(order, home_page(await self._offer(visit)))

    async def _show(self, order: Order, page: Page) -> None:
        await self._saying.say(order.turn, order.message, page.text, buttons=page.rows)

    # --- buttons ------------------------------------------------------------------------------------------

    async def _press(self, press: Press) -> bool:
        action, _, target = press.target.partition(":")
        offer = await self._offer(press.visit)
        match action:
            case "home":
                page: Page | None = home_page(offer)
            case "at":
                page = _vendor_page(offer, target)
            case "use" | "default":
                return await self._press_choice(press, offer, action, target)
            case _:
                page = None
        if page is None:
            return False
        await self._saying.answer_button(press.event)
        await self._saying.redraw(press.event, page.text, buttons=page.rows)
        return True

    async def _press_choice(self, press: Press, offer: Offer, action: str, target: str) -> bool:
        model = offer.named(target) if action == "use" else ""
        if model is None:
            return False
        visit = await self._changing.by_press(press, _choice(model))
        if visit is not None:
            log.info("chat_model_chosen", model=model, author=press.event.author.id)
            page = home_page(await self._offer(visit))
            await self._saying.redraw(press.event, page.text, buttons=page.rows)
        return True

    async def _offer(self, visit: Visit) -> Offer:
        listing = await self._catalogue.listing()
        return Offer(visit=visit, listing=listing, catalogue=self._catalogue, service=self._models)


def _vendor_page(offer: Offer, target: str) -> Page | None:
    handle, _, number = target.rpartition(":")
    vendor = offer.vendor_named(handle)
    if vendor is None or not (number.isascii() and number.isdigit() and len(number) < 4):
        return None
    return vendor_page(offer, vendor, int(number))


def _choice(model: str) -> Change:
    return {"model": model or None}

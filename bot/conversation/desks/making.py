"""/image and /video: pictures and films from words or from pictures, and the buttons under them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import structlog

from bot.conversation.commands import CommandName
from bot.conversation.desk import Order, OrderHandler, Press, PressHandler
from bot.conversation.drawing.commissions import commissioned
from bot.conversation.drawing.prompt import better_prompt
from bot.conversation.drawing.source import NoPicture, Sources
from bot.conversation.drawing.studio import Customer, Studio
from bot.conversation.drawing.wish import Wish, WishFault, load_wish, parse_wish
from bot.conversation.saying import Saying
from bot.errors import ProviderError
from bot.ports import ChatModel
from bot.rendering import literal
from bot.storage.drawings import Job, Kind
from bot.storage.readings import pictures_of
from bot.texts import say

__all__ = ["MakingDesk"]

log = structlog.get_logger(__name__)

_USAGE: Final = {Kind.PICTURE: "draw_usage", Kind.FILM: "film_usage"}


class MakingDesk:
    """Shared by all conversations; nothing to close. Without a ``studio`` it says that nothing is made here.

    ``models`` is the service's own chain of chat models.
    """

    def __init__(
        self,
        *,
        saying: Saying,
        studio: Studio | None,
        sources: Sources,
        model: ChatModel,
        models: tuple[str, ...],
    ) -> None:
        self._saying = saying
        self._studio = studio
        self._sources = sources
        self._model = model
        self._models = models

    @property
    def orders(self) -> Mapping[CommandName, OrderHandler]:
        return {CommandName.IMAGE: self._image, CommandName.VIDEO: self._video}

    @property
    def presses(self) -> Mapping[str, PressHandler]:
        return {"draw": self._press, "film": self._press}

    async def _image(self, order: Order) -> None:
        await self._take(order, Kind.PICTURE)

    async def _video(self, order: Order) -> None:
        await self._take(order, Kind.FILM)

    async def _take(self, order: Order, kind: Kind) -> None:
        try:
            await self._order(order, kind)
        except WishFault as fault:
            await self._saying.say(order.turn, order.message, _explain(fault, order.language))
        else:
            await order.turn.finish(lambda conn: None)

    async def _order(self, order: Order, kind: Kind) -> None:
        if self._studio is None:
            raise WishFault("draw_off")
        wish = parse_wish(order.argument)
        if not wish.prompt:
            raise WishFault(_USAGE[kind])
        pictures = await self._sources.find(order)
        customer = Customer(
            author=order.message.author,
            chat_kind=order.message.chat_kind,
            reply_to=order.message.message_id,
            language=order.language,
        )
        await self._studio.take(order.turn, customer, wish, kind, pictures=len(pictures))

    # --- buttons --------------------------------------------------------------------------------------------

    async def _press(self, press: Press) -> bool:
        action, _, target = press.target.partition(":")
        if self._studio is None:
            return False
        if action == "order":
            return await self._commission(press, self._studio)
        job = await self._studio.order_named(press, target)
        if job is None:
            return False
        match action:
            case "step":
                return await self._studio.step(press, job)
            case "cancel":
                return await self._cancel(press, job, self._studio)
            case "again":
                return await self._repeat(press, job, action, self._studio)
            case "other" | "better" if job.kind is Kind.PICTURE:
                return await self._repeat(press, job, action, self._studio)
            case _:
                return False

    async def _commission(self, press: Press, studio: Studio) -> bool:
        """Take what an answer has ordered by the tool."""
        try:
            wanted = await press.turn.effect(lambda conn: commissioned(conn, press.event))
            if wanted is None:
                return False
            if wanted.source is not None:
                await self._sources.copy(press.turn, wanted.source)
            customer = _customer(press, reply_to=press.event.message_id)
            pictures = int(wanted.redraws)
            await studio.take(press.turn, customer, wanted.wish, Kind.PICTURE, pictures=pictures)
        except WishFault as fault:
            await self._refuse(press, fault)
        return True

    async def _repeat(self, press: Press, job: Job, action: str, studio: Studio) -> bool:
        """Take the same order anew, changed as the button says."""
        wish = replace(load_wish(job.wish), prompt=job.prompt)
        if not wish.prompt:
            return False
        shown = (await press.turn.effect(lambda conn: pictures_of(conn, [job.turn_id]))).get(job.turn_id, ())
        if shown and not any(picture.data for picture in shown):
            await self._saying.answer_button(press.event, say("draw_source_gone", press.language))
            return True
        if shown:  # by the same model: another may take fewer of them
            wish = replace(wish, model=job.model)
        if action != "again":
            wish = replace(wish, seed=None)
        await self._saying.answer_button(press.event)
        try:
            if action == "better":
                wish = replace(wish, prompt=await self._better(press, wish))
            customer = _customer(press, reply_to=job.reply_to, copies=job.turn_id)
            await studio.take(press.turn, customer, wish, job.kind, pictures=min(len(shown), 1))
        except WishFault as fault:
            await self._refuse(press, fault)
        return True

    async def _better(self, press: Press, wish: Wish) -> str:
        """A better prompt for it. Raises WishFault."""
        models = press.visit.persona.models or self._models
        try:
            prompt = await better_prompt(self._model, models, wish.prompt)
        except ProviderError as exc:
            log.warning("prompt_not_written", reason=str(exc))
            prompt = ""
        if not prompt:
            raise WishFault("draw_prompt_failed")
        return prompt

    async def _cancel(self, press: Press, job: Job, studio: Studio) -> bool:
        """Take an order back for the person who gave it, or for an admin."""
        if press.event.author.id != job.author_id and not press.visit.is_admin:
            await self._saying.answer_button(press.event, say("draw_not_yours", press.language))
            return True
        cancelled = await studio.cancel(press, job)
        await self._saying.answer_button(press.event, "" if cancelled else say("button_done", press.language))
        return True

    async def _refuse(self, press: Press, fault: WishFault) -> None:
        await self._saying.announce(press.turn, press.event.chat_kind, _explain(fault, press.language))


def _customer(press: Press, *, reply_to: str, copies: int | None = None) -> Customer:
    return Customer(
        author=press.event.author,
        chat_kind=press.event.chat_kind,
        reply_to=reply_to,
        language=press.language,
        copies=copies,
    )


def _explain(fault: WishFault, language: str) -> str:
    """Why a wish can't be met, as Markdown."""
    if isinstance(fault, NoPicture) and fault.remark:
        return fault.remark
    words = {name: literal(str(word), longest=400) for name, word in fault.words.items()}
    return say(fault.key, language, **words)

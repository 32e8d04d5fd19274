"""/video: a film from words or from a picture, and the buttons under it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.conversation.commands import CommandName
from bot.conversation.desk import Order, OrderHandler, Press, PressHandler
from bot.conversation.desks.drawing import customer_again, explain, press_cancel
from bot.conversation.drawing.source import Sources
from bot.conversation.drawing.studio import Customer, Studio
from bot.conversation.drawing.wish import WishFault, load_wish, parse_wish
from bot.conversation.saying import Saying
from bot.storage.drawings import Job
from bot.storage.readings import pictures_of
from bot.texts import say

__all__ = ["FilmingDesk"]


class FilmingDesk:
    """Shared by all conversations; nothing to close. Without a ``studio`` it says so."""

    def __init__(self, *, saying: Saying, studio: Studio | None, sources: Sources) -> None:
        self._saying = saying
        self._studio = studio
        self._sources = sources

    @property
    def orders(self) -> Mapping[CommandName, OrderHandler]:
        return {CommandName.VIDEO: self._video}

    @property
    def presses(self) -> Mapping[str, PressHandler]:
        return {"film": self._press}

    async def _video(self, order: Order) -> None:
        try:
            await self._take(order)
        except WishFault as fault:
            await self._saying.say(order.turn, order.message, explain(fault, order.language))
        else:
            await order.turn.finish(lambda conn: None)

    async def _take(self, order: Order) -> None:
        if self._studio is None:
            raise WishFault("draw_off")
        wish = parse_wish(order.argument)
        if not wish.prompt:
            raise WishFault("film_usage")
        if wish.count > 1:
            raise WishFault("film_one")
        source = await self._sources.find(order)
        customer = Customer(
            author=order.message.author,
            chat_kind=order.message.chat_kind,
            reply_to=order.message.message_id,
            language=order.language,
        )
        await self._studio.take_film(order.turn, customer, wish, animates=source is not None)

    async def _press(self, press: Press) -> bool:
        action, _, target = press.target.partition(":")
        if self._studio is None:
            return False
        job = await self._studio.order_named(press, target)
        if job is None:
            return False
        match action:
            case "step":
                return await self._studio.step(press, job)
            case "cancel":
                return await press_cancel(press, job, studio=self._studio, saying=self._saying)
            case "again":
                return await self._repeat(press, job, self._studio)
            case _:
                return False

    async def _repeat(self, press: Press, job: Job, studio: Studio) -> bool:
        wish = replace(load_wish(job.wish), prompt=job.prompt)
        if not wish.prompt:
            return False
        shown = (await press.turn.effect(lambda conn: pictures_of(conn, [job.turn_id]))).get(job.turn_id, ())
        if shown and not any(picture.data for picture in shown):
            await self._saying.answer_button(press.event, say("draw_source_gone", press.language))
            return True
        await self._saying.answer_button(press.event)
        try:
            await studio.take_film(press.turn, customer_again(press, job), wish, animates=bool(shown))
        except WishFault as fault:
            await self._saying.announce(press.turn, press.event.chat_kind, explain(fault, press.language))
        return True

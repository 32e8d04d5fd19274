"""/image: pictures from words or from a picture, and the buttons under them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import structlog

from bot.conversation.commands import CommandName
from bot.conversation.desk import Order, OrderHandler, Press, PressHandler
from bot.conversation.drawing.prompt import better_prompt
from bot.conversation.drawing.source import NoPicture, Sources
from bot.conversation.drawing.studio import Customer, Studio
from bot.conversation.drawing.wish import Wish, WishFault, load_wish, parse_wish
from bot.conversation.saying import Saying
from bot.errors import ProviderError
from bot.ports import ChatModel
from bot.rendering import literal
from bot.storage.drawings import Job
from bot.storage.readings import pictures_of
from bot.texts import say

__all__ = ["DrawingDesk", "customer_again", "explain", "press_cancel"]

log = structlog.get_logger(__name__)


class DrawingDesk:
    """Shared by all conversations; nothing to close. Without a ``studio`` it says that nothing is drawn here.

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
        return {CommandName.IMAGE: self._image}

    @property
    def presses(self) -> Mapping[str, PressHandler]:
        return {"draw": self._press}

    async def _image(self, order: Order) -> None:
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
            raise WishFault("draw_usage")
        source = await self._sources.find(order)
        customer = Customer(
            author=order.message.author,
            chat_kind=order.message.chat_kind,
            reply_to=order.message.message_id,
            language=order.language,
        )
        await self._studio.take_picture(order.turn, customer, wish, redraws=source is not None)

    # --- buttons --------------------------------------------------------------------------------------------

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
            case "again" | "other" | "better":
                return await self._repeat(press, job, action, self._studio)
            case _:
                return False

    async def _repeat(self, press: Press, job: Job, action: str, studio: Studio) -> bool:
        """Take the same order anew, changed as the button says."""
        wish = replace(load_wish(job.wish), prompt=job.prompt)
        if not wish.prompt:
            return False
        shown = (await press.turn.effect(lambda conn: pictures_of(conn, [job.turn_id]))).get(job.turn_id, ())
        if shown and not any(picture.data for picture in shown):
            await self._saying.answer_button(press.event, say("draw_source_gone", press.language))
            return True
        if action != "again":
            wish = replace(wish, seed=None)
        await self._saying.answer_button(press.event)
        try:
            if action == "better":
                wish = replace(wish, prompt=await self._better(press, wish))
            await studio.take_picture(press.turn, customer_again(press, job), wish, redraws=bool(shown))
        except WishFault as fault:
            await self._saying.announce(press.turn, press.event.chat_kind, explain(fault, press.language))
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


def customer_again(press: Press, job: Job) -> Customer:
    """Who presses a button under something that was made orders it anew."""
    return Customer(
        author=press.event.author,
        chat_kind=press.event.chat_kind,
        reply_to=job.reply_to,
        language=press.language,
        copies=job.turn_id,
    )


async def press_cancel(press: Press, job: Job, *, studio: Studio, saying: Saying) -> bool:
    """Take an order back for the person who gave it, or for an admin."""
    if press.event.author.id != job.author_id and not press.visit.is_admin:
        await saying.answer_button(press.event, say("draw_not_yours", press.language))
        return True
    cancelled = await studio.cancel(press, job)
    await saying.answer_button(press.event, "" if cancelled else say("button_done", press.language))
    return True


def explain(fault: WishFault, language: str) -> str:
    """Why a wish can't be met, as Markdown."""
    if isinstance(fault, NoPicture) and fault.remark:
        return fault.remark
    words = {name: literal(str(word), longest=400) for name, word in fault.words.items()}
    return say(fault.key, language, **words)

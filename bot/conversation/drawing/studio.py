"""Takes orders for pictures and films, has them worked on, and takes them back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import structlog

from bot.conversation.desk import Press
from bot.conversation.drawing.bench import TIMER, Bench, Order, cancel_row
from bot.conversation.drawing.drawing import Drawing
from bot.conversation.drawing.filming import LONGEST_FILMING_SECONDS, Filming
from bot.conversation.drawing.wish import Wish, WishFault, dump_wish
from bot.errors import ChatClosed, Fenced
from bot.messages import Author, ChatKind
from bot.ports import CancelReason, Engine, Turn
from bot.storage.drawings import Job, Kind, Stage, add_job, count_open, end_job, job_of
from bot.storage.readings import copy_readings
from bot.texts import say

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["Customer", "Studio"]

log = structlog.get_logger(__name__)

_MOST_PICTURES_OPEN: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Who orders, in what kind of chat, by which message, and the language to speak.

    ``copies`` is an order whose picture this one begins with too.
    """

    author: Author
    chat_kind: ChatKind
    reply_to: str
    language: str
    copies: int | None = None


class Studio:
    """Shared by all conversations; nothing to close.

    Orders are rows and their turns durable timers, worked on beside the conversation: waiting in the
    provider's line for minutes must neither hold the chat up nor be lost with the process.
    """

    def __init__(self, *, engine: Engine, bench: Bench, drawing: Drawing, filming: Filming) -> None:
        self._engine = engine
        self._bench = bench
        self.drawing = drawing
        self.filming = filming

    async def take_picture(self, turn: Turn, customer: Customer, wish: Wish, *, redraws: bool) -> None:
        """Take an order for pictures; the turn is left open. Raises WishFault, and what storage raises."""
        model = self.drawing.choose(wish, redraws=redraws)
        job = self._job(turn, customer, wish, kind=Kind.PICTURE, model=model.id, places=wish.count)
        await self._take(turn, customer, job, self._store_picture)

    async def take_film(self, turn: Turn, customer: Customer, wish: Wish, *, animates: bool) -> None:
        """Take an order for a film; the turn is left open. Raises WishFault, and what storage raises."""
        model = self.filming.choose(wish, animates=animates)
        job = self._job(turn, customer, wish, kind=Kind.FILM, model=model.id, places=1)
        await self._take(turn, customer, job, self._store_film)

    async def step(self, press: Press, job: Job) -> bool:
        """Go on with an order, if a timer asks for that; anybody else is refused.

        Raises what the engine should try again; after its last try the person is told.
        """
        if not press.event.event_id.startswith(TIMER):
            return False
        order = Order(turn=press.turn, job=job, author=press.event.author, language=press.language)
        try:
            await self._work(order)
        except ChatClosed:
            await press.turn.effect(lambda conn: end_job(conn, job.turn_id, Stage.FAILED))
            raise
        except (asyncio.CancelledError, Fenced):
            raise
        except Exception:
            if press.turn.last_attempt:
                await self._bench.fail(order, say("broken", press.language))
            raise
        return True

    async def cancel(self, press: Press, job: Job) -> bool:
        """Take an order back; whether it was still open."""
        order = Order(turn=press.turn, job=job, author=press.event.author, language=press.language)
        cancelled = await self._bench.cancel(order)
        if cancelled and job.working_turn:
            await self._engine.stop(press.turn.key, reason=CancelReason.USER, turn_id=job.working_turn)
        return cancelled

    @staticmethod
    async def order_named(press: Press, target: str) -> Job | None:
        """The order a button names, if it was given in the conversation the button was pressed in."""
        if not (target.isascii() and target.isdigit() and len(target) < 19):
            return None
        job = await press.turn.effect(lambda conn: job_of(conn, int(target)))
        return job if job is not None and job.conversation == str(press.turn.key) else None

    async def _work(self, order: Order) -> None:
        job = order.job
        if not job.is_open:
            return
        if job.stage is Stage.MADE:
            await self._bench.deliver(order)
        elif job.kind is Kind.PICTURE:
            await self.drawing.work(order)
        else:
            await self.filming.work(order)

    # --- taking orders --------------------------------------------------------------------------------------

    def _job(self, turn: Turn, customer: Customer, wish: Wish, *, kind: Kind, model: str, places: int) -> Job:
        now = self._bench.now()
        return Job(
            turn_id=turn.id,
            conversation=str(turn.key),
            chat_kind=customer.chat_kind,
            author_id=customer.author.id,
            kind=kind,
            prompt=wish.prompt,
            wish=dump_wish(wish),
            model=model,
            places=places,
            reply_to=customer.reply_to,
            due_at=now,
            created_at=now,
        )

    async def _take(
        self, turn: Turn, customer: Customer, job: Job, store: Callable[[Connection, Job], Job]
    ) -> None:
        def change(conn: Connection) -> Job:
            known = job_of(conn, turn.id)
            if known is None:
                known = store(conn, job)
                if customer.copies is not None:
                    copy_readings(conn, turn_id=turn.id, from_turn=customer.copies)
            return known

        stored = await turn.effect(change)
        if stored.stage is not Stage.WAITING:
            return  # an earlier attempt came this far, and it is being worked on
        order = Order(turn=turn, job=stored, author=customer.author, language=customer.language)
        try:
            await self._begin(order)
        except ChatClosed:
            await turn.effect(lambda conn: end_job(conn, turn.id, Stage.FAILED))
            raise

    async def _begin(self, order: Order) -> None:
        job = order.job
        text = await self._opening(order)
        begun = await self._bench.easel.begin(order.turn, job, text, cancel_row(job, order.language))
        order = Order(turn=order.turn, job=begun, author=order.author, language=order.language)
        await self._bench.call_again(order, at=min(job.due_at, self._bench.now() + 1.0))

    async def _opening(self, order: Order) -> str:
        if order.job.kind is Kind.FILM:
            return say("film_begun", order.language)
        if order.job.due_at <= self._bench.now():
            return say("draw_begun", order.language)
        return await self.drawing.line(order)

    def _store_picture(self, conn: Connection, job: Job) -> Job:
        since = self._bench.now() - LONGEST_FILMING_SECONDS * 2
        if count_open(conn, job, since=since) >= _MOST_PICTURES_OPEN:
            raise WishFault("draw_many_open", most=_MOST_PICTURES_OPEN)
        due = self.drawing.reserve(conn, job, now=self._bench.now())
        return add_job(conn, replace(job, due_at=due))

    def _store_film(self, conn: Connection, job: Job) -> Job:
        if count_open(conn, job, since=self._bench.now() - LONGEST_FILMING_SECONDS):
            raise WishFault("film_one")
        return add_job(conn, job)

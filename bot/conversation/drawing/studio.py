"""Takes orders for pictures and films, has them worked on, and takes them back."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import structlog

from bot.conversation.desk import Press
from bot.conversation.drawing.bench import TIMER, Bench, Order, cancel_row
from bot.conversation.drawing.wish import Wish, dump_wish
from bot.conversation.visit import Visit
from bot.errors import ChatClosed, Fenced
from bot.messages import Author, ChatKind
from bot.ports import CancelReason, Engine, Turn
from bot.storage.drawings import Job, Kind, Stage, add_job, end_job, job_of, open_jobs_of
from bot.storage.readings import copy_readings
from bot.texts import say

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["Customer", "Maker", "Studio"]

log = structlog.get_logger(__name__)


class Maker(Protocol):
    """Makes one kind of thing."""

    def choose(self, wish: Wish, *, pictures: int) -> str:
        """The model that will do it, from so many pictures. Raises WishFault."""

    def reserve(self, conn: Connection, job: Job) -> float:
        """When a new order gets its turn. Raises WishFault when it is one too many."""

    async def opening(self, order: Order) -> str:
        """The first words of the line about it."""

    async def work(self, order: Order) -> None:
        """Go on with an order that is not made yet. Raises Fenced, StorageError, ChatClosed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Who orders, in what kind of chat, by which message, and the language to speak.

    ``copies`` is a turn whose pictures the order begins with too.
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

    def __init__(self, *, engine: Engine, bench: Bench, makers: Mapping[Kind, Maker]) -> None:
        self._engine = engine
        self._bench = bench
        self._makers = makers

    def choose(self, wish: Wish, kind: Kind, *, pictures: int) -> str:
        """The model that would meet a wish, with so many pictures to begin with. Raises WishFault."""
        return self._makers[kind].choose(wish, pictures=pictures)

    async def take(self, turn: Turn, customer: Customer, wish: Wish, kind: Kind, *, pictures: int) -> None:
        """Take an order, once however often the turn runs; the turn is left open.

        ``pictures`` to begin with are stored with the turn, or with the one that the customer copies. Raises
        WishFault, and what storage raises.
        """
        job = self._job(turn, customer, wish, kind, self.choose(wish, kind, pictures=pictures))

        def store(conn: Connection) -> Job:
            known = job_of(conn, turn.id)
            if known is not None:
                return known
            due = self._makers[kind].reserve(conn, job)
            if customer.copies is not None:
                copy_readings(conn, turn_id=turn.id, from_turn=customer.copies)
            return add_job(conn, replace(job, due_at=due))

        stored = await turn.effect(store)
        if stored.stage is not Stage.WAITING:
            return  # an earlier attempt came this far, and it is being worked on
        try:
            await self._begin(
                Order(turn=turn, job=stored, author=customer.author, language=customer.language)
            )
        except ChatClosed:
            await turn.effect(lambda conn: end_job(conn, turn.id, Stage.FAILED))
            raise

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
        return await self._cancel(
            Order(turn=press.turn, job=job, author=press.event.author, language=press.language)
        )

    async def withdraw(self, turn: Turn, visit: Visit, event_ids: Sequence[str]) -> None:
        """Take back what was ordered by these events and is not over yet."""
        for job in await turn.effect(lambda conn: open_jobs_of(conn, turn.key, event_ids)):
            await self._cancel(Order(turn=turn, job=job, author=visit.author, language=visit.language))

    async def _cancel(self, order: Order) -> bool:
        cancelled = await self._bench.cancel(order)
        if cancelled and order.job.working_turn:
            await self._engine.stop(order.key, reason=CancelReason.USER, turn_id=order.job.working_turn)
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
        else:
            await self._makers[job.kind].work(order)

    # --- taking orders --------------------------------------------------------------------------------------

    def _job(self, turn: Turn, customer: Customer, wish: Wish, kind: Kind, model: str) -> Job:
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
            places=wish.count,
            reply_to=customer.reply_to,
            due_at=now,
            created_at=now,
        )

    async def _begin(self, order: Order) -> None:
        job = order.job
        text = await self._makers[job.kind].opening(order)
        begun = await self._bench.easel.begin(order.turn, job, text, cancel_row(job, order.language))
        await self._bench.call_again(order.now(begun), at=min(job.due_at, self._bench.now() + 1.0))

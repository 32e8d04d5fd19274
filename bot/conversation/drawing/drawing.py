"""Draws: waits in the provider's line, has the pictures made once, fetches them, and shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog

from bot.conversation.drawing.bench import Bench, Order
from bot.conversation.drawing.faults import in_words, is_limited
from bot.conversation.drawing.making import Making
from bot.conversation.drawing.wish import Wish, WishFault, choose_model, load_wish, named, size_for
from bot.errors import ProviderError, ProviderUnavailable
from bot.ports import DrawingRequest, Picture
from bot.storage.drawings import (
    Job,
    Pace,
    Stage,
    begin_drawing,
    change_job,
    count_open,
    free_at,
    place_in_line,
    save_results,
)
from bot.texts import say

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["Drawing"]

log = structlog.get_logger(__name__)

_LONGEST_LINE_SECONDS: Final = 1_800.0
# Orders that are open so long will never end, and keep nobody from giving others.
_STALE_SECONDS: Final = 3_600.0
_MOST_OPEN: Final = 4
_HOUR: Final = 3_600.0
# How long the provider keeps what it drew (facts: SiliconFlow §7).
_KEPT_SECONDS: Final = _HOUR
_REFRESH_SECONDS: Final = 20.0
_LIMITED_TRIES: Final = 12
_TRIES: Final = 3


class Drawing:
    """A Maker. Shared by all conversations; nothing to close."""

    def __init__(self, *, bench: Bench, making: Making) -> None:
        self._bench = bench
        self._making = making

    def choose(self, wish: Wish, *, pictures: int) -> str:
        """See Maker.choose."""
        models = [self._making.painter.about(model) for model in self._making.drawing_models]
        return choose_model(wish, models, pictures=pictures).id

    def reserve(self, conn: Connection, job: Job) -> float:
        """See Maker.reserve."""
        now = self._bench.now()
        if count_open(conn, job, since=now - _STALE_SECONDS) >= _MOST_OPEN:
            raise WishFault("draw_many_open", most=_MOST_OPEN)
        due = free_at(conn, job.model, self._pace(job.model), count=job.places, now=now)
        if due - now > 2 * _HOUR:
            raise WishFault("draw_day_full", hours=round((due - now) / _HOUR))
        if due - now > _LONGEST_LINE_SECONDS:
            raise WishFault("draw_line_long", minutes=round((due - now) / 60))
        return due

    async def opening(self, order: Order) -> str:
        """See Maker.opening."""
        if order.job.due_at <= self._bench.now():
            return say("draw_begun", order.language)
        return await self._line(order)

    async def work(self, order: Order) -> None:
        """See Maker.work."""
        if order.job.addresses:
            await self._resume(order)
        else:
            await self._take_its_turn(order)

    async def _take_its_turn(self, order: Order) -> None:
        turn, job = order.turn, order.job
        pace = self._pace(job.model)
        begun = await turn.effect(
            lambda conn: begin_drawing(conn, job.turn_id, pace, now=self._bench.now(), working_turn=turn.id)
        )
        if begun is None:
            return
        if begun.stage is Stage.WAITING:
            await self._wait(order.now(begun))
        else:
            await self._draw(order.now(begun))

    async def _line(self, order: Order) -> str:
        """What the order's line says while it waits."""
        now = self._bench.now()
        place = await order.turn.effect(lambda conn: place_in_line(conn, order.job, now=now))
        return waiting_text(place, order.job.due_at - now, order.language)

    async def _wait(self, order: Order) -> None:
        """Not yet: say which place it has now."""
        await self._bench.say(order, await self._line(order))
        await self._bench.call_again(order, at=min(order.job.due_at, self._bench.now() + _REFRESH_SECONDS))

    async def _draw(self, order: Order) -> None:
        job = order.job
        await self._bench.say(order, say("draw_working", order.language, model=named(job.model)))
        request = self._request(job, await self._bench.sources(order))
        try:
            drawn = await self._making.painter.draw(request)
        except ProviderError as exc:
            await self._recover(order, exc)
            return
        log.info("pictures_drawn", model=job.model, count=len(drawn.urls), trace_id=drawn.trace_id)
        # Noted before they are fetched: whatever happens from here on, they are paid for and not drawn again.
        noted = await order.turn.effect(
            lambda conn: save_results(conn, job.turn_id, drawn.urls, seed=drawn.seed)
        )
        if noted is not None:
            await self._fetch(order.now(noted))

    async def _resume(self, order: Order) -> None:
        """The pictures are drawn and only to be fetched: there is no line for that."""
        turn, job = order.turn, order.job
        noted = await turn.effect(lambda conn: change_job(conn, job.turn_id, working_turn=turn.id))
        if noted is not None:
            await self._fetch(order.now(noted))

    async def _fetch(self, order: Order) -> None:
        job = order.job
        try:
            pictures = await self._making.painter.fetch(job.addresses, model=job.model)
        except ProviderUnavailable as exc:
            log.warning("pictures_not_fetched", model=job.model, reason=str(exc))
            await self._fetch_later(order)
        except ProviderError as exc:
            log.warning("pictures_not_fetched", model=job.model, reason=str(exc))
            # An address that is refused has expired; otherwise what is there is no picture, or far too large.
            gone = say("draw_gone", order.language)
            await self._bench.fail(order, gone if exc.status else in_words(exc, order.language))
        else:
            await self._bench.hand_over(order, pictures, seed=job.seed)

    async def _fetch_later(self, order: Order) -> None:
        """Less and less often, until nothing can be at the addresses any more."""
        job = order.job
        if self._bench.now() - job.begun_at > _KEPT_SECONDS:
            await self._bench.fail(order, say("draw_gone", order.language))
            return
        # It stays begun, which is what counts towards the provider's limits.
        seconds = self._making.again_seconds * (job.failures + 1)
        await self._bench.put_off(order, seconds=seconds, stage=Stage.MAKING)

    async def _recover(self, order: Order, error: ProviderError) -> None:
        """A full minute passes, an overload mostly too; what was refused stays refused."""
        job = order.job
        log.warning("drawing_failed", model=job.model, reason=str(error), trace_id=error.trace_id)
        if is_limited(error) and job.failures < _LIMITED_TRIES:
            waiting = await self._bench.put_off(order, seconds=self._limited_seconds(error))
            if waiting is not None:
                await self._bench.say(order.now(waiting), await self._line(order.now(waiting)))
        elif isinstance(error, ProviderUnavailable) and job.failures < _TRIES and not is_limited(error):
            await self._bench.put_off(order, seconds=self._making.again_seconds)
        else:
            await self._bench.fail(order, in_words(error, order.language))

    def _limited_seconds(self, error: ProviderError) -> float:
        return error.retry_after_seconds or self._making.minute_seconds / 2

    def _request(self, job: Job, sources: tuple[Picture, ...]) -> DrawingRequest:
        wish, model = load_wish(job.wish), self._making.painter.about(job.model)
        return DrawingRequest(
            model=job.model,
            prompt=job.prompt,
            size=size_for(wish.size, model.sizes),
            count=job.places,
            negative=wish.negative,
            seed=wish.seed,
            steps=wish.steps,
            guidance=wish.guidance,
            sources=sources[: model.most_sources],
        )

    def _pace(self, model: str) -> Pace:
        about = self._making.painter.about(model)
        return Pace(
            per_minute=about.per_minute,
            per_day=about.per_day,
            minute_seconds=self._making.minute_seconds,
        )


def waiting_text(place: int, seconds: float, language: str) -> str:
    """A place in line, and about how long it takes."""
    whole = max(1, round(seconds))
    wait = f"{whole} s" if whole < 100 else f"{round(whole / 60)} min"
    if language == "zh":
        wait = f"{whole} 秒" if whole < 100 else f"{round(whole / 60)} 分钟"
    number = str(place) if language == "zh" else _ordinal(place)
    return say("draw_line", language, place=number, wait=wait)


def _ordinal(number: int) -> str:
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"

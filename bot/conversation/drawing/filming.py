"""Films: begins the provider's job, asks after it by a durable timer, and shows the film once it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog

from bot.conversation.drawing.bench import Bench, Order
from bot.conversation.drawing.faults import film_failure_in_words, in_words, is_limited
from bot.conversation.drawing.making import Making
from bot.conversation.drawing.wish import Wish, WishFault, load_wish, size_for
from bot.errors import ProviderError, ProviderUnavailable
from bot.ports import FilmJob, FilmRequest, FilmState, Picture
from bot.storage.drawings import Job, Stage, change_job, count_open
from bot.texts import say

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["Filming"]

log = structlog.get_logger(__name__)

_LONGEST_SECONDS: Final = 1_800.0
_TRIES: Final = 8
_MINUTE: Final = 60


class Filming:
    """A Maker. Shared by all conversations; nothing to close."""

    def __init__(self, *, bench: Bench, making: Making) -> None:
        self._bench = bench
        self._making = making

    def choose(self, wish: Wish, *, pictures: int) -> str:
        """See Maker.choose."""
        if wish.count > 1:
            raise WishFault("film_one")
        if pictures > 1:
            raise WishFault("draw_sources", most=1)
        models = [self._making.filmmaker.about(model) for model in self._making.filming_models]
        able = [model for model in models if model.animates == bool(pictures)]
        if not models:
            raise WishFault("draw_off")
        if not able:
            raise WishFault("film_no_animator" if pictures else "film_no_model")
        if size_for(wish.size, able[0].sizes) is None:
            listed = ", ".join(str(size) for size in able[0].sizes)
            raise WishFault("draw_size", size=wish.size, sizes=listed)
        return able[0].id

    def reserve(self, conn: Connection, job: Job) -> float:
        """See Maker.reserve."""
        now = self._bench.now()
        if count_open(conn, job, since=now - _LONGEST_SECONDS):
            raise WishFault("film_one")
        return now

    async def opening(self, order: Order) -> str:
        """See Maker.opening."""
        return say("film_begun", order.language)

    async def work(self, order: Order) -> None:
        """See Maker.work."""
        if order.job.provider_id:
            await self._look(order)
        elif self._is_late(order):
            await self._bench.fail(order, say("film_late", order.language))
        else:
            await self._submit(order)

    async def _submit(self, order: Order) -> None:
        turn, job = order.turn, order.job
        # Noted first: a process that dies in the call leaves one that may have been begun, which counts.
        interrupted = job.stage is Stage.MAKING
        begun = await turn.effect(
            lambda conn: change_job(
                conn,
                job.turn_id,
                stage=Stage.MAKING,
                begun_at=self._bench.now(),
                working_turn=turn.id,
                failures=job.failures + interrupted,
            )
        )
        if begun is None:
            return
        order = order.now(begun)
        request = self._request(job, await self._bench.sources(order))
        try:
            number = await self._making.filmmaker.submit(request)
        except ProviderError as exc:
            await self._recover(order, exc)
            return
        log.info("film_begun", model=job.model)
        begun = await turn.effect(lambda conn: change_job(conn, job.turn_id, provider_id=number))
        if begun is not None:
            await self._bench.call_again(order, at=self._bench.now() + self._making.poll_seconds)

    async def _look(self, order: Order) -> None:
        try:
            film = await self._making.filmmaker.look(order.job.provider_id)
        except ProviderUnavailable as exc:
            log.warning("film_not_looked_after", reason=str(exc), trace_id=exc.trace_id)
            await self._wait(order, self._making.again_seconds)
        except ProviderError as exc:
            await self._bench.fail(order, in_words(exc, order.language))
        else:
            await self._go_on(order, film)

    async def _go_on(self, order: Order, film: FilmJob) -> None:
        match film.state:
            case FilmState.WAITING | FilmState.FILMING:
                await self._bench.say(order, self._progress(order, film.state))
                await self._wait(order, self._making.poll_seconds)
            case FilmState.DONE:
                await self._fetch(order, film)
            case FilmState.FAILED:
                log.warning("film_failed", model=order.job.model, reason=film.reason)
                await self._bench.fail(order, film_failure_in_words(film.reason, order.language))
            case FilmState.GONE:
                await self._bench.fail(order, say("film_gone", order.language))

    async def _wait(self, order: Order, seconds: float) -> None:
        """Ask after it later, unless that has gone on for too long."""
        if self._is_late(order):
            await self._bench.fail(order, say("film_late", order.language))
        else:
            await self._bench.call_again(order, at=self._bench.now() + seconds)

    async def _fetch(self, order: Order, film: FilmJob) -> None:
        try:
            made = await self._making.filmmaker.fetch(film.url)
        except ProviderUnavailable as exc:
            log.warning("film_not_fetched", reason=str(exc))
            await self._wait(order, self._making.poll_seconds)
        except ProviderError as exc:
            log.warning("film_not_fetched", reason=str(exc))
            # An address that is refused has expired; otherwise what is there is no film, or far too large.
            key = "film_gone" if exc.status else "film_unusable"
            await self._bench.fail(order, say(key, order.language))
        else:
            await self._bench.hand_over(order, [made], seed=film.seed)

    async def _recover(self, order: Order, error: ProviderError) -> None:
        """What was turned away is tried again; what may have been begun only once more: it is paid for."""
        log.warning("film_not_begun", model=order.job.model, reason=str(error), trace_id=error.trace_id)
        passes = is_limited(error) or isinstance(error, ProviderUnavailable)
        tries = _TRIES if error.status else 1
        if passes and order.job.failures < tries:
            await self._bench.put_off(order, seconds=self._making.again_seconds)
        else:
            await self._bench.fail(order, in_words(error, order.language))

    def _is_late(self, order: Order) -> bool:
        return self._bench.now() - order.job.created_at > _LONGEST_SECONDS

    def _progress(self, order: Order, state: FilmState) -> str:
        seconds = max(0, round(self._bench.now() - order.job.begun_at))
        elapsed = f"{seconds // _MINUTE}:{seconds % _MINUTE:02}"
        key = "film_queued" if state is FilmState.WAITING else "film_working"
        return say(key, order.language, elapsed=elapsed)

    def _request(self, job: Job, sources: tuple[Picture, ...]) -> FilmRequest:
        wish, model = load_wish(job.wish), self._making.filmmaker.about(job.model)
        source = next(iter(sources), None)
        size = size_for(wish.size, model.sizes) or model.sizes[0]
        if source is not None and not wish.size:
            shape = source.width / source.height
            size = min(model.sizes, key=lambda one: max(one.ratio / shape, shape / one.ratio))
        return FilmRequest(
            model=job.model,
            prompt=job.prompt,
            size=size,
            negative=wish.negative,
            seed=wish.seed,
            source=source,
        )

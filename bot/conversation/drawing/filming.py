"""Films: begins the provider's job, asks after it by a durable timer, and shows the film once it is there."""

from __future__ import annotations

from typing import Final

import structlog

from bot.conversation.drawing.bench import Bench, Order
from bot.conversation.drawing.faults import film_failure_in_words, in_words, is_limited
from bot.conversation.drawing.making import Making
from bot.conversation.drawing.wish import Wish, WishFault, load_wish, size_for
from bot.errors import ProviderError, ProviderUnavailable
from bot.ports import FilmingModel, FilmJob, FilmRequest, FilmState, Picture
from bot.storage.drawings import Job, Stage, change_job, save_made
from bot.storage.readings import pictures_of
from bot.texts import say

__all__ = ["LONGEST_FILMING_SECONDS", "Filming"]

log = structlog.get_logger(__name__)

LONGEST_FILMING_SECONDS: Final = 1_800.0
_TRIES: Final = 8
_MINUTE: Final = 60


class Filming:
    """Shared by all conversations; nothing to close."""

    def __init__(self, *, bench: Bench, making: Making) -> None:
        self._bench = bench
        self._making = making

    def choose(self, wish: Wish, *, animates: bool) -> FilmingModel:
        """The model that will do it. Raises WishFault."""
        models = [self._making.filmmaker.about(model) for model in self._making.filming_models]
        able = [model for model in models if model.animates == animates]
        if not able:
            raise WishFault("film_no_animator" if animates else "film_no_model")
        if size_for(wish.size, able[0].sizes) is None:
            listed = ", ".join(str(size) for size in able[0].sizes)
            raise WishFault("draw_size", size=wish.size, sizes=listed)
        return able[0]

    async def work(self, order: Order) -> None:
        """Go on with an order that is not made yet. Raises Fenced, StorageError, ChatClosed."""
        if self._bench.now() - order.job.created_at > LONGEST_FILMING_SECONDS:
            await self._bench.fail(order, say("film_late", order.language))
        elif order.job.provider_id:
            await self._look(order)
        else:
            await self._submit(order)

    async def _submit(self, order: Order) -> None:
        turn, job = order.turn, order.job
        shown = await turn.effect(lambda conn: pictures_of(conn, [job.turn_id]))
        try:
            number = await self._making.filmmaker.submit(self._request(job, shown.get(job.turn_id, ())))
        except ProviderError as exc:
            await self._recover(order, exc)
            return
        log.info("film_begun", model=job.model)
        begun = await turn.effect(
            lambda conn: change_job(
                conn,
                job.turn_id,
                stage=Stage.MAKING,
                provider_id=number,
                begun_at=self._bench.now(),
                working_turn=turn.id,
            )
        )
        if begun is not None:
            await self._bench.call_again(order, at=self._bench.now() + self._making.poll_seconds)

    async def _look(self, order: Order) -> None:
        try:
            film = await self._making.filmmaker.look(order.job.provider_id)
        except ProviderUnavailable as exc:
            log.warning("film_not_looked_after", reason=str(exc))
            await self._bench.call_again(order, at=self._bench.now() + self._making.again_seconds)
        except ProviderError as exc:
            await self._bench.fail(order, in_words(exc, order.language))
        else:
            await self._go_on(order, film)

    async def _go_on(self, order: Order, film: FilmJob) -> None:
        match film.state:
            case FilmState.WAITING | FilmState.FILMING:
                await self._bench.say(order, self._progress(order, film.state))
                await self._bench.call_again(order, at=self._bench.now() + self._making.poll_seconds)
            case FilmState.DONE:
                await self._fetch(order, film)
            case FilmState.FAILED:
                log.warning("film_failed", model=order.job.model, reason=film.reason)
                await self._bench.fail(order, film_failure_in_words(film.reason, order.language))
            case FilmState.GONE:
                await self._bench.fail(order, say("film_gone", order.language))

    async def _fetch(self, order: Order, film: FilmJob) -> None:
        turn, job = order.turn, order.job
        try:
            made = await self._making.filmmaker.fetch(film.url)
        except ProviderUnavailable as exc:
            log.warning("film_not_fetched", reason=str(exc))
            await self._bench.call_again(order, at=self._bench.now() + self._making.poll_seconds)
            return
        except ProviderError as exc:
            log.warning("film_not_fetched", reason=str(exc))
            await self._bench.fail(order, say("film_gone", order.language))
            return
        stored = await turn.effect(lambda conn: save_made(conn, job.turn_id, [made], seed=film.seed))
        if stored is not None:
            await self._bench.deliver(
                Order(turn=turn, job=stored, author=order.author, language=order.language)
            )

    async def _recover(self, order: Order, error: ProviderError) -> None:
        log.warning("film_not_begun", model=order.job.model, reason=str(error), trace_id=error.trace_id)
        passes = is_limited(error) or isinstance(error, ProviderUnavailable)
        if passes and order.job.failures < _TRIES:
            await self._bench.put_off(order, seconds=self._making.again_seconds)
        else:
            await self._bench.fail(order, in_words(error, order.language))

    def _progress(self, order: Order, state: FilmState) -> str:
        seconds = max(0, round(self._bench.now() - order.job.begun_at))
        elapsed = f"{seconds // _MINUTE}:{seconds % _MINUTE:02}"
        key = "film_queued" if state is FilmState.WAITING else "film_working"
        return say(key, order.language, elapsed=elapsed)

    def _request(self, job: Job, shown: tuple[Picture, ...]) -> FilmRequest:
        wish, model = load_wish(job.wish), self._making.filmmaker.about(job.model)
        source = next((picture for picture in shown if picture.data), None)
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

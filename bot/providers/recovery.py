"""Gets an answer going again after a failed call: another request, a pause, or another model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import structlog

from bot.errors import ProviderError, ProviderRefused, ProviderUnavailable
from bot.ports import ChatRequest, Clock
from bot.providers.answer import Answer
from bot.providers.body import wants_json
from bot.providers.errors import MODEL_GONE, AnswerTooLong, StartedOver
from bot.providers.failover import CoolDowns, Limits, Remedy, Route, backoff_seconds, choose_remedy
from bot.providers.lessons import Lessons
from bot.providers.profiles import successor_of

__all__ = ["Recovery", "Run"]

_log = structlog.get_logger()

_SMALLEST_ANSWER_TOKENS: Final = 256
_LONGEST_WAIT_WITH_CHOICE_SECONDS: Final = 5.0
_LONGEST_WAIT_SECONDS: Final = 60.0


@dataclass(slots=True, kw_only=True)
class Run:
    """The state of one answer between its calls; ``body`` is the request of the latest call."""

    request: ChatRequest
    answer: Answer
    route: Route
    deadline: float
    body: dict[str, Any]
    max_tokens: int
    resumes: int = 0
    length_rounds: int = 0
    started_over: bool = False
    gone: tuple[str, ...] = ()

    @property
    def text_to_resume(self) -> str:
        """What the next call has to go on from; empty while only white space was said."""
        shown = self.answer.shown
        return shown if shown.strip() else ""


class Recovery:
    """Decides for all answers of one client, which share what was learned and which models rest."""

    def __init__(
        self, *, clock: Clock, limits: Limits, random: Callable[[], float], lessons: Lessons
    ) -> None:
        self._clock = clock
        self._limits = limits
        self._random = random
        self._lessons = lessons
        self.cool_downs = CoolDowns(clock=clock, random=random)

    def seconds_left(self, run: Run) -> float:
        """Until the answer's deadline."""
        return run.deadline - self._clock.monotonic()

    async def wait_for_room(self, run: Run) -> None:
        """Stay away from models that are over their limit. Raises ProviderUnavailable if that takes long."""
        run.route.skip(self.cool_downs.is_cooling)
        model = run.route.model
        wait = self.cool_downs.wait_seconds(model)
        if self.seconds_left(run) <= 0:
            raise ProviderUnavailable("no time is left for another try", model=model)
        if wait >= min(self.seconds_left(run), _LONGEST_WAIT_SECONDS):
            text = f"over its rate limit for another {wait:.0f} s"
            raise ProviderUnavailable(text, model=model, retry_after_seconds=wait)
        if wait:
            await self._clock.sleep(wait)

    async def recover(self, run: Run, error: ProviderError) -> bool:
        """Prepare another call, after a pause where one helps, and return True.

        False when the answer should be left as it is, too long for the token limit. Raises ``error`` when
        nothing helps.
        """
        if self._adapt(run, error) or await self._retry(run, error):
            return True
        if run.length_rounds:
            return False
        raise error

    def _adapt(self, run: Run, error: ProviderError) -> bool:
        """Change the request by what the refusal says; whether there was something to change."""
        if isinstance(error, AnswerTooLong):
            return self._shorten(run, error)
        lesson = self._lessons.learn(error, run.body) if isinstance(error, ProviderRefused) else ""
        if lesson:
            _log.info("model_parameter_dropped", model=run.route.model, parameter=lesson)
        return bool(lesson)

    def _shorten(self, run: Run, error: AnswerTooLong) -> bool:
        fitting = int(run.body["max_tokens"]) - error.excess_tokens
        if fitting < _SMALLEST_ANSWER_TOKENS or fitting >= run.max_tokens:
            return False
        run.max_tokens = fitting
        return True

    async def _retry(self, run: Run, error: ProviderError) -> bool:
        """Whether to call again, the same model or the next one; pauses before."""
        route = run.route
        self.cool_downs.note_failure(route.model, error)
        self._count(run)
        if not self._may_go_on(run):
            return False
        run.started_over = run.started_over or isinstance(error, StartedOver)
        remedy = choose_remedy(error, tries=route.failures, limits=self._limits)
        if remedy is Remedy.GIVE_UP:
            return False
        if remedy is Remedy.TRY_AGAIN and await self._pause(run, error):
            return True
        return self._go_to_next(run, error)

    def _count(self, run: Run) -> None:
        """A call that brought text before it failed is not a failure of its model."""
        if run.answer.grew:
            run.answer.grew = False
            run.route.failures = 0
            run.resumes += 1
        else:
            run.route.failures += 1

    def _may_go_on(self, run: Run) -> bool:
        if self.seconds_left(run) <= 0:
            return False
        # JSON cannot be continued: the mode would have the model begin a new object.
        unfit = bool(run.text_to_resume) and wants_json(run.request)
        return not unfit and run.resumes <= self._limits.resumes

    async def _pause(self, run: Run, error: ProviderError) -> bool:
        """Wait before the same model is tried again; False when that is not worth it."""
        if self.cool_downs.is_cooling(run.route.model):
            return True
        wait = backoff_seconds(error, tries=run.route.failures, random=self._random)
        if run.route.has_next and wait > _LONGEST_WAIT_WITH_CHOICE_SECONDS:
            return False
        if wait >= min(self.seconds_left(run), _LONGEST_WAIT_SECONDS):
            return False
        await self._clock.sleep(wait)
        return True

    def _go_to_next(self, run: Run, error: ProviderError) -> bool:
        route, failed = run.route, run.route.model
        if error.code in MODEL_GONE:
            run.gone = (*run.gone, failed)
            if (successor := successor_of(failed)) is not None:
                route.add_successor(successor)
        if not route.advance():
            return False
        run.max_tokens = run.request.max_tokens
        _log.warning("model_replaced", model=failed, by=route.model, code=error.code, status=error.status)
        return True

"""Gives one logical answer as one stream of events, whatever the provider does meanwhile."""

from __future__ import annotations

import random as _random
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager

import structlog

from bot.errors import ProviderError
from bot.events import Completed, FinishReason, ModelEvent, ToolCallsReady
from bot.ports import ChatRequest, Clock, SystemClock
from bot.providers.answer import Answer
from bot.providers.api import SiliconFlowApi
from bot.providers.assembler import Ending
from bot.providers.attempt import Attempt, Patience, open_attempt
from bot.providers.body import build_body, wants_json
from bot.providers.failover import Limits, Route
from bot.providers.lessons import Lessons
from bot.providers.recovery import Recovery, Run
from bot.providers.seam import Seam, SeamKind
from bot.providers.transport import open_http

__all__ = ["SiliconFlowChat", "open_siliconflow"]

_log = structlog.get_logger()


class SiliconFlowChat:
    """ChatModel on the SiliconFlow API. ``api`` serves the other calls under the same key."""

    def __init__(
        self,
        *,
        api: SiliconFlowApi,
        clock: Clock,
        limits: Limits | None = None,
        random: Callable[[], float] = _random.random,
    ) -> None:
        self.api = api
        self._clock = clock
        self._limits = limits or Limits()
        self._lessons = Lessons()
        self._recovery = Recovery(clock=clock, limits=self._limits, random=random, lessons=self._lessons)

    def stream(self, request: ChatRequest) -> AbstractAsyncContextManager[AsyncIterator[ModelEvent]]:
        """One logical answer; see ChatModel.stream."""
        return aclosing(self._answer(request))

    def sees(self, model: str) -> bool:
        """Whether ``model`` takes pictures."""
        return self._lessons.profile(model).images

    def context_tokens(self, model: str) -> int:
        """How many tokens of prompt and answer ``model`` holds."""
        return self._lessons.profile(model).context_tokens

    async def _answer(self, request: ChatRequest) -> AsyncGenerator[ModelEvent, None]:
        run = self._begin(request)
        while True:
            try:
                await self._recovery.wait_for_room(run)
                async with self._open_call(run) as attempt:
                    while (events := await attempt.next_batch()) is not None:
                        for event in run.answer.admit(events):
                            yield event
                for event in run.answer.end_call():
                    yield event
                ending = attempt.ending
                run.answer.require_content(ending, model=run.route.model, trace_id=attempt.trace_id)
            except ProviderError as error:
                if await self._recovery.recover(run, error):
                    continue
                yield self._completed(run, FinishReason.LENGTH, error.trace_id)
                return
            if self._wants_more(run, ending):
                run.length_rounds += 1
                continue
            if ending.calls:
                yield ToolCallsReady(calls=ending.calls, thinking=ending.thinking)
            yield self._completed(run, ending.finish_reason, attempt.trace_id)
            return

    def _begin(self, request: ChatRequest) -> Run:
        return Run(
            request=request,
            answer=Answer(request.resume_from),
            route=Route(request.models),
            deadline=self._clock.monotonic() + request.deadline_seconds,
            body={},
            max_tokens=request.max_tokens,
        )

    @asynccontextmanager
    async def _open_call(self, run: Run) -> AsyncIterator[Attempt]:
        """One call of the present model; its end is logged, its tokens are counted."""
        self._write_body(run)
        seam = self._make_seam(run)
        run.answer.begin_call(seam)
        begun = self._clock.monotonic()
        attempt: Attempt | None = None
        try:
            async with open_attempt(self.api, run.body, self._patience(run)) as attempt:
                yield attempt
        except ProviderError as error:
            self._log_failure(run, error, begun)
            raise
        else:
            self._log_success(run, attempt, begun)
        finally:
            if attempt is not None:
                run.answer.usage += attempt.usage
            if seam is not None and seam.repeated is not None and "prefix" in run.body:
                self._lessons.note_prefix(run.route.model, repeated=seam.repeated)

    def _write_body(self, run: Run) -> None:
        model = run.route.model
        profile = self._lessons.profile(model)
        body = build_body(
            run.request,
            model=model,
            profile=profile,
            shown=run.text_to_resume,
            max_tokens=run.max_tokens,
        )
        for name in self._lessons.refuses(model):
            body.pop(name, None)
        run.body = body

    def _make_seam(self, run: Run) -> Seam | None:
        shown = run.text_to_resume
        if not shown:
            return None
        kind = SeamKind.ASKED
        if "prefix" in run.body:
            known_not_to = self._lessons.repeats_prefix(run.route.model) is False
            kind = SeamKind.EXACT if known_not_to else SeamKind.PREFIX
        return Seam(shown, kind, forbid_restart=not run.started_over)

    def _patience(self, run: Run) -> Patience:
        limits = self._limits
        thinks = self._lessons.profile(run.route.model).thinks(run.body.get("enable_thinking"))
        return Patience(
            first_token_seconds=limits.thinking_first_token_seconds if thinks else limits.first_token_seconds,
            between_tokens_seconds=limits.between_tokens_seconds,
            total_seconds=self._recovery.seconds_left(run),
        )

    def _wants_more(self, run: Run, ending: Ending) -> bool:
        return (
            ending.finish_reason is FinishReason.LENGTH
            and run.answer.grew
            and run.length_rounds < self._limits.length_rounds
            and not wants_json(run.request)
            and self._recovery.seconds_left(run) > 0
        )

    def _completed(self, run: Run, reason: FinishReason, trace_id: str) -> Completed:
        return Completed(
            finish_reason=reason,
            model=run.route.model,
            usage=run.answer.usage,
            trace_id=trace_id,
            gone=run.gone,
        )

    def _log_success(self, run: Run, attempt: Attempt, begun: float) -> None:
        self._recovery.cool_downs.note_served(run.route.model)
        first = attempt.first_token_seconds
        _log.debug(
            "model_call_finished",
            model=run.route.model,
            trace_id=attempt.trace_id,
            first_token_ms=None if first is None else round(first * 1000),
            milliseconds=round((self._clock.monotonic() - begun) * 1000),
            tokens=attempt.usage.completion,
            prompt_tokens=attempt.usage.prompt,
        )

    def _log_failure(self, run: Run, error: ProviderError, begun: float) -> None:
        _log.warning(
            "model_call_failed",
            model=run.route.model,
            trace_id=error.trace_id,
            error=type(error).__name__,
            reason=str(error),
            status=error.status,
            code=error.code,
            milliseconds=round((self._clock.monotonic() - begun) * 1000),
        )


@asynccontextmanager
async def open_siliconflow(
    *,
    api_key: str,
    base_url: str,
    clock: Clock | None = None,
    limits: Limits | None = None,
    random: Callable[[], float] = _random.random,
) -> AsyncIterator[SiliconFlowChat]:
    """The provider under one key, with its connections; they are closed on leaving.

    Raises ConfigurationError when the key or the address cannot be right. Nothing is sent yet.
    """
    limits = limits or Limits()
    clock = clock or SystemClock()
    async with open_http(connect_seconds=limits.connect_seconds) as http:
        api = SiliconFlowApi(http=http, api_key=api_key, base_url=base_url, clock=clock)
        yield SiliconFlowChat(api=api, clock=clock, limits=limits, random=random)

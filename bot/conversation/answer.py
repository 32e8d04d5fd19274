"""Answers a question: streams the model, runs its tools, and delivers one whole reply."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import structlog

from bot.conversation.drawing.commissions import Commissions
from bot.conversation.ending import Job, deliver, failed_because, save
from bot.conversation.groups.recall_tool import persona_in
from bot.conversation.models.comparison import Excuses
from bot.conversation.models.panel import Panel
from bot.conversation.opening import Opened, open_exchange
from bot.conversation.personas.persona import Persona
from bot.conversation.prompt import AnswerSettings, Prompts, QuestionTooLong
from bot.conversation.question import Question
from bot.conversation.speaking.speaking import Aloud
from bot.conversation.stops import despite_stop, stopped_as, uncancel
from bot.conversation.tooling import ToolRounds
from bot.conversation.visit import Visit
from bot.conversation.writing import Writing
from bot.delivery import Draft, Governor, TurnLedger
from bot.errors import (
    ContextOverflow,
    DeliveryError,
    ProviderError,
    ProviderRefused,
)
from bot.events import Completed, Outcome, TextDelta, ThinkingDelta, ToolCallsReady
from bot.ports import (
    Adapter,
    Button,
    CancelReason,
    ChatModel,
    Clock,
    Fidelity,
    SendsFiles,
    ShowsMedia,
    ToolSpec,
    Turn,
)
from bot.texts import say
from bot.tools import Toolbox

__all__ = ["Answering", "Folds"]

log = structlog.get_logger(__name__)

_MOST_ROUNDS = 8
_OVERFLOW_TRIES = 3
_TYPING_AFTER_SECONDS = 0.3
_TYPING_EVERY_SECONDS = 4.5


class Folds(Protocol):
    """Makes old history smaller once it has grown: words into a summary, pictures into captions."""

    def consider(self, opened: Opened, persona: Persona, *, budget_tokens: int) -> None:
        """Begin to fold if it is time to; never waits."""


class Answering:
    """Gives each question its one answer. Shared by all conversations; nothing to close."""

    def __init__(
        self,
        *,
        adapters: Mapping[str, Adapter],
        model: ChatModel,
        governor: Governor,
        toolbox: Toolbox,
        folds: Sequence[Folds],
        settings: AnswerSettings,
        clock: Clock,
        aloud: Aloud | None = None,
        commissions: Commissions | None = None,
    ) -> None:
        self._adapters = adapters
        self._aloud = aloud
        self._commissions = commissions
        self._model = model
        self._governor = governor
        self._tool_rounds = ToolRounds(toolbox=toolbox, clock=clock)
        self._folds = folds
        self._prompts = Prompts(model=model, settings=settings)
        self._settings = settings
        self._clock = clock

    async def answer(self, turn: Turn, question: Question, visit: Visit) -> None:
        """Answer, or take up and end what an earlier attempt began; the turn is finished on return.

        Raises ChatClosed, Fenced, StorageError; CancelledError when the service shuts down, with the turn
        left open and all that was shown stored.
        """
        now = self._clock.now().timestamp()
        opened = await despite_stop(turn, lambda conn: open_exchange(conn, turn.id, question, now=now))
        if opened.exchange.redacted and not opened.deliveries:
            log.info("question_deleted")
            await turn.finish(lambda conn: None)
            return
        job = self._job(turn, question, visit, opened)
        async with self._draft(job) as draft:
            if not opened.exchange.written:
                await self._write_aloud(job, draft, visit)
                await save(job)
            await deliver(job, draft)
        if job.writing.outcome is Outcome.ANSWERED:
            await self._follow(job, visit)
        await turn.finish(lambda conn: None)
        log.info(
            "turn_answered",
            outcome=job.writing.outcome,
            model=job.writing.model,
            tokens=job.writing.usage.completion,
            trace_id=job.writing.trace_id,
        )

    def _job(self, turn: Turn, question: Question, visit: Visit, opened: Opened) -> Job:
        adapter = self._adapters[turn.key.platform]
        shows = isinstance(adapter, ShowsMedia | SendsFiles)
        persona = persona_in(visit, self._tool_rounds.names, documents=opened.documents, pictures=shows)
        if question.panel:
            persona = replace(persona, models=question.panel, tools=())
        writing = Writing.taken_up(
            opened.exchange,
            language=visit.language,
            thinking_shown=visit.settings.thinking_shown,
            mark=question.mark,
            shown=question.shown,
            notice=opened.notice,
            compares=bool(question.panel),
        )
        return Job(
            turn=turn,
            question=question,
            opened=opened,
            writing=writing,
            persona=persona,
            adapter=adapter,
            ledger=TurnLedger(turn=turn, known=opened.deliveries, progress=writing.unsaved),
            settings=visit.settings,
        )

    async def _follow(self, job: Job, visit: Visit) -> None:
        """What an answer brings about once it stands there."""
        budget = self._prompts.budget_tokens(job.persona)
        for folds in self._folds:
            folds.consider(job.opened, job.persona, budget_tokens=budget)
        if self._aloud is not None:
            await self._aloud.follow(job.turn, job.question, visit)
        if self._commissions is not None:
            await self._commissions.follow(job.turn, job.question, visit, job.writing.as_exchange())

    def _draft(self, job: Job) -> Draft:
        return Draft(
            adapter=job.adapter,
            governor=self._governor,
            ledger=job.ledger,
            key=job.question.key,
            chat_kind=job.question.chat_kind,
            clock=self._clock,
            reply_to=job.question.message_id,
            after=_newer(job.opened.newest_message, job.question.message_id),
            fidelity=Fidelity.RICH if job.settings.rich else Fidelity.FORMATTED,
            stop_button=Button(label=say("button_stop", job.writing.language), data=f"stop:{job.turn.id}"),
            preview_id=job.turn.id % 2_000_000_000 + 1 if job.settings.previews else 0,
        )

    # --- writing ----------------------------------------------------------------------------------------

    async def _write_aloud(self, job: Job, draft: Draft, visit: Visit) -> None:
        """Write; what is to be heard is spoken meanwhile, as far as it goes."""
        if self._aloud is None:
            await self._write(job, draft)
            return
        self._aloud.begin(job.turn, job.question, visit)
        try:
            await self._write(job, draft)
        finally:
            self._aloud.end(job.turn, job.writing.outcome)

    async def _write(self, job: Job, draft: Draft) -> None:
        """Write until the answer is whole or ends otherwise; ``job.writing.outcome`` says how."""
        writing = job.writing
        if (asked := job.turn.stopping) is not None:
            writing.outcome = stopped_as(asked)
            return
        try:
            async with asyncio.timeout(self._settings.turn_timeout_seconds), self._typing(job, draft):
                await self._rounds(job, draft)
            writing.outcome = Outcome.ASKED if writing.undecided else Outcome.ANSWERED
        except asyncio.CancelledError:
            reason = job.turn.stopping
            if reason is None or reason is CancelReason.SHUTDOWN:
                await self._keep(job, draft)
                raise
            uncancel()
            writing.outcome = stopped_as(reason)
        except TimeoutError:
            self._fail(writing, say("timed_out", writing.language))
        except QuestionTooLong as exc:
            writing.outcome = Outcome.IGNORED  # a second try would not make it shorter
            writing.notice = say("too_long", writing.language, tokens=exc.tokens, limit=exc.limit)
        except ProviderError as exc:
            log.warning(
                "model_failed", model=exc.model, trace_id=exc.trace_id, code=exc.code, reason=str(exc)
            )
            self._fail(writing, failed_because(exc, writing))

    @staticmethod
    def _fail(writing: Writing, notice: str) -> None:
        writing.outcome = Outcome.FAILED
        writing.notice = notice

    async def _rounds(self, job: Job, draft: Draft) -> None:
        if job.writing.undecided:
            await self._tool_rounds.carry_out(job.tool_round, draft, decision=job.question.origin.decision)
        for number in range(_MOST_ROUNDS + 1):
            # The last round gets no tools, so that it has to be an answer.
            tools = self._tool_rounds.box(job.persona).specs if number < _MOST_ROUNDS else ()
            asked = await self._round(job, draft, tools)
            if asked is None:
                return
            if number == _MOST_ROUNDS:
                raise ProviderRefused("it calls tools and never answers", model=job.writing.model)
            if not await self._tool_rounds.run(job.tool_round, draft, asked):
                return  # until the person has decided

    async def _round(self, job: Job, draft: Draft, tools: tuple[ToolSpec, ...]) -> ToolCallsReady | None:
        budget, opened = self._prompts.budget_tokens(job.persona), job.opened
        for _ in range(_OVERFLOW_TRIES):
            try:
                return await self._stream(job, opened, draft, tools, budget)
            except ContextOverflow as exc:
                log.info("context_overflow", budget=budget, limit=exc.limit_tokens, model=exc.model)
                if opened.older_pictures:  # they go before any words do
                    opened = opened.without_older_pictures()
                else:
                    budget = self._prompts.smaller_budget(budget, limit_tokens=exc.limit_tokens)
        return await self._stream(job, opened, draft, tools, budget)

    async def _stream(
        self, job: Job, opened: Opened, draft: Draft, tools: tuple[ToolSpec, ...], budget: int
    ) -> ToolCallsReady | None:
        writing, asked = job.writing, None
        request = self._prompts.request(
            writing,
            opened,
            persona=job.persona,
            chat_kind=job.question.chat_kind,
            tools=tools,
            budget_tokens=budget,
            material=job.question.material,
        )
        async with self._model_for(job).stream(request) as events:
            async for event in events:
                match event:
                    case TextDelta(text=text):
                        writing.add_text(text, at=self._clock.monotonic())
                        draft.show(writing.live_view)
                        if self._aloud is not None:
                            self._aloud.heed(job.turn, writing.reply)
                    case ThinkingDelta(text=text):
                        writing.add_thinking(text, at=self._clock.monotonic())
                        if writing.thinking_shown:
                            draft.show(writing.live_view)
                    case ToolCallsReady():
                        asked = event
                    case Completed():
                        writing.complete(event)
        return asked

    def _model_for(self, job: Job) -> ChatModel:
        if not job.writing.compares:
            return self._model
        language = job.writing.language
        excuses = Excuses.marked(
            silent=say("compare_silent", language), broken=say("compare_broken", language)
        )
        return Panel(model=self._model, models=job.question.panel, excuses=excuses)

    async def _keep(self, job: Job, draft: Draft) -> None:
        """The service shuts down: let the call under way end, and store what was written."""
        await draft.pause()
        unsaved = job.writing.unsaved()
        if unsaved is not None:
            await job.turn.effect(unsaved)

    @contextlib.asynccontextmanager
    async def _typing(self, job: Job, draft: Draft) -> AsyncIterator[None]:
        task = asyncio.create_task(self._show_typing(job, draft), name=f"typing {job.question.key}")
        try:
            yield
        finally:
            task.cancel()

    async def _show_typing(self, job: Job, draft: Draft) -> None:
        pace = job.adapter.capabilities.pace[job.question.chat_kind]
        await asyncio.sleep(_TYPING_AFTER_SECONDS)
        while not draft.begun:
            if self._governor.spare(draft.key.peer, pace, what="typing", every_seconds=_TYPING_EVERY_SECONDS):
                with contextlib.suppress(DeliveryError):
                    await job.adapter.typing(draft.key)
            await asyncio.sleep(_TYPING_EVERY_SECONDS)


def _newer(ours: str, theirs: str) -> str:
    """The newer of two message ids where they are numbers, else the person's."""
    if ours.isdigit() and theirs.isdigit():
        return max(ours, theirs, key=int)
    return theirs

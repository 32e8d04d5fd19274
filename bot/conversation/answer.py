"""Answers a question: streams the model, runs its tools, and delivers one whole reply."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeVar

import structlog

from bot.conversation.chat_settings import ChatSettings
from bot.conversation.groups.recall_tool import persona_in, without_recalled
from bot.conversation.models.comparison import Excuses
from bot.conversation.models.panel import Panel
from bot.conversation.opening import Opened, open_exchange
from bot.conversation.personas.persona import Persona
from bot.conversation.prompt import AnswerSettings, Prompts, QuestionTooLong
from bot.conversation.question import Question
from bot.conversation.seeing.faults import picture_trouble
from bot.conversation.speaking.speaking import Aloud
from bot.conversation.tooling import ToolRound, ToolRounds
from bot.conversation.visit import Visit
from bot.conversation.writing import Writing
from bot.delivery import Draft, Governor, TurnLedger
from bot.errors import (
    ContextOverflow,
    DeliveryError,
    ProviderAccountError,
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
    ToolSpec,
    Turn,
)
from bot.storage import chats, history
from bot.texts import say
from bot.tools import Toolbox

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["Answering", "Folds"]

log = structlog.get_logger(__name__)

T = TypeVar("T")

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
    ) -> None:
        self._adapters = adapters
        self._aloud = aloud
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
        opened = await _despite_stop(turn, lambda conn: open_exchange(conn, turn.id, question, now=now))
        if opened.exchange.redacted and not opened.deliveries:
            log.info("question_deleted")
            await turn.finish(lambda conn: None)
            return
        settings = visit.settings
        persona = persona_in(visit, self._tool_rounds.names, documents=opened.documents)
        if question.panel:
            persona = replace(persona, models=question.panel, tools=())
        writing = Writing.taken_up(
            opened.exchange,
            language=visit.language,
            thinking_shown=settings.thinking_shown,
            mark=question.mark,
            shown=question.shown,
            notice=opened.notice,
            compares=bool(question.panel),
        )
        job = _Job(
            turn=turn,
            question=question,
            opened=opened,
            writing=writing,
            persona=persona,
            adapter=self._adapters[turn.key.platform],
            ledger=TurnLedger(turn=turn, known=opened.deliveries, progress=writing.unsaved),
            settings=settings,
        )
        async with self._draft(job) as draft:
            if not opened.exchange.written:
                await self._write(job, draft)
                await self._save(job)
            await _deliver(job, draft)
        if writing.outcome is Outcome.ANSWERED:
            for folds in self._folds:
                folds.consider(opened, persona, budget_tokens=self._prompts.budget_tokens(persona))
            if self._aloud is not None:
                await self._aloud.follow(turn, question, visit)
        await turn.finish(lambda conn: None)
        log.info(
            "turn_answered",
            outcome=writing.outcome,
            model=writing.model,
            tokens=writing.usage.completion,
            trace_id=writing.trace_id,
        )

    def _draft(self, job: _Job) -> Draft:
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

    async def _write(self, job: _Job, draft: Draft) -> None:
        """Write until the answer is whole or ends otherwise; ``job.writing.outcome`` says how."""
        writing = job.writing
        if (asked := _asked_to_stop(job.turn)) is not None:
            writing.outcome = _stopped_as(asked)
            return
        try:
            async with asyncio.timeout(self._settings.turn_timeout_seconds), self._typing(job, draft):
                await self._rounds(job, draft)
            writing.outcome = Outcome.ASKED if writing.undecided else Outcome.ANSWERED
        except asyncio.CancelledError:
            reason = _asked_to_stop(job.turn)
            if reason is None or reason is CancelReason.SHUTDOWN:
                await self._keep(job, draft)
                raise
            _uncancel()
            writing.outcome = _stopped_as(reason)
        except TimeoutError:
            self._fail(writing, say("timed_out", writing.language))
        except QuestionTooLong as exc:
            writing.outcome = Outcome.IGNORED  # a second try would not make it shorter
            writing.notice = say("too_long", writing.language, tokens=exc.tokens, limit=exc.limit)
        except ProviderError as exc:
            log.warning(
                "model_failed", model=exc.model, trace_id=exc.trace_id, code=exc.code, reason=str(exc)
            )
            self._fail(writing, _sentence(exc, writing))

    @staticmethod
    def _fail(writing: Writing, notice: str) -> None:
        writing.outcome = Outcome.FAILED
        writing.notice = notice

    async def _rounds(self, job: _Job, draft: Draft) -> None:
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

    async def _round(self, job: _Job, draft: Draft, tools: tuple[ToolSpec, ...]) -> ToolCallsReady | None:
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
        self, job: _Job, opened: Opened, draft: Draft, tools: tuple[ToolSpec, ...], budget: int
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
                    case ThinkingDelta(text=text):
                        writing.add_thinking(text, at=self._clock.monotonic())
                        if writing.thinking_shown:
                            draft.show(writing.live_view)
                    case ToolCallsReady():
                        asked = event
                    case Completed():
                        writing.complete(event)
        return asked

    def _model_for(self, job: _Job) -> ChatModel:
        if not job.writing.compares:
            return self._model
        language = job.writing.language
        excuses = Excuses.marked(
            silent=say("compare_silent", language), broken=say("compare_broken", language)
        )
        return Panel(model=self._model, models=job.question.panel, excuses=excuses)

    # --- ending -----------------------------------------------------------------------------------------

    async def _save(self, job: _Job) -> None:
        """The reply will not change any more: store it, and that its first message is about to be sent."""
        writing = job.writing
        gone = _vanished(job)
        if gone:
            writing.notice = say("model_vanished", writing.language, model=gone)

        def change(conn: Connection) -> None:
            if gone:
                chats.unset_chat_setting(conn, job.turn.key.peer, "model", gone)
            history.save_reply(conn, without_recalled(writing.as_exchange()))
            if writing.notice:
                history.save_notice(conn, job.turn.id, writing.notice)
            if not job.opened.deliveries and job.ledger.intended < 0 and not writing.final_view().empty:
                job.ledger.intend(conn, 0)

        await _despite_stop(job.turn, change)

    async def _keep(self, job: _Job, draft: Draft) -> None:
        """The service shuts down: let the call under way end, and store what was written."""
        await draft.pause()
        unsaved = job.writing.unsaved()
        if unsaved is not None:
            await job.turn.effect(unsaved)

    @contextlib.asynccontextmanager
    async def _typing(self, job: _Job, draft: Draft) -> AsyncIterator[None]:
        task = asyncio.create_task(self._show_typing(job, draft), name=f"typing {job.question.key}")
        try:
            yield
        finally:
            task.cancel()

    async def _show_typing(self, job: _Job, draft: Draft) -> None:
        pace = job.adapter.capabilities.pace[job.question.chat_kind]
        await asyncio.sleep(_TYPING_AFTER_SECONDS)
        while not draft.begun:
            if self._governor.spare(draft.key.peer, pace, what="typing", every_seconds=_TYPING_EVERY_SECONDS):
                with contextlib.suppress(DeliveryError):
                    await job.adapter.typing(draft.key)
            await asyncio.sleep(_TYPING_EVERY_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One turn's work, handed from step to step."""

    turn: Turn
    question: Question
    opened: Opened
    writing: Writing
    persona: Persona
    adapter: Adapter
    ledger: TurnLedger
    settings: ChatSettings

    @property
    def tool_round(self) -> ToolRound:
        """What a round of tools needs of it."""
        return ToolRound(
            turn=self.turn, writing=self.writing, persona=self.persona, author=self.question.author
        )


async def _deliver(job: _Job, draft: Draft) -> None:
    """Bring the final form to the platform. A stop that comes now comes too late and changes nothing."""
    writing = job.writing
    view = writing.final_view()
    if writing.outcome is Outcome.SUPERSEDED or view.empty:
        return  # what stands there already is taken over by the turn that supersedes this one
    rows = _buttons(writing, job.turn.id)
    while True:
        try:
            await draft.finish(view, buttons=rows)
        except asyncio.CancelledError:
            if _asked_to_stop(job.turn) in (None, CancelReason.SHUTDOWN):
                raise
            _uncancel()
        else:
            return


def _vanished(job: _Job) -> str:
    """The model that was chosen for the chat and that the provider has no longer."""
    chosen, writing = job.settings.model, job.writing
    return chosen if writing.outcome is Outcome.ANSWERED and chosen in writing.gone else ""


def _buttons(writing: Writing, turn_id: int) -> tuple[tuple[Button, ...], ...]:
    """What can be done about an answer that ended otherwise than as one, or as several."""
    if writing.outcome is Outcome.FAILED:
        return ((Button(label=say("button_retry", writing.language), data=f"retry:{turn_id}"),),)
    if writing.outcome is Outcome.ASKED:
        return (
            (
                Button(label=say("button_approve", writing.language), data=f"approve:{turn_id}:yes"),
                Button(label=say("button_decline", writing.language), data=f"approve:{turn_id}:no"),
            ),
        )
    if writing.outcome is Outcome.ANSWERED:
        return tuple(
            (Button(label=f"👍 {title}", data=f"prefer:{turn_id}:{place}"),)
            for place, (title, _) in enumerate(writing.columns)
        )
    return ()


async def _despite_stop(turn: Turn, change: Callable[[Connection], T]) -> T:
    """An effect that a stop does not interrupt: half-way out nobody would bring the reply to an end."""
    effect = asyncio.ensure_future(turn.effect(change))
    while True:
        try:
            return await asyncio.shield(effect)
        except asyncio.CancelledError:
            if effect.cancelled() or _asked_to_stop(turn) in (None, CancelReason.SHUTDOWN):
                effect.cancel()
                raise
            _uncancel()


def _asked_to_stop(turn: Turn) -> CancelReason | None:
    return turn.stopping


def _stopped_as(reason: CancelReason) -> Outcome:
    return Outcome.SUPERSEDED if reason is CancelReason.SUPERSEDED else Outcome.STOPPED


def _sentence(error: ProviderError, writing: Writing) -> str:
    if isinstance(error, ProviderAccountError):
        return say("model_account", writing.language)
    if writing.exchange.pictures and (trouble := picture_trouble(error)):
        return say(trouble, writing.language)
    if isinstance(error, ProviderRefused):
        return say("model_refused", writing.language)
    return say("model_broke_off" if writing.reply.strip() else "model_busy", writing.language)


def _uncancel() -> None:
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()


def _newer(ours: str, theirs: str) -> str:
    """The newer of two message ids where they are numbers, else the person's."""
    if ours.isdigit() and theirs.isdigit():
        return max(ours, theirs, key=int)
    return theirs

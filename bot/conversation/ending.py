"""Ends an answer: stores what will not change any more, and brings it to the platform whole."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.conversation.chat_settings import ChatSettings
from bot.conversation.groups.recall_tool import without_recalled
from bot.conversation.opening import Opened
from bot.conversation.personas.persona import Persona
from bot.conversation.question import Question, quotes_others
from bot.conversation.seeing.faults import picture_trouble
from bot.conversation.stops import despite_stop, stopped_by_person, uncancel
from bot.conversation.tooling import ToolRound
from bot.conversation.writing import Writing
from bot.delivery import Draft, TurnLedger
from bot.errors import ProviderAccountError, ProviderError, ProviderRefused
from bot.events import Outcome
from bot.ports import Adapter, Button, Turn
from bot.storage import chats, history
from bot.texts import say

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["Job", "deliver", "failed_because", "save"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
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
            turn=self.turn,
            writing=self.writing,
            persona=self.persona,
            author=self.question.author,
            quotes=quotes_others(self.question),
        )


async def save(job: Job) -> None:
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

    await despite_stop(job.turn, change)


async def deliver(job: Job, draft: Draft) -> None:
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
            if not stopped_by_person(job.turn):
                raise
            uncancel()
        else:
            return


def _vanished(job: Job) -> str:
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


def failed_because(error: ProviderError, writing: Writing) -> str:
    """Why there is no answer, for the person who asked."""
    if isinstance(error, ProviderAccountError):
        return say("model_account", writing.language)
    if trouble := picture_trouble(error, writing.exchange.pictures):
        return say(trouble, writing.language)
    if isinstance(error, ProviderRefused):
        return say("model_refused", writing.language)
    return say("model_broke_off" if writing.reply.strip() else "model_busy", writing.language)

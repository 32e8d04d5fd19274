"""Runs the tools a model asks for between two rounds of an answer; a person allows what changes something."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.conversation.drawing.tool import DRAW_TOOL
from bot.conversation.personas.persona import Persona
from bot.conversation.writing import Writing
from bot.delivery import Draft
from bot.events import ToolCallsReady
from bot.messages import Author
from bot.ports import AssistantMessage, Clock, ToolMessage, Turn
from bot.storage import history
from bot.texts import say
from bot.tools import PendingCall, Toolbox, ToolContext, awaiting_approval, distinct_calls, run_calls

__all__ = ["ToolRound", "ToolRounds"]

# What these give is nobody's words; whatever else was called may have brought some that ask for something.
_WORDLESS: Final = frozenset({"calculate", "convert_units", "current_time", DRAW_TOOL})
_BEGUN = "It was begun and then interrupted: whether it took effect is not known. Do not repeat it unasked."


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolRound:
    """The answer that the tools are for, and whose it is.

    ``quotes`` says that the question holds words of others than its author.
    """

    turn: Turn
    writing: Writing
    persona: Persona
    author: Author
    quotes: bool = False

    @property
    def read_others(self) -> bool:
        """Whether the model has read words of others, which may ask for something."""
        steps = self.writing.steps
        called = {call.name for step in steps if isinstance(step, AssistantMessage) for call in step.calls}
        return self.quotes or not called <= _WORDLESS


class ToolRounds:
    """Shared by all conversations; nothing to close."""

    def __init__(self, *, toolbox: Toolbox, clock: Clock) -> None:
        self._toolbox = toolbox
        self._clock = clock

    @property
    def names(self) -> tuple[str, ...]:
        """All tools there are."""
        return self._toolbox.names

    def box(self, persona: Persona) -> Toolbox:
        """The tools of a persona; a chat's own persona may name some that are gone."""
        if persona.tools is None:
            return self._toolbox
        return self._toolbox.subset(name for name in persona.tools if name in self._toolbox.names)

    async def run(self, job: ToolRound, draft: Draft, asked: ToolCallsReady) -> bool:
        """Run the calls and store their results; False when the person has to be asked first."""
        writing, calls = job.writing, distinct_calls(asked.calls)
        box = self.box(job.persona)
        if job.read_others:
            box = box.cautious()
        pending = awaiting_approval(box, calls)
        if pending:
            writing.ask(calls, thinking=asked.thinking, question=_question(pending, writing.language))
            return False
        writing.begin_tools(calls)
        draft.show(writing.live_view)
        results = await run_calls(box, calls, self._context(job))
        writing.end_tools(calls, results, thinking=asked.thinking)
        await self._save(job)
        return True

    async def carry_out(self, job: ToolRound, draft: Draft, *, decision: bool | None) -> None:
        """Run the calls that waited as far as they are allowed, at most once whatever happens meanwhile."""
        writing, box = job.writing, self.box(job.persona).cautious()
        calls = writing.undecided
        writing.begin_tools(calls)
        draft.show(writing.live_view)
        pending = [waiting.call.id for waiting in awaiting_approval(box, calls)]
        writing.settle([ToolMessage(call_id=call.id, text=_BEGUN) for call in calls])
        writing.begin_tools(calls)
        await self._save(job)
        decisions = {} if decision is None else dict.fromkeys(pending, decision)
        writing.settle(await run_calls(box, calls, self._context(job), decisions=decisions))
        await self._save(job)

    async def _save(self, job: ToolRound) -> None:
        await job.turn.effect(lambda conn: history.save_steps(conn, job.writing.as_exchange()))

    def _context(self, job: ToolRound) -> ToolContext:
        return ToolContext(
            clock=self._clock,
            key=job.turn.key,
            author=job.author,
            language=job.writing.language,
            turn_id=job.turn.id,
        )


def _question(pending: Sequence[PendingCall], language: str) -> str:
    """What the person is asked: each call with its arguments, shown as they are."""
    calls = [f"`{waiting.call.name}`\n\n{_fenced(waiting.description)}".strip() for waiting in pending]
    return "\n\n".join((say("approval", language), *calls))


def _fenced(text: str) -> str:
    """Text as a block of code that nothing in it can end."""
    if not text.strip():
        return ""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{text}\n{fence}"

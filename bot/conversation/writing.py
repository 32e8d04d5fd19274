"""An answer as it grows: what has been written, what of it is stored, and what a person should see of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bot.conversation.models.comparison import split_sections
from bot.delivery import View
from bot.events import Completed, Outcome, ToolCall, Usage
from bot.exchange import Exchange, Step, undecided, visible_text
from bot.ports import AssistantMessage, ToolMessage
from bot.storage import history
from bot.texts import say

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["Writing"]


@dataclass(slots=True, kw_only=True)
class Writing:
    """The growing answer of one turn. ``reply`` is all of its visible text, over every round of tools."""

    exchange: Exchange
    language: str
    thinking_shown: bool
    compares: bool = False
    mark: str = ""
    shown: str = ""
    notice: str = ""
    reply: str = ""
    thinking: str = ""
    steps: tuple[Step, ...] = ()
    status: str = ""
    usage: Usage = field(default_factory=Usage)
    model: str = ""
    gone: tuple[str, ...] = ()
    trace_id: str = ""
    outcome: Outcome | None = None
    _stored: tuple[str, str] = ("", "")
    _thinking_since: float | None = None
    _thought_seconds: float = 0.0

    @classmethod
    def taken_up(
        cls,
        exchange: Exchange,
        *,
        language: str,
        thinking_shown: bool,
        mark: str,
        notice: str,
        shown: str = "",
        compares: bool = False,
    ) -> Writing:
        """The answer as the exchange holds it: empty at first, half-written after an interruption."""
        return cls(
            exchange=exchange,
            language=language,
            thinking_shown=thinking_shown,
            compares=compares,
            mark=mark,
            notice=notice,
            shown=shown,
            reply=exchange.reply,
            thinking=exchange.thinking,
            steps=exchange.steps,
            usage=exchange.usage,
            model=exchange.model,
            outcome=exchange.outcome,
            _stored=(exchange.reply, exchange.thinking),
        )

    @property
    def round_text(self) -> str:
        """The visible text of the round that is being written."""
        return self.reply[len(visible_text(self.steps)) :]

    def add_text(self, text: str, *, at: float) -> None:
        """The model wrote more of the answer."""
        if self._thinking_since is not None:
            self._thought_seconds += at - self._thinking_since
            self._thinking_since = None
        self.reply += text
        self.status = ""

    def add_thinking(self, text: str, *, at: float) -> None:
        """The model thought on."""
        if self._thinking_since is None:
            self._thinking_since = at
        self.thinking += text

    @property
    def undecided(self) -> tuple[ToolCall, ...]:
        """The calls that wait for a person's word."""
        return undecided(self.steps)

    def ask(self, calls: Sequence[ToolCall], *, thinking: str, question: str) -> None:
        """A round ends with a question: its calls get their results when a person has decided."""
        self._close_round(calls, thinking)
        self.notice = question

    def settle(self, results: Sequence[ToolMessage]) -> None:
        """The calls that waited have these results, in the place of what was noted before they ran."""
        kept = max(at for at, step in enumerate(self.steps) if isinstance(step, AssistantMessage)) + 1
        self.steps = (*self.steps[:kept], *results)
        self.status = ""

    def begin_tools(self, calls: Sequence[ToolCall]) -> None:
        """Tools are at work."""
        names = ", ".join(dict.fromkeys(call.name for call in calls))
        self.status = say("tool_running", self.language, names=names)

    def end_tools(self, calls: Sequence[ToolCall], results: Sequence[ToolMessage], *, thinking: str) -> None:
        """A round is over: its text, its calls and their results become steps."""
        self._close_round(calls, thinking)
        self.steps = (*self.steps, *results)

    def _close_round(self, calls: Sequence[ToolCall], thinking: str) -> None:
        said = AssistantMessage(text=self.round_text.strip(), calls=tuple(calls), thinking=thinking)
        self.steps = (*self.steps, said)
        self.reply = visible_text(self.steps)
        self.status = ""

    def complete(self, end: Completed) -> None:
        """A model call came to its end."""
        self.usage = self.usage + end.usage
        self.model = end.model
        self.gone = (*self.gone, *end.gone)
        self.trace_id = end.trace_id

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """The answers of several models with their titles; none where there is one answer."""
        return tuple((part.title, part.text) for part in split_sections(self.reply)) if self.compares else ()

    def live_view(self) -> View:
        """What should be seen while it grows."""
        return View(
            quoted=self.shown,
            markdown=self.reply,
            columns=self.columns,
            thinking=self.thinking if self.thinking_shown else "",
            thinking_title=self._thinking_title(live=not self.reply),
            status=self.status,
        )

    def final_view(self) -> View:
        """What should be seen at the end."""
        if self.notice and not self.reply.strip():
            return View(quoted=self.shown, markdown=self.notice)
        marks = {
            Outcome.STOPPED: say("stopped", self.language),
            Outcome.FAILED: self.notice,
            Outcome.IGNORED: self.notice,
            Outcome.ANSWERED: " ".join(filter(None, (self.mark, self.notice))),
        }
        asks = self.outcome is Outcome.ASKED
        return View(
            quoted=self.shown,
            markdown=f"{self.reply.rstrip()}\n\n{self.notice}" if asks else self.reply,
            columns=self.columns,
            thinking=self.thinking if self.thinking_shown else "",
            thinking_title=self._thinking_title(live=False),
            mark=marks.get(self.outcome or Outcome.ANSWERED, ""),
        )

    def unsaved(self) -> Callable[[Connection], None] | None:
        """The change that stores what was written since the last one; None when nothing was."""
        now = (self.reply, self.thinking)
        if self._stored == now or self.outcome is not None:
            return None
        self._stored = now
        turn_id = self.exchange.turn_id
        return lambda conn: history.save_progress(conn, turn_id, reply=now[0], thinking=now[1])

    def as_exchange(self) -> Exchange:
        """The exchange with everything written so far."""
        return replace(
            self.exchange,
            reply=self.reply,
            thinking=self.thinking,
            steps=self.steps,
            outcome=self.outcome,
            model=self.model,
            usage=self.usage,
        )

    def _thinking_title(self, *, live: bool) -> str:
        if live or not self._thought_seconds:
            return say("thinking", self.language)
        return say("thought", self.language, seconds=max(1, round(self._thought_seconds)))

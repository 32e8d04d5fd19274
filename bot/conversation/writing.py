"""An answer as it grows: what has been written, what of it is stored, and what a person should see of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bot.delivery import View
from bot.events import Completed, Outcome, ToolCall, Usage
from bot.exchange import Exchange, Step, visible_text
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
    mark: str = ""
    notice: str = ""
    reply: str = ""
    thinking: str = ""
    steps: tuple[Step, ...] = ()
    status: str = ""
    usage: Usage = field(default_factory=Usage)
    model: str = ""
    trace_id: str = ""
    outcome: Outcome | None = None
    _stored: tuple[str, str] = ("", "")
    _thinking_since: float | None = None
    _thought_seconds: float = 0.0

    @classmethod
    def taken_up(
        cls, exchange: Exchange, *, language: str, thinking_shown: bool, mark: str, notice: str
    ) -> Writing:
        """The answer as the exchange holds it: empty at first, half-written after an interruption."""
        return cls(
            exchange=exchange,
            language=language,
            thinking_shown=thinking_shown,
            mark=mark,
            notice=notice,
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

    def begin_tools(self, calls: Sequence[ToolCall]) -> None:
        """Tools are at work."""
        names = ", ".join(dict.fromkeys(call.name for call in calls))
        self.status = say("tool_running", self.language, names=names)

    def end_tools(self, calls: Sequence[ToolCall], results: Sequence[ToolMessage], *, thinking: str) -> None:
        """A round is over: its text, its calls and their results become steps."""
        said = AssistantMessage(text=self.round_text.strip(), calls=tuple(calls), thinking=thinking)
        self.steps = (*self.steps, said, *results)
        self.reply = visible_text(self.steps)
        self.status = ""

    def complete(self, end: Completed) -> None:
        """A model call came to its end."""
        self.usage = self.usage + end.usage
        self.model = end.model
        self.trace_id = end.trace_id

    def live_view(self) -> View:
        """What should be seen while it grows."""
        return View(
            markdown=self.reply,
            thinking=self.thinking if self.thinking_shown else "",
            thinking_title=self._thinking_title(live=not self.reply),
            status=self.status,
        )

    def final_view(self) -> View:
        """What should be seen at the end."""
        if self.notice and not self.reply.strip():
            return View(markdown=self.notice)
        marks = {
            Outcome.STOPPED: say("stopped", self.language),
            Outcome.FAILED: self.notice,
            Outcome.IGNORED: self.notice,
            Outcome.ANSWERED: self.mark,
        }
        return View(
            markdown=self.reply,
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

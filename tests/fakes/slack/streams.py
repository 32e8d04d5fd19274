"""A message the app is still writing: what came so far, how much it weighs, and how it may end."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, Literal

from .rendering import read_blocks

__all__ = ["MAX_STREAM_BYTES", "STREAM_SECONDS", "Portion", "Stream", "StreamState", "Task"]

#: Undocumented; fields report 10.6-11.3 kB and 11 977 characters (facts: Slack §2.4).
MAX_STREAM_BYTES = 11_500
#: Undocumented; a stream ends about five minutes after its start even while it is appended to.
STREAM_SECONDS = 300.0

Wire = dict[str, Any]
Mode = Literal["markdown_text", "chunks"]
StreamState = Literal["live", "stopped", "stopped_by_user", "expired"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A step of work shown in the message."""

    id: str
    title: str
    status: str
    details: str = ""
    output: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """What one call brings: texts and blocks in order, tasks, a title of the plan."""

    mode: Mode
    pieces: tuple[str | list[Wire], ...] = ()
    tasks: tuple[Task, ...] = ()
    plan: str = ""

    @property
    def weight_bytes(self) -> int:
        """What it adds to the size of the stream; tasks weigh double (facts: Slack §2.4)."""
        texts = sum(len(_read(piece).encode()) for piece in self.pieces)
        tasks = sum(len((task.title + task.details + task.output).encode()) for task in self.tasks)
        return texts + 2 * tasks + len(self.plan.encode())


@dataclass(slots=True, kw_only=True, eq=False)
class Stream:
    """The state of a native stream. ``timer`` ends it when its lifetime is over."""

    recipient: str
    mode: Mode | None = None
    state: StreamState = "live"
    text: str = ""
    weight_bytes: int = 0
    tasks: dict[str, Task] = field(default_factory=dict)
    plan: str = ""
    timer: asyncio.TimerHandle | None = None
    _blocks: list[Wire] = field(default_factory=list)

    def fits(self, portion: Portion) -> bool:
        """Whether the stream can take it."""
        return self.weight_bytes + portion.weight_bytes <= MAX_STREAM_BYTES

    def take(self, portion: Portion) -> None:
        """Show more. Text goes on where the last text ended; blocks stand on lines of their own."""
        self.mode = self.mode or portion.mode
        self.weight_bytes += portion.weight_bytes
        for piece in portion.pieces:
            if isinstance(piece, str):
                self.text += piece
            else:
                self._blocks += piece
                self.text += f"\n{read_blocks(piece)}\n" if read_blocks(piece) else ""
        self.tasks.update({task.id: task for task in portion.tasks})
        self.plan = portion.plan or self.plan

    @property
    def blocks(self) -> list[Wire]:
        """The blocks that came in chunks."""
        return list(self._blocks)

    def end(self, state: StreamState) -> None:
        """Take no more."""
        self.state = state
        if self.timer is not None:
            self.timer.cancel()


def _read(piece: str | list[Wire]) -> str:
    return piece if isinstance(piece, str) else read_blocks(piece)

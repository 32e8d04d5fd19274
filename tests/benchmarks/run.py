"""One subject under one load: what is asked of it and waited for, and where the figures go."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from .questions import Question
from .stage import Stage
from .subjects import Running

__all__ = ["FULL", "QUICK", "Run", "Scenario", "Sizes"]

# What a subject still does after the last visible text (a commit, a log line) belongs to its messages.
_SETTLE_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much of each load is made."""

    alone: int
    crowd_chats: int
    crowd_rounds: int
    instant_chats: int
    instant_each: int
    memory_chats: int
    spoken: int
    notes: int
    notes_seconds: float
    quiet_seconds: float


FULL: Final = Sizes(
    alone=8,
    crowd_chats=50,
    crowd_rounds=4,
    instant_chats=100,
    instant_each=5,
    memory_chats=1000,
    spoken=10,
    notes=100,
    notes_seconds=60.0,
    quiet_seconds=30.0,
)
QUICK: Final = Sizes(
    alone=4,
    crowd_chats=50,
    crowd_rounds=2,
    instant_chats=50,
    instant_each=3,
    memory_chats=200,
    spoken=4,
    notes=40,
    notes_seconds=24.0,
    quiet_seconds=12.0,
)


@dataclass(slots=True, kw_only=True)
class Run:
    """One subject under one scenario. The loads put what they measured into ``figures``.

    ``deadline`` is the loop's time after which a load stops waiting for answers.
    """

    stage: Stage
    subject: Running
    sizes: Sizes
    deadline: float
    figures: dict[str, float]

    @property
    def is_over(self) -> bool:
        """Whether a load should wait no longer."""
        return asyncio.get_running_loop().time() >= self.deadline

    async def wait(self, questions: Sequence[Question]) -> None:
        """Return when all are answered or the time is up. Raises SubjectEnded."""
        while not all(question.whole.is_set() for question in questions):
            self.subject.check()
            left = self.deadline - asyncio.get_running_loop().time()
            if left <= 0:
                return
            open_ones = [question.whole.wait() for question in questions if not question.whole.is_set()]
            await _wait_for_all(open_ones, min(left, 1.0))

    async def ask_all(self, chats: Sequence[int], *, tokens: int) -> list[Question]:
        """Ask one question in each chat in the same moment and wait for the answers."""
        questions = [await self.stage.ask(chat, tokens=tokens) for chat in chats]
        await self.wait(questions)
        return questions

    async def open_chats(self, count: int) -> list[int]:
        """So many new chats."""
        return [await self.stage.open_chat() for _ in range(count)]

    async def settle(self) -> None:
        """Let the subject end what follows an answer."""
        await asyncio.sleep(_SETTLE_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A load with the model's pace and the seconds after which it is given up."""

    name: str
    load: Callable[[Run], Awaitable[None]]
    tokens_per_second: float = 0
    timeout_seconds: float = 120
    is_quick: bool = True
    warms_up: bool = True


async def _wait_for_all(waits: Sequence[Awaitable[object]], seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await asyncio.gather(*waits)
    except TimeoutError:
        pass

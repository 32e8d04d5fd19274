"""Turns what questions and processes went through into the figures of a run."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from typing import Final

from .arithmetic import percentile
from .questions import Question
from .run import Run

__all__ = ["MS", "Meter", "between_ms", "final_ms", "known", "note_latency", "note_percentiles"]

MS: Final = 1000.0


class Meter:
    """Processor time and calls from its making on."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._first = len(run.stage.questions)
        self._calls = run.stage.answer_calls
        self._cpu_seconds = run.subject.usage.cpu_seconds
        self._own_cpu_seconds = time.process_time()
        self._started = time.monotonic()

    @property
    def questions(self) -> list[Question]:
        """What was asked since."""
        return list(self._run.stage.questions.values())[self._first :]

    @property
    def cpu_seconds(self) -> float:
        """What the subject has used since."""
        return self._run.subject.usage.cpu_seconds - self._cpu_seconds

    async def note(self, name: str, questions: Sequence[Question]) -> None:
        """Put the figures of these questions into the run, after what follows the last answer is done too."""
        ends = [question.whole_at for question in questions if question.whole_at is not None]
        wall_seconds = max(ends, default=math.nan) - self._started
        own_seconds = time.process_time() - self._own_cpu_seconds
        await self._run.settle()
        count = len(questions)
        self._run.figures |= {
            f"{name}_wall_s": wall_seconds,
            f"{name}_per_second": len(ends) / wall_seconds,
            f"{name}_cpu_ms": self.cpu_seconds * MS / count,
            f"{name}_calls": (self._run.stage.answer_calls - self._calls) / count,
            f"{name}_harness_cpu_ms": own_seconds * MS / count,
        }


def note_latency(figures: dict[str, float], name: str, questions: Sequence[Question]) -> None:
    """The three ways of a message: to the provider, of the first text back, and of the last."""
    note_percentiles(figures, f"{name}_ingress", [_ingress_ms(question) for question in questions])
    note_percentiles(figures, f"{name}_first", [_first_ms(question) for question in questions])
    note_percentiles(figures, f"{name}_final", [final_ms(question) for question in questions])


def note_percentiles(figures: dict[str, float], name: str, values: Sequence[float]) -> None:
    """The middle and the slow end of milliseconds; what is NaN did not happen."""
    measured = known(values)
    figures[f"{name}_p50_ms"] = percentile(measured, 50)
    figures[f"{name}_p95_ms"] = percentile(measured, 95)


def _ingress_ms(question: Question) -> float:
    return between_ms(question.asked_at, question.arrived_at)


def _first_ms(question: Question) -> float:
    return between_ms(question.first_token_at, question.first_seen_at)


def final_ms(question: Question) -> float:
    """From the last token to the whole answer before people's eyes."""
    return between_ms(question.last_token_at, question.whole_at)


def between_ms(start: float | None, end: float | None) -> float:
    """NaN where either did not happen."""
    return math.nan if start is None or end is None else (end - start) * MS


def known(values: Iterable[float]) -> list[float]:
    """Those that are numbers."""
    return [value for value in values if not math.isnan(value)]

"""What is measured: each scenario drives one subject through one load and gives the figures of that run."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import aiohttp

from .arithmetic import percentile
from .questions import Question
from .stage import Stage
from .subjects import Running

__all__ = ["FULL", "QUICK", "SCENARIOS", "Run", "Scenario", "Sizes"]

_MS: Final = 1000.0
# What a subject still does after the last visible text (a commit, a log line) belongs to its messages.
_SETTLE_SECONDS: Final = 0.5
_ANSWER_TOKENS: Final = 100
_SHORT_ANSWER_TOKENS: Final = 60
_PACE_TOKENS_PER_SECOND: Final = 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much of each load is made."""

    alone: int
    crowd_chats: int
    crowd_rounds: int
    instant_chats: int
    instant_each: int
    memory_chats: int


FULL: Final = Sizes(
    alone=8, crowd_chats=50, crowd_rounds=4, instant_chats=100, instant_each=5, memory_chats=1000
)
QUICK: Final = Sizes(
    alone=4, crowd_chats=50, crowd_rounds=2, instant_chats=50, instant_each=3, memory_chats=200
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


async def _start(run: Run) -> None:
    """From the start of the process until it takes messages in, and what that cost."""
    run.figures["start_reached_s"] = await run.stage.reached_at(run.subject) - run.subject.started_at
    if run.subject.subject.is_service:
        run.figures["start_healthz_s"] = await _healthy_at(run.subject.port) - run.subject.started_at
    run.figures["start_cpu_s"] = run.subject.usage.cpu_seconds
    await run.settle()
    run.figures["rss_idle_mb"] = run.subject.usage.rss_mb


async def _healthy_at(port: int) -> float:
    async with aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(f"http://127.0.0.1:{port}/healthz") as answer:
                    if answer.status == 200:
                        return time.monotonic()
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(0.02)


async def _latency_alone(run: Run) -> None:
    """One message at a time. A new chat each time has its whole send budget; one chat's runs dry."""
    fresh = [await _alone(run, await run.stage.open_chat()) for _ in range(run.sizes.alone)]
    _note_latency(run.figures, "alone", fresh)
    chat = await run.stage.open_chat()
    same = [await _alone(run, chat) for _ in range(run.sizes.alone)]
    _note_percentiles(run.figures, "same_chat_final", [_final_ms(question) for question in same])


async def _alone(run: Run, chat: int) -> Question:
    (question,) = await run.ask_all([chat], tokens=_SHORT_ANSWER_TOKENS)
    return question


async def _latency_crowd(run: Run) -> None:
    """Fifty new chats in the same moment, round after round."""
    questions: list[Question] = []
    for _ in range(run.sizes.crowd_rounds):
        chats = await run.open_chats(run.sizes.crowd_chats)
        questions += await run.ask_all(chats, tokens=_SHORT_ANSWER_TOKENS)
    _note_latency(run.figures, "crowd", questions)


async def _instant(run: Run) -> None:
    """Each chat asks its next question when it has the answer to the last."""
    meter = _Meter(run)
    chats = await run.open_chats(run.sizes.instant_chats)
    async with asyncio.TaskGroup() as group:
        for chat in chats:
            group.create_task(_converse(run, chat, run.sizes.instant_each), name=f"chat {chat}")
    await meter.note("instant", meter.questions)


async def _converse(run: Run, chat: int, count: int) -> None:
    for _ in range(count):
        await run.ask_all([chat], tokens=_ANSWER_TOKENS)


async def _burst(run: Run) -> None:
    """Every question of every chat in the same moment."""
    meter = _Meter(run)
    chats = await run.open_chats(run.sizes.instant_chats)
    await run.ask_all(chats * run.sizes.instant_each, tokens=_ANSWER_TOKENS)
    await meter.note("burst", meter.questions)


def _stream(count: int) -> Callable[[Run], Awaitable[None]]:
    async def load(run: Run) -> None:
        """So many chats ask in the same moment and are answered at the model's pace."""
        meter, name = _Meter(run), f"stream{count}"
        questions = await run.ask_all(await run.open_chats(count), tokens=_ANSWER_TOKENS)
        await meter.note(name, questions)
        finals = _known(_final_ms(question) for question in questions)
        run.figures[f"{name}_missing"] = sum(question.whole_at is None for question in questions)
        run.figures[f"{name}_final_p50_ms"] = percentile(finals, 50)
        run.figures[f"{name}_final_max_ms"] = percentile(finals, 100)

    return load


async def _memory(run: Run) -> None:
    """Many chats have one exchange each, fifty at a time."""
    await run.settle()
    before = run.subject.usage.rss_mb
    chats = await run.open_chats(run.sizes.memory_chats)
    for start in range(0, len(chats), run.sizes.crowd_chats):
        await run.ask_all(chats[start : start + run.sizes.crowd_chats], tokens=_ANSWER_TOKENS)
    await run.settle()
    after = run.subject.usage.rss_mb
    run.figures["rss_after_mb"] = after
    run.figures["rss_per_1000_chats_mb"] = (after - before) * 1000 / len(chats)
    run.figures["rss_peak_mb"] = run.subject.peak_rss_mb


SCENARIOS: Final = (
    Scenario(name="start", load=_start, timeout_seconds=60, warms_up=False),
    Scenario(name="latency", load=_latency_alone, tokens_per_second=_PACE_TOKENS_PER_SECOND),
    Scenario(name="crowd", load=_latency_crowd, tokens_per_second=_PACE_TOKENS_PER_SECOND),
    Scenario(name="instant", load=_instant),
    Scenario(name="burst", load=_burst, is_quick=False),
    Scenario(name="stream200", load=_stream(200), tokens_per_second=_PACE_TOKENS_PER_SECOND),
    Scenario(
        name="stream1000",
        load=_stream(1000),
        tokens_per_second=_PACE_TOKENS_PER_SECOND,
        timeout_seconds=240,
        is_quick=False,
    ),
    Scenario(name="memory", load=_memory),
)


class _Meter:
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

    async def note(self, name: str, questions: Sequence[Question]) -> None:
        """Put the figures of these questions into the run, after what follows the last answer is done too."""
        ends = [question.whole_at for question in questions if question.whole_at is not None]
        wall_seconds = max(ends, default=math.nan) - self._started
        own_seconds = time.process_time() - self._own_cpu_seconds
        await self._run.settle()
        usage, count = self._run.subject.usage, len(questions)
        self._run.figures |= {
            f"{name}_wall_s": wall_seconds,
            f"{name}_per_second": len(ends) / wall_seconds,
            f"{name}_cpu_ms": (usage.cpu_seconds - self._cpu_seconds) * _MS / count,
            f"{name}_calls": (self._run.stage.answer_calls - self._calls) / count,
            f"{name}_harness_cpu_ms": own_seconds * _MS / count,
        }


def _note_latency(figures: dict[str, float], name: str, questions: Sequence[Question]) -> None:
    _note_percentiles(figures, f"{name}_ingress", [_ingress_ms(question) for question in questions])
    _note_percentiles(figures, f"{name}_first", [_first_ms(question) for question in questions])
    _note_percentiles(figures, f"{name}_final", [_final_ms(question) for question in questions])


def _note_percentiles(figures: dict[str, float], name: str, values: Sequence[float]) -> None:
    known = _known(values)
    figures[f"{name}_p50_ms"] = percentile(known, 50)
    figures[f"{name}_p95_ms"] = percentile(known, 95)


def _ingress_ms(question: Question) -> float:
    return _between_ms(question.asked_at, question.arrived_at)


def _first_ms(question: Question) -> float:
    return _between_ms(question.first_token_at, question.first_seen_at)


def _final_ms(question: Question) -> float:
    return _between_ms(question.last_token_at, question.whole_at)


def _between_ms(start: float | None, end: float | None) -> float:
    return math.nan if start is None or end is None else (end - start) * _MS


def _known(values: Iterable[float]) -> list[float]:
    return [value for value in values if not math.isnan(value)]


async def _wait_for_all(waits: Sequence[Awaitable[object]], seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await asyncio.gather(*waits)
    except TimeoutError:
        pass

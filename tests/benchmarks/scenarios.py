"""What is measured: each scenario drives one subject through one load and gives the figures of that run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

import aiohttp

from .arithmetic import percentile
from .files import large_files
from .meters import Meter, final_ms, known, note_latency, note_percentiles
from .questions import Question
from .run import FULL, QUICK, Run, Scenario, Sizes
from .spoken import notes_at_once, notes_in_a_minute, spoken_questions

__all__ = ["FULL", "QUICK", "SCENARIOS", "Run", "Scenario", "Sizes"]

_ANSWER_TOKENS: Final = 100
_SHORT_ANSWER_TOKENS: Final = 60
_PACE_TOKENS_PER_SECOND: Final = 50.0


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
    note_latency(run.figures, "alone", fresh)
    chat = await run.stage.open_chat()
    same = [await _alone(run, chat) for _ in range(run.sizes.alone)]
    note_percentiles(run.figures, "same_chat_final", [final_ms(question) for question in same])


async def _alone(run: Run, chat: int) -> Question:
    (question,) = await run.ask_all([chat], tokens=_SHORT_ANSWER_TOKENS)
    return question


async def _latency_crowd(run: Run) -> None:
    """Fifty new chats in the same moment, round after round."""
    questions: list[Question] = []
    for _ in range(run.sizes.crowd_rounds):
        chats = await run.open_chats(run.sizes.crowd_chats)
        questions += await run.ask_all(chats, tokens=_SHORT_ANSWER_TOKENS)
    note_latency(run.figures, "crowd", questions)


async def _instant(run: Run) -> None:
    """Each chat asks its next question when it has the answer to the last."""
    meter = Meter(run)
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
    meter = Meter(run)
    chats = await run.open_chats(run.sizes.instant_chats)
    await run.ask_all(chats * run.sizes.instant_each, tokens=_ANSWER_TOKENS)
    await meter.note("burst", meter.questions)


def _stream(count: int) -> Callable[[Run], Awaitable[None]]:
    async def load(run: Run) -> None:
        """So many chats ask in the same moment and are answered at the model's pace."""
        meter, name = Meter(run), f"stream{count}"
        questions = await run.ask_all(await run.open_chats(count), tokens=_ANSWER_TOKENS)
        await meter.note(name, questions)
        finals = known(final_ms(question) for question in questions)
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
    Scenario(name="voice", load=spoken_questions),
    Scenario(name="notes", load=notes_in_a_minute, tokens_per_second=_PACE_TOKENS_PER_SECOND),
    Scenario(name="pile", load=notes_at_once, tokens_per_second=_PACE_TOKENS_PER_SECOND),
    Scenario(name="files", load=large_files, timeout_seconds=240),
)

"""Loads of voice notes: one at a time, and so many in a group that people who write would notice."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from .arithmetic import ratio
from .meters import MS, Meter, between_ms, note_latency, note_percentiles
from .questions import Question
from .recordings import numbered, voice_note
from .run import Run

__all__ = ["compare", "notes_at_once", "notes_in_a_minute", "spoken_questions"]

_QUESTION_SECONDS: Final = 60
_NOTE_SECONDS: Final = 15
_ANSWER_TOKENS: Final = 20
_WRITE_EVERY_SECONDS: Final = 0.2
_LOOK_EVERY_SECONDS: Final = 0.02


async def spoken_questions(run: Run) -> None:
    """A question that is spoken for a minute, one after another, each in a new chat."""
    note = voice_note(_QUESTION_SECONDS)
    await _ask_aloud(run, numbered(note, 0))
    await run.settle()
    meter = Meter(run)
    waits = [await _ask_aloud(run, numbered(note, number)) for number in range(1, run.sizes.spoken + 1)]
    await run.settle()
    note_percentiles(run.figures, "voice", waits)
    run.figures["voice_cpu_ms"] = meter.cpu_seconds * MS / run.sizes.spoken


async def _ask_aloud(run: Run, note: bytes) -> float:
    """Milliseconds until its sound was on its way to the provider."""
    before = len(run.stage.transcriptions)
    chat = await run.stage.open_chat()
    question = await run.stage.ask_aloud(chat, note, seconds=_QUESTION_SECONDS, tokens=_ANSWER_TOKENS)
    await run.wait([question])
    requests = run.stage.transcriptions[before:]
    return between_ms(question.asked_at, requests[0].arrived_at) if len(requests) == 1 else math.nan


async def notes_in_a_minute(run: Run) -> None:
    """As they come in a lively group; the rate is the same in a quick run, which ends earlier."""
    await _notes(run, "notes", every_seconds=run.sizes.notes_seconds / run.sizes.notes)


async def notes_at_once(run: Run) -> None:
    """All in the same moment, as after the network was gone."""
    await _notes(run, "pile", every_seconds=0.0)


async def _notes(run: Run, name: str, *, every_seconds: float) -> None:
    """People write in chats of their own, first while all is quiet, then while the notes are heard."""
    note = voice_note(_NOTE_SECONDS)
    notes = [numbered(note, number) for number in range(run.sizes.notes)]
    group = await run.stage.open_group(writes_all=run.subject.subject.is_service)
    await _post(run, group, [numbered(note, -1)], every_seconds=0.0)
    quiet_meter = Meter(run)
    async with _chatter(run) as before:
        await asyncio.sleep(run.sizes.quiet_seconds)
    quiet_cores = quiet_meter.cpu_seconds / run.sizes.quiet_seconds
    meter = Meter(run)
    async with _chatter(run) as meanwhile:
        seconds, late = await _post(run, group, notes, every_seconds=every_seconds)
    run.figures[f"{name}_late_s"] = late
    run.figures[f"{name}_cpu_ms"] = (meter.cpu_seconds - quiet_cores * seconds) * MS / len(notes)
    compare(run.figures, name, before, meanwhile)


async def _post(run: Run, group: int, notes: Sequence[bytes], *, every_seconds: float) -> tuple[float, float]:
    """Returns when all are at the provider: seconds since the first was posted, and since the last was."""
    loop = asyncio.get_running_loop()
    wanted, started = run.stage.ears.heard + len(notes), loop.time()
    for number, note in enumerate(notes):
        await asyncio.sleep(started + number * every_seconds - loop.time())
        await run.stage.post_note(group, note, seconds=_NOTE_SECONDS)
    posted = loop.time()
    while run.stage.ears.heard < wanted:
        run.subject.check()
        if run.is_over:
            raise TimeoutError(f"{wanted - run.stage.ears.heard} of {len(notes)} voice notes were not heard")
        await asyncio.sleep(_LOOK_EVERY_SECONDS)
    return loop.time() - started, loop.time() - posted


@asynccontextmanager
async def _chatter(run: Run) -> AsyncIterator[list[Question]]:
    """People write all the time, each in a new chat; on leaving the last is answered."""
    questions: list[Question] = []
    task = asyncio.create_task(_write(run, questions), name="people who write")
    try:
        yield questions
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await run.wait(questions)


async def _write(run: Run, questions: list[Question]) -> None:
    while True:
        questions.append(await run.stage.ask(await run.stage.open_chat(), tokens=_ANSWER_TOKENS))
        await asyncio.sleep(_WRITE_EVERY_SECONDS)


def compare(
    figures: dict[str, float], name: str, before: Sequence[Question], meanwhile: Sequence[Question]
) -> None:
    """The ways of texts before and meanwhile, and how many times longer they took meanwhile."""
    note_latency(figures, f"{name}_before", before)
    note_latency(figures, f"{name}_while", meanwhile)
    for step in ("ingress", "first"):
        for percent in ("p50", "p95"):
            quiet, busy = (figures[f"{name}_{when}_{step}_{percent}_ms"] for when in ("before", "while"))
            figures[f"{name}_{step}_{percent}_times"] = ratio(busy, quiet)

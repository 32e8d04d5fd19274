"""Loads of files as large as they are taken: what a subject's memory grows to while one passes."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final

from .meters import Meter
from .peak import Peak
from .questions import Question
from .recordings import long_text, paper, studio_recording, voice_note
from .run import Run

__all__ = ["large_files"]

_MEGABYTES: Final = 50
_ANSWER_TOKENS: Final = 20


async def large_files(run: Run) -> None:
    """A recording, then documents, which only the service reads; each with a question that is answered."""
    await run.settle()
    idle_mb = run.subject.usage.rss_mb
    await _answered(
        run, run.stage.ask_aloud(await run.stage.open_chat(), voice_note(5.0), seconds=5, tokens=5)
    )
    await run.settle()
    run.figures["hearing_mb"] = run.subject.usage.rss_mb - idle_mb
    await _send(run, "recording", studio_recording(_MEGABYTES), "talk.wav")
    if run.subject.subject.is_service:
        await _send(run, "paper", paper(_MEGABYTES - 1), "paper.pdf")
        await _send(run, "log", long_text(_MEGABYTES), "log.txt")


async def _send(run: Run, name: str, data: bytes, file_name: str) -> None:
    await run.settle()
    chat, meter = await run.stage.open_chat(), Meter(run)
    async with Peak(run.subject) as peak:
        question = await _answered(
            run, run.stage.ask_about(chat, data, name=file_name, tokens=_ANSWER_TOKENS)
        )
        run.figures[f"{name}_peak_mb"] = peak.over_mb
    if question.whole_at is not None:
        run.figures[f"{name}_s"] = question.whole_at - question.asked_at
        run.figures[f"{name}_cpu_s"] = meter.cpu_seconds


async def _answered(run: Run, asking: Awaitable[Question]) -> Question:
    question = await asking
    await run.wait([question])
    return question

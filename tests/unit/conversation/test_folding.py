"""A long conversation is folded into a summary that stands for its beginning, and for nothing forgotten."""

from __future__ import annotations

import asyncio

from bot.messages import Incoming
from bot.sandbox import ChatRequest, Reply
from tests.unit.conversation.conftest import OpenStage
from tests.unit.conversation.stage import Stage, Talk
from tests.unit.conversation.test_answer import spoken

LONG = "lorem ipsum dolor " * 40
NOTES = "You keep the notes"


class Notes:
    """A model that writes summaries when told to, and short answers otherwise."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.reply = Reply(text="Ann likes rivers.")
        stage.brain.answer = self.answer  # type: ignore[method-assign]

    def answer(self, request: ChatRequest) -> Reply:
        return self.reply if self._is_summary(request.messages[0]["content"]) else Reply(text="Noted.")

    @property
    def asked(self) -> list[str]:
        """What was to be summarised, each time."""
        return [
            spoken(body)[0][1]
            for body in self.stage.requests
            if self._is_summary(body["messages"][0]["content"])
        ]

    @staticmethod
    def _is_summary(instructions: str) -> bool:
        return instructions.startswith(NOTES)

    async def folded(self) -> None:
        """Wait until no summary is being written."""
        await self.stage.until(lambda: not self.stage.folding._tasks)


async def speak(ann: Talk, count: int, *, notes: Notes, first: int = 0) -> list[Incoming]:
    """Ask long questions, one after the other, and let summaries be written."""
    messages = []
    for number in range(first, first + count):
        messages.append(await ann.ask(f"number {number} {LONG}"))
        await notes.folded()
    return messages


async def small_stage(open_stage: OpenStage) -> tuple[Stage, Notes]:
    """A core whose prompts hold a few exchanges only."""
    stage = await open_stage(context_tokens=1800)
    return stage, Notes(stage)


async def test_a_short_conversation_is_not_folded(open_stage: OpenStage) -> None:
    """While it fits well nothing is summarised."""
    stage, notes = await small_stage(open_stage)
    await speak(stage.talk(), 3, notes=notes)
    assert notes.asked == []


async def test_the_summary_takes_the_place_of_what_it_sums_up(open_stage: OpenStage) -> None:
    """The next prompt begins with the summary, followed by the newest exchanges only, word for word."""
    stage, notes = await small_stage(open_stage)
    ann = stage.talk()
    await speak(ann, 7, notes=notes)
    assert "number 0" in notes.asked[0]
    await ann.ask("short question")
    messages = spoken(stage.requests[-1])
    assert messages[0][1].startswith("[Summary of the conversation so far]\nAnn likes rivers.\n\nnumber ")
    assert "number 0" not in str(messages)
    assert "number 6" in str(messages)


async def test_a_later_summary_holds_the_earlier_one(open_stage: OpenStage) -> None:
    """What was folded once is handed on when the conversation is folded again."""
    stage, notes = await small_stage(open_stage)
    await speak(stage.talk(), 7, notes=notes)
    before = len(notes.asked)
    notes.reply = Reply(text="Ann likes rivers and seas.")
    await speak(stage.talk(), 7, notes=notes, first=7)
    assert len(notes.asked) > before
    assert "Ann likes rivers." in notes.asked[-1] or "Ann likes rivers and seas." in notes.asked[-1]


async def test_a_summary_that_fails_leaves_the_history_as_it_was(open_stage: OpenStage) -> None:
    """Answers go on with what fits; the next answer tries again."""
    stage, notes = await small_stage(open_stage)
    notes.reply = Reply.coded_error(403, 30001, "balance")
    ann = stage.talk()
    await speak(ann, 8, notes=notes)
    assert len(notes.asked) >= 2
    assert ann.texts == ["Noted."] * 8
    assert "Summary" not in str(spoken(stage.requests[-1])[0])


async def test_what_is_deleted_while_it_is_summed_up_gets_into_no_summary(open_stage: OpenStage) -> None:
    """The model had read it already: the summary is thrown away."""
    stage, notes = await small_stage(open_stage)
    ann = stage.talk()
    secret = await ann.ask(f"My secret {LONG}")
    notes.reply = Reply(text="Ann has a secret.", first_token_delay_seconds=0.3)
    for number in range(6):
        await ann.ask(f"number {number} {LONG}")
        if stage.folding._tasks:
            break
    ann.delete(secret)
    await stage.quiet()
    assert stage.folding._tasks
    await notes.folded()
    notes.reply = Reply(text="Nothing special.")
    await ann.ask("short question")
    assert "secret" not in str(spoken(stage.requests[-1]))


async def test_closing_ends_the_summaries_under_way(open_stage: OpenStage) -> None:
    """The process need not wait for the model; the summary is written another time."""
    stage, notes = await small_stage(open_stage)
    ann = stage.talk()
    notes.reply = Reply(text="Never.", first_token_delay_seconds=30)
    for number in range(7):
        await ann.ask(f"number {number} {LONG}")
    assert stage.folding._tasks
    async with asyncio.timeout(20):
        await stage.folding.aclose()
    assert not stage.folding._tasks


async def test_undo_goes_back_behind_a_summary(open_stage: OpenStage) -> None:
    """Taking back more than what follows the summary shows the history before it."""
    stage, notes = await small_stage(open_stage)
    ann = stage.talk()
    await speak(ann, 6, notes=notes)
    for _ in range(5):
        await ann.ask("/undo")
    await ann.ask("short question")
    messages = spoken(stage.requests[-1])
    assert messages[0][1].startswith("number 0")
    assert len(messages) == 3

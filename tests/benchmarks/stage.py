"""The world around a subject: a platform and a provider in this process, on one clock, watched for answers.

Both live in the benchmark's own process, so that every time is read from one clock and the subject has the
second core of a small machine to itself; the benchmark does nothing else while a run is on.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from bot.sandbox import Sandbox
from bot.sandbox.exchange import RecordedRequest

from .ears import Ears
from .platforms import API_KEY, Place, TakesFiles
from .provider import TimedModel
from .questions import Question, question_number
from .subjects import Running

__all__ = ["Stage"]

_OPENING = re.compile(r"\banswer(\d+)\b")
_TRANSCRIPTIONS = "/audio/transcriptions"
# One look for all that happened in a millisecond costs less than one for each call, and times come from
# the platform's own records.
_LOOK_EVERY_SECONDS = 0.001


class Stage:
    """Use under ``async with``, which opens and closes ``place`` too."""

    def __init__(self, place: Place, *, tokens_per_second: float = 0) -> None:
        self.model = TimedModel(find=self._find, tokens_per_second=tokens_per_second)
        self.ears = Ears()
        self.provider = Sandbox(chat=self.model, audio=self.ears)
        self.questions: dict[int, Question] = {}
        self._place = place
        self._chats: list[int] = []
        self._watcher: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self._place.open()
        await self.provider.start()
        self._watcher = asyncio.create_task(self._watch(), name="watch answers")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.gather(self._watcher, return_exceptions=True)
        await self._place.close()
        await self.provider.close()

    @property
    def settings(self) -> dict[str, str]:
        """What points a subject at this platform and this provider."""
        return {
            **self._place.settings,
            "SILICONFLOW_API_KEY": API_KEY,
            "SILICONFLOW_BASE_URL": self.provider.url,
        }

    async def reached_at(self, subject: Running) -> float:
        """When the subject took messages in for the first time; waits for it. Raises SubjectEnded."""
        return await self._place.reached(subject)

    async def open_chat(self) -> int:
        """A new private chat; its number."""
        chat = await self._place.open_chat()
        self._chats.append(chat)
        return chat

    async def ask(self, chat_id: int, *, tokens: int) -> Question:
        """Write the next question in a chat, to be answered with so many tokens."""
        question = Question(number=len(self.questions) + 1, chat_id=chat_id, tokens=tokens)
        self.questions[question.number] = question
        question.asked_at = await self._place.say(chat_id, question.text)
        return question

    async def ask_aloud(self, chat_id: int, note: bytes, *, seconds: int, tokens: int) -> Question:
        """Speak the next question: a voice note in which the provider will hear its text."""
        question = self._next(chat_id, tokens)
        self.ears.expect(question.text)
        question.asked_at = await self._files.send_voice(chat_id, note, seconds=seconds)
        return question

    async def ask_about(self, chat_id: int, data: bytes, *, name: str, tokens: int) -> Question:
        """Send a file with the next question written below it."""
        question = self._next(chat_id, tokens)
        question.asked_at = await self._files.send_file(chat_id, data, name=name, text=question.text)
        return question

    async def open_group(self, *, writes_all: bool) -> int:
        """A group with the bot in it; ``writes_all``: where the bot has settings, it is to write all down."""
        return await self._files.open_group(writes_all=writes_all)

    async def post_note(self, group: int, note: bytes, *, seconds: int) -> None:
        """Speak in a group, to nobody in particular."""
        await self._files.send_voice(group, note, seconds=seconds)

    def _next(self, chat_id: int, tokens: int) -> Question:
        number = len(self.questions) + 1
        question = Question(number=number, chat_id=chat_id, tokens=tokens, follows=True)
        self.questions[number] = question
        return question

    @property
    def _files(self) -> TakesFiles:
        assert isinstance(self._place, TakesFiles), "this load is for platforms that carry files here"
        return self._place

    @property
    def transcriptions(self) -> list[RecordedRequest]:
        """The requests so far to write a recording down."""
        return [one for one in self.provider.requests if one.path.endswith(_TRANSCRIPTIONS)]

    @property
    def answer_calls(self) -> int:
        """Calls to the platform so far that were made for answers."""
        return self._place.calls

    async def changed(self, seconds: float) -> None:
        """Return when something happened on the platform, or the time is over."""
        await self._place.changed(seconds)

    def faults(self) -> list[str]:
        """What is wrong with the answers as people see them now, a line each."""
        self._look()
        return [*_missing(self.questions.values()), *self._strays()]

    def _strays(self) -> list[str]:
        seen: set[int] = set()
        strays = []
        for chat in self._chats:
            for text in self._place.answers(chat):
                number = self._answered(text)
                if number is None or number in seen:
                    strays.append(f"a stray message in chat {chat}: {text[:60]!r}")
                else:
                    seen.add(number)
        return strays

    def _answered(self, text: str) -> int | None:
        """The question this text is the whole answer of."""
        question = self._question_of(text)
        return question.number if question is not None and question.is_whole_in(text) else None

    def _question_of(self, text: str) -> Question | None:
        found = _OPENING.search(text)
        return self.questions.get(int(found.group(1))) if found else None

    def _find(self, prompt: str) -> Question | None:
        number = question_number(prompt)
        return self.questions.get(number) if number is not None else None

    async def _watch(self) -> None:
        while True:
            await self._place.changed(1.0)
            await asyncio.sleep(_LOOK_EVERY_SECONDS)
            self._look()

    def _look(self) -> None:
        for sighting in self._place.look():
            question = self._question_of(sighting.text)
            if question is not None:
                question.note_seen(sighting.text, sighting.at)


def _missing(questions: Iterable[Question]) -> list[str]:
    lines = []
    for question in questions:
        if question.whole_at is not None:
            continue
        reached = "in part" if question.first_seen_at is not None else "not at all"
        lines.append(f"question {question.number} in chat {question.chat_id} was answered {reached}")
    return lines

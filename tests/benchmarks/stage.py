"""The world around a subject: a Telegram and a provider in this process, on one clock, watched for answers.

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
from tests.fakes.telegram import ApiCall, FakeTelegram, Message, PrivateChat

from .provider import TimedModel
from .questions import Question, question_number, squeeze

__all__ = ["Stage"]

_VISIBLE = frozenset(("sendMessage", "editMessageText", "sendRichMessage"))
_OPENING = re.compile(r"answer(\d+)\b")
# One look for all that happened in a millisecond costs less than one for each call, and times come from
# the platform's own records.
_LOOK_EVERY_SECONDS = 0.001


class Stage:
    """Use under ``async with``. Flood control is off: the figures are about the subject, not about limits."""

    def __init__(self, *, tokens_per_second: float = 0) -> None:
        self.telegram = FakeTelegram(flood="off")
        self.model = TimedModel(find=self._find, tokens_per_second=tokens_per_second)
        self.provider = Sandbox(chat=self.model, keep_requests=False)
        self.questions: dict[int, Question] = {}
        self._chats: dict[int, PrivateChat] = {}
        self._seen: dict[Message, int] = {}
        self._next_call = 0
        self._under_way: list[ApiCall] = []
        self._watcher: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.telegram.start()
        await self.provider.start()
        self._watcher = asyncio.create_task(self._watch(), name="watch answers")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.gather(self._watcher, return_exceptions=True)
        await self.telegram.close()
        await self.provider.close()

    @property
    def settings(self) -> dict[str, str]:
        """What points a subject at this Telegram and this provider."""
        return {
            "TELEGRAM_BOT_TOKEN": self.telegram.token,
            "TELEGRAM_API_BASE_URL": self.telegram.url,
            "SILICONFLOW_API_KEY": "sk-for-benchmarks-only",
            "SILICONFLOW_BASE_URL": self.provider.url,
        }

    async def first_poll_at(self) -> float:
        """When the subject asked for updates for the first time; waits for it."""
        while True:
            for call in self.telegram.calls:
                if call.method == "getUpdates":
                    return call.at
            await self.telegram.world.changes.wait(1.0)

    def open_chat(self) -> int:
        """A new private chat; its id."""
        number = len(self._chats) + 1
        chat = self.telegram.private(self.telegram.person(f"Person {number}"))
        self._chats[chat.id] = chat
        return chat.id

    async def ask(self, chat_id: int, *, tokens: int) -> Question:
        """Write the next question in a chat, to be answered with so many tokens."""
        question = Question(number=len(self.questions) + 1, chat_id=chat_id, tokens=tokens)
        self.questions[question.number] = question
        message = await self._chats[chat_id].say(question.text)
        question.asked_at = message.history[0].at
        return question

    @property
    def answer_calls(self) -> int:
        """Calls of the Bot API so far that were made for answers."""
        return sum(call.chat_id is not None for call in self.telegram.calls)

    def faults(self) -> list[str]:
        """What is wrong with the answers as people see them now, a line each."""
        self._look()
        return [*_missing(self.questions.values()), *self._strays()]

    def _strays(self) -> list[str]:
        seen: set[int] = set()
        strays = []
        for chat in self._chats.values():
            for message in chat.bot_messages:
                number = self._answered(message.text)
                if number is None or number in seen:
                    strays.append(f"a stray message in chat {chat.id}: {message.text[:60]!r}")
                else:
                    seen.add(number)
        return strays

    def _answered(self, text: str) -> int | None:
        """The question this text is the whole answer of."""
        question = self._question_of(text)
        return question.number if question is not None and squeeze(text) == question.expected else None

    def _question_of(self, text: str) -> Question | None:
        found = _OPENING.match(text)
        return self.questions.get(int(found.group(1))) if found else None

    def _find(self, prompt: str) -> Question | None:
        number = question_number(prompt)
        return self.questions.get(number) if number is not None else None

    async def _watch(self) -> None:
        while True:
            await self.telegram.world.changes.wait(1.0)
            await asyncio.sleep(_LOOK_EVERY_SECONDS)
            self._look()

    def _look(self) -> None:
        """Read what the calls since the last look have put before people's eyes."""
        calls = self.telegram.calls
        current = [*self._under_way, *calls[self._next_call :]]
        self._next_call = len(calls)
        self._under_way = [call for call in current if call.status == 0]
        for chat_id in {call.chat_id for call in current if call.ok and call.method in _VISIBLE}:
            if chat_id is not None:
                self._look_into(chat_id)

    def _look_into(self, chat_id: int) -> None:
        for message in self._chats[chat_id].bot_messages:
            known = self._seen.get(message, 0)
            self._seen[message] = len(message.history)
            for shown in message.history[known:]:
                question = self._question_of(shown.text)
                if question is not None:
                    question.note_seen(shown.text, shown.at)


def _missing(questions: Iterable[Question]) -> list[str]:
    lines = []
    for question in questions:
        if question.whole_at is not None:
            continue
        reached = "in part" if question.first_seen_at is not None else "not at all"
        lines.append(f"question {question.number} in chat {question.chat_id} was answered {reached}")
    return lines

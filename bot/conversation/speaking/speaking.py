"""Decides which answers are spoken and how; the speech itself is a turn of its own beside the queue.

A turn of its own, so that the next message does not wait for it, and in the engine's inbox, so that it
survives the process. Its event is ours: it carries an id that no platform's event has.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.conversation.question import Question
from bot.conversation.speaking.ahead import Rehearsals
from bot.conversation.speaking.manner import find_manner
from bot.conversation.visit import Reads, Visit
from bot.events import Outcome
from bot.messages import ButtonPressed
from bot.ports import Adapter, CancelReason, Engine, Lane, SendsVoice, Turn
from bot.storage.spoken import SPEAK, open_speaking

__all__ = ["Aloud"]


class Aloud:
    """Has answers spoken. Shared by all conversations; nothing to close."""

    def __init__(
        self, *, engine: Engine, adapters: Mapping[str, Adapter], database: Reads, rehearsals: Rehearsals
    ) -> None:
        self._engine = engine
        self._adapters = adapters
        self._database = database
        self._rehearsals = rehearsals

    def begin(self, turn: Turn, question: Question, visit: Visit) -> None:
        """Speak the beginning of this turn's answer while it is written, if the chat wants it spoken."""
        if self._is_wanted(question, visit):
            self._rehearsals.begin(turn.id, lambda: find_manner(self._database, visit))

    def heed(self, turn: Turn, reply: str) -> None:
        """So much of its answer is written."""
        self._rehearsals.heed(turn.id, reply)

    def end(self, turn: Turn, outcome: Outcome | None) -> None:
        """Nothing more is written; an answer that is none is not heard."""
        self._rehearsals.end(turn.id, is_answered=outcome is Outcome.ANSWERED)

    async def follow(self, turn: Turn, question: Question, visit: Visit) -> None:
        """Have this turn's delivered answer spoken, if the chat wants that; once, and without waiting.

        An answer whose place it takes is not spoken any more. Raises Fenced and StorageError.
        """
        if question.origin.replaces is not None:
            await self._withdraw(turn, question.origin.replaces)
        if not self._is_wanted(question, visit):
            return
        name = f"{SPEAK}{turn.id}"
        event = ButtonPressed(
            event_id=name,
            key=question.key,
            chat_kind=question.chat_kind,
            author=visit.author,
            message_id="",
            data=f"{name}:{'spoken' if question.spoken else 'always'}",
        )
        await self._engine.accept(event, lane=Lane.CONTROL)

    def _is_wanted(self, question: Question, visit: Visit) -> bool:
        wanted = visit.settings.speech
        is_wanted = wanted == "always" or (wanted == "spoken" and question.spoken)
        adapter = self._adapters[question.key.platform]
        return is_wanted and not question.panel and isinstance(adapter, SendsVoice)

    async def _withdraw(self, turn: Turn, answer: int) -> None:
        key = str(turn.key)
        for speaking in await turn.effect(lambda conn: open_speaking(conn, key, answer=answer)):
            await self._engine.stop(turn.key, reason=CancelReason.SUPERSEDED, turn_id=speaking)

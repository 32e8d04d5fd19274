"""Takes requests for a transcript that somebody makes by pointing at a message: each message is done once."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

from bot.conversation.access.limits import Limits
from bot.conversation.again import AGAIN
from bot.conversation.commands import CommandName
from bot.conversation.hearing.finding import Finding, with_recording
from bot.conversation.saying import Saying
from bot.conversation.visit import Reads, Visit
from bot.messages import ChatKind, Incoming, TextPart, TranscriptWanted
from bot.ports import Engine, Lane, Turn
from bot.storage import history
from bot.storage.recordings import KeptRecording, is_written_down
from bot.texts import say

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["TranscriptRequests"]

log = structlog.get_logger(__name__)


class TranscriptRequests:
    """Shared by all conversations; nothing to close. ``can_hear`` says whether anything here listens."""

    def __init__(
        self,
        *,
        engine: Engine,
        database: Reads,
        saying: Saying,
        finding: Finding,
        limits: Limits,
        can_hear: bool,
    ) -> None:
        self._engine = engine
        self._database = database
        self._saying = saying
        self._finding = finding
        self._limits = limits
        self._can_hear = can_hear

    async def answer(self, turn: Turn, event: TranscriptWanted, visit: Visit) -> None:
        """Have it written down as if it had been asked for in words; the turn is finished on return.

        Why that is not done is said to those who wait for a word, and to nobody else. Raises ChatClosed,
        Fenced, StorageError.
        """
        refusal = await self._refusal(turn, event, visit)
        if refusal:
            log.info("transcript_not_begun", author=event.author.id, standing=visit.standing, reason=refusal)
            await self._saying.answer_button(event, refusal)
        await turn.finish(lambda conn: None)

    async def _refusal(self, turn: Turn, event: TranscriptWanted, visit: Visit) -> str:
        """Why it is not begun, in a sentence; empty when it is."""
        reason = self._objection(visit)
        if reason:
            return say(reason, visit.language)
        kept = await self._finding.pointed_at(event)
        if kept is None:
            return say("transcribe_nothing", visit.language)
        if await self._is_done(kept, visit):
            return say("transcribe_there", visit.language)
        if too_much := self._excess(turn, event, visit):
            return too_much
        is_new = await self._engine.accept(_as_order(event, kept), lane=Lane.CONTROL) is not None
        return "" if is_new or turn.attempt > 1 else say("transcribe_there", visit.language)

    def _objection(self, visit: Visit) -> str:
        """The sentence that speaks against any recording here."""
        if not visit.admitted:
            return "button_foreign"
        if not self._can_hear:
            return "hearing_unavailable"
        is_off = visit.chat_kind is not ChatKind.PRIVATE and visit.settings.voice == "off"
        return "voice_is_off" if is_off else ""

    async def _is_done(self, kept: KeptRecording, visit: Visit) -> bool:
        """Whether it is in writing, or about to be without anybody's asking."""
        conversation, peer, message_id = str(kept.key), kept.key.peer, kept.message_id
        writes_all = visit.settings.voice == "all"

        def query(conn: Connection) -> bool:
            if is_written_down(conn, peer, message_id):
                return True
            return writes_all and history.open_turn_of_message(conn, conversation, message_id) is not None

        return await self._database.read(query)

    def _excess(self, turn: Turn, event: TranscriptWanted, visit: Visit) -> str:
        """How long somebody has to wait who asks too much; it counts like a question."""
        if turn.attempt > 1 or visit.is_admin:
            return ""
        excess = self._limits.take(event.key, event.author)
        if excess is None:
            return ""
        return say(f"limit_{excess.scope}", visit.language, seconds=math.ceil(excess.wait_seconds))


def _as_order(event: TranscriptWanted, kept: KeptRecording) -> Incoming:
    """The command that was never written. Its id is the recording's: a second wish for it is known already.

    It has no message of its own, lest the recording's author seem to have asked for it.
    """
    order = Incoming(
        event_id=f"{AGAIN}written:{kept.key.chat}:{kept.message_id}",
        key=kept.key,
        chat_kind=event.chat_kind,
        author=event.author,
        message_id="",
        parts=(TextPart(text=f"/{CommandName.TRANSCRIBE}"),),
        sent_at=datetime.fromtimestamp(0, UTC),
        addressed=True,
    )
    return with_recording(order, kept)

"""Recordings in writing: /transcribe, and the buttons under a transcript."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from bot.conversation.again import AGAIN
from bot.conversation.commands import CommandName
from bot.conversation.desk import Order, OrderHandler, Press, PressHandler
from bot.conversation.hearing.finding import Finding, with_recording
from bot.conversation.hearing.hearing import Hearing
from bot.conversation.hearing.reader import as_material
from bot.conversation.hearing.sources import alone_with, is_only_to_be_written_down, recorded_in
from bot.conversation.hearing.transcript_files import as_srt, as_txt
from bot.conversation.hearing.transcript_replies import TranscriptReplies, buttons_of
from bot.conversation.hearing.transcript_view import Look
from bot.conversation.hearing.transcript_work import WORKS, TranscriptWork, message_of
from bot.conversation.saying import Saying
from bot.conversation.visit import Reads, Visit
from bot.messages import ChatKind, Incoming
from bot.ports import CancelReason, Engine, Lane, Turn
from bot.storage import history
from bot.storage.readings import Reading
from bot.storage.transcripts import Showing, Transcript, showing_of, shown_by, transcript_by_id
from bot.texts import say

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["VoiceDesk", "VoiceMeans"]

log = structlog.get_logger(__name__)

_FILES: Final = {"txt": as_txt, "srt": as_srt}


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceMeans:
    """What hears, shows what was heard, and works on it."""

    hearing: Hearing
    replies: TranscriptReplies
    work: TranscriptWork


class VoiceDesk:
    """Shared by all conversations; nothing to close. Without ``means`` it says that nothing here can hear."""

    def __init__(
        self,
        *,
        engine: Engine,
        saying: Saying,
        database: Reads,
        finding: Finding,
        means: VoiceMeans | None,
    ) -> None:
        self._engine = engine
        self._saying = saying
        self._database = database
        self._finding = finding
        self._means = means

    @property
    def orders(self) -> Mapping[CommandName, OrderHandler]:
        return {CommandName.TRANSCRIBE: self._transcribe}

    @property
    def presses(self) -> Mapping[str, PressHandler]:
        return {"heard": self._press}

    # --- in writing ---------------------------------------------------------------------------------------

    async def _transcribe(self, order: Order) -> None:
        message = order.message
        kept = None if recorded_in((message,)) else await self._finding.above(message)
        if kept is not None:
            message = with_recording(message, kept)
        if self._means is None:
            sentence = say("hearing_unavailable", order.language)
        elif order.visit.chat_kind is not ChatKind.PRIVATE and order.visit.settings.voice == "off":
            sentence = say("voice_is_off", order.language)
        elif not recorded_in((message,)):
            sentence = say("transcribe_usage", order.language)
        else:
            await self._write_down(order.turn, message, order.visit)
            return
        await self._saying.say(order.turn, order.message, sentence)

    async def written_down(self, turn: Turn, message: Incoming, visit: Visit) -> bool:
        """Write down what somebody sent for just that in a chat of their own; False for a question."""
        if self._means is None or not is_only_to_be_written_down(message):
            return False
        await self._write_down(turn, message, visit)
        return True

    async def _write_down(self, turn: Turn, message: Incoming, visit: Visit) -> None:
        """The first recording here, each other one in a turn and a reply of its own."""
        assert self._means is not None  # noqa: S101 - whoever calls has looked
        first, *others = recorded_in((message,))
        for other in others:
            await self._engine.accept(alone_with(message, other), lane=Lane.CONTROL)
        await self._means.replies.write(turn, visit, first)

    async def quoted(self, message: Incoming) -> Reading | None:
        """What was said in the recording whose transcript a message replies to."""
        quoted = message.quoted
        if self._means is None or quoted is None or not (quoted.is_ours and quoted.message_id):
            return None
        key, message_id = str(message.key), quoted.message_id

        def query(conn: Connection) -> Reading | None:
            showing = shown_by(conn, key, message_id)
            transcript = transcript_by_id(conn, showing.transcript_id) if showing is not None else None
            if (
                showing is None
                or transcript is None
                or history.exchange_of(conn, showing.turn_id) is not None
            ):
                return None  # an answer with its question is found in the history
            return Reading(text=as_material(showing.speaker, transcript))

        return await self._database.read(query)

    # --- buttons ------------------------------------------------------------------------------------------

    async def _press(self, press: Press) -> bool:
        action, turn_id, position = _parsed(press.target)
        if self._means is None or turn_id is None:
            return False
        if action == "stop":
            return await self._stop(press, turn_id)
        showing = await self._database.read(
            partial(showing_of, key=press.turn.key, turn_id=turn_id, position=position)
        )
        if showing is None:
            return False
        transcript = await self._database.read(partial(transcript_by_id, transcript_id=showing.transcript_id))
        if transcript is None:
            return False
        return await self._act(press, self._means, showing, transcript, action)

    async def _act(
        self, press: Press, means: VoiceMeans, showing: Showing, transcript: Transcript, action: str
    ) -> bool:
        if action in _FILES:
            await self._send(press, showing, transcript, action)
        elif action == "more":
            await self._unfold(press, means, showing, transcript)
        elif action in WORKS:
            if await self._is_begun(press, Lane.QUEUE):
                await means.work.do(press, showing, transcript, action)
        elif action in ("again", "retry"):
            if await self._is_begun(press, Lane.CONTROL):
                own = press.visit.persona.hearing_models
                model = means.hearing.another(transcript.model, own) if action == "again" else ""
                await means.replies.write_again(press.turn, press.visit, showing, model=model)
        else:
            return False
        return True

    async def _is_begun(self, press: Press, lane: Lane) -> bool:
        """Whether this turn is to do it. What takes time gets a turn of its own, once for each asking."""
        event = press.event
        if event.event_id.startswith(AGAIN):
            return True
        once = replace(event, event_id=f"{AGAIN}{event.data}:{press.language}")
        is_new = await self._engine.accept(once, lane=lane) is not None or press.turn.attempt > 1
        await self._saying.answer_button(event, "" if is_new else say("button_done", press.language))
        return False

    async def _stop(self, press: Press, turn_id: int) -> bool:
        """Only in the chat where it is heard: the engine knows the turn by its conversation."""
        stopped = await self._engine.stop(press.event.key, reason=CancelReason.USER, turn_id=turn_id)
        text = say("stopped" if stopped else "button_done", press.language)
        await self._saying.answer_button(press.event, text)
        return True

    async def _send(self, press: Press, showing: Showing, transcript: Transcript, form: str) -> None:
        await self._saying.answer_button(press.event)
        text = say("transcript_file", press.language, model=transcript.model.rpartition("/")[2])
        file = _FILES[form](transcript, name="transcript")
        await self._saying.send_file(press.turn, message_of(press, showing), file, text)

    async def _unfold(
        self, press: Press, means: VoiceMeans, showing: Showing, transcript: Transcript
    ) -> None:
        """A short transcript shows first only that more can be done with it."""
        await self._saying.answer_button(press.event)
        look = Look(speaker=showing.speaker, language=press.language)
        another = means.hearing.another(transcript.model, press.visit.persona.hearing_models)
        buttons = buttons_of(showing.turn_id, showing.position, press.language, again=bool(another))
        await self._saying.redraw(press.event, look.whole(transcript).markdown, buttons=buttons)


def _parsed(target: str) -> tuple[str, int | None, int]:
    """Action, turn and position as a button names them."""
    action, *rest = target.split(":")
    numbers = [int(one) for one in rest if one.isascii() and one.isdecimal() and len(one) < 19]
    return (action, numbers[0], numbers[1]) if len(numbers) == len(rest) == 2 else (action, None, 0)

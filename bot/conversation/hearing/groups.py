"""Does with a group's voice messages what it has set: nothing, write them down, listen for the name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import structlog

from bot.conversation.again import AGAIN
from bot.conversation.groups.overhearing import shortened
from bot.conversation.hearing.hearing import Hearing, Sound
from bot.conversation.hearing.names import speaks_to
from bot.conversation.hearing.sources import Recorded, alone_with, is_voice, recorded_in
from bot.conversation.hearing.transcript_replies import TranscriptReplies
from bot.conversation.saying import Saying
from bot.conversation.visit import Reads, Visit
from bot.errors import ChatClosed, DeliveryError, ProviderError
from bot.media import UnusableAudio
from bot.messages import ConversationKey, Incoming
from bot.ports import Engine, Lane, Turn
from bot.storage import history, overheard
from bot.storage.overheard import Heard
from bot.storage.transcripts import Transcript

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["GroupHearing"]

log = structlog.get_logger(__name__)

# What is spoken in less is heard before anything is shown, so that an answer can take the transcript's place.
_SHORT_SECONDS: Final = 60.0


class GroupHearing:
    """Shared by all conversations; nothing to close. ``names`` says what the bot is called in a chat."""

    def __init__(
        self,
        *,
        engine: Engine,
        database: Reads,
        saying: Saying,
        hearing: Hearing,
        replies: TranscriptReplies,
        names: Callable[[ConversationKey], tuple[str, ...]],
    ) -> None:
        self._engine = engine
        self._database = database
        self._saying = saying
        self._hearing = hearing
        self._replies = replies
        self._names = names

    async def attend(self, turn: Turn, message: Incoming, visit: Visit) -> None:
        """A voice message that is not plainly for the bot; the turn is finished on return.

        Raises ChatClosed, Fenced, StorageError, and CancelledError.
        """
        policy, quiet = visit.settings.voice, visit.settings.attention == "quiet"
        if policy != "off" and not quiet and await self._is_meant(message, visit):
            await self._hand_on(message)
        elif policy == "off" and message.text.strip() and await self._is_meant(message, visit):
            await self._hand_on(message)  # its words are answered, with a remark about the rest
        elif policy == "all":
            await self._write_down(turn, message, visit, listens=not quiet)
            return
        elif policy == "addressed" and not quiet and await self._is_spoken_to(turn, message, visit):
            await self._hand_on(message)
        await turn.finish(lambda conn: None)

    async def _is_meant(self, message: Incoming, visit: Visit) -> bool:
        """Whether the group lets the bot answer it whatever is said in it."""
        if visit.settings.attention == "always":
            return True
        key = str(message.key)
        return message.follows_up and await self._database.read(lambda conn: history.took_part(conn, key))

    async def _hand_on(self, message: Incoming) -> None:
        """Have it answered in its turn; what was heard of it is not heard again."""
        event_id = f"{AGAIN}heard:{message.event_id}"
        await self._engine.accept(replace(message, event_id=event_id, addressed=True))

    async def _write_down(self, turn: Turn, message: Incoming, visit: Visit, *, listens: bool) -> None:
        recorded = _voices(message)
        short = all(0 < (one.attachment.duration_seconds or 0) <= _SHORT_SECONDS for one in recorded)
        if short and listens and await self._is_spoken_to(turn, message, visit):
            await self._hand_on(message)
            await turn.finish(lambda conn: None)
            return
        first, *others = recorded
        for other in others:
            await self._engine.accept(alone_with(message, other), lane=Lane.CONTROL)
        await self._replies.write(turn, visit, first)

    async def _is_spoken_to(self, turn: Turn, message: Incoming, visit: Visit) -> bool:
        """Listen without a word, and keep for a day what was said to others, as what was written is."""
        said: list[Transcript] = []
        for recorded in _voices(message):
            transcript = await self._heard(turn, recorded, visit)
            if transcript is not None:
                said.append(transcript)
        names = self._names(turn.key)
        if any(speaks_to(transcript.text, names) for transcript in said):
            return True
        if visit.settings.recall:
            await turn.effect(lambda conn: _keep(conn, message, [one.text for one in said]))
        return False

    async def _heard(self, turn: Turn, recorded: Recorded, visit: Visit) -> Transcript | None:
        """What is said in it; None where that cannot be told, which nobody asked for."""
        adapter = self._saying.adapter_of(turn)
        try:
            return await self._hearing.whole(
                Sound(
                    attachment=recorded.attachment,
                    key=turn.key,
                    adapter=adapter,
                    persona_models=visit.persona.hearing_models,
                ),
                note=lambda id_: turn.effect(recorded.shown_in(turn, id_)),
            )
        except ChatClosed:
            raise
        except (UnusableAudio, DeliveryError, ProviderError) as exc:
            log.warning("voice_not_heard", error=type(exc).__name__, reason=str(exc))
            return None


def _voices(message: Incoming) -> list[Recorded]:
    """What people spoke in this message; not what it answers."""
    own = recorded_in((replace(message, quoted=None),))
    return [recorded for recorded in own if is_voice(recorded.attachment)]


def _keep(conn: Connection, message: Incoming, said: list[str]) -> None:
    text = " ".join(" ".join((message.text, *said)).split())
    if not text:
        return
    heard = Heard(
        message_id=message.message_id,
        author_id=message.author.id,
        author_name=message.author.name,
        text=shortened(text),
        sent_at=message.sent_at.timestamp(),
    )
    overheard.keep_heard(conn, message.key, heard)

"""What people order about voices of their own: a new one from a recording, and that one is deleted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

import structlog

from bot.conversation.desk import Order
from bot.conversation.personas.page import code
from bot.conversation.question import attachments_of
from bot.conversation.saying import Saying
from bot.conversation.speaking.consent import (
    LONGEST_SAMPLE_SECONDS,
    SHORTEST_SAMPLE_SECONDS,
    consent_sentence,
)
from bot.conversation.speaking.voices import OwnVoices, VoiceNotMade
from bot.conversation.speaking.words import is_voice_name
from bot.messages import Attachment, AttachmentKind
from bot.rendering import literal
from bot.storage import history
from bot.storage.voices import StoredVoice, add_voice, discard_voice
from bot.texts import say

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["OwnVoiceOrders"]

log = structlog.get_logger(__name__)

_MOST_VOICES: Final = 5
_RECORDINGS: Final = (AttachmentKind.VOICE, AttachmentKind.AUDIO)


class OwnVoiceOrders:
    """Shared by all conversations; nothing to close."""

    def __init__(self, *, saying: Saying, voices: OwnVoices) -> None:
        self._saying = saying
        self._voices = voices

    async def make(self, order: Order, name: str, *, held: Sequence[StoredVoice]) -> None:
        """Make a voice of the recording the command answers; without one, say what is to be read."""
        mine = [voice for voice in held if voice.author_id == order.message.author.id]
        recording = _recording(order)
        if not is_voice_name(name):
            await self._say(order, say("speech_new_name", order.language))
        elif len(mine) >= _MOST_VOICES and name not in {voice.name for voice in mine}:
            await self._say(order, say("speech_new_full", order.language, most=_MOST_VOICES))
        elif recording is not None and _is_anothers(order):
            await self._say(order, say("speech_new_foreign", order.language))
        elif recording is None:
            await self._say(order, _what_to_read(order, name))
        else:
            await self._make_of(order, name, recording)

    async def _make_of(self, order: Order, name: str, recording: Attachment) -> None:
        told = await order.turn.effect(lambda conn: history.notice_of(conn, order.turn.id))
        if told is not None:  # an earlier attempt has made it
            await self._say(order, told)
            return
        try:
            made = await self._voices.make(order.visit, name, recording)
        except VoiceNotMade as exc:
            await self._say(order, exc.sentence)
            return

        def change(conn: Connection) -> str:
            add_voice(conn, made)
            return say("speech_new_done", order.language, name=code(name), plain=name)

        log.info("voice_made", author=made.author_id)
        await self._carry_out(order, change)

    async def delete(self, order: Order, voice: StoredVoice | None, name: str) -> None:
        """Delete a voice that this person may use; here at once, at the provider as soon as it can be."""

        def change(conn: Connection) -> str:
            if voice is None:
                return say("speech_unknown", order.language, name=literal(name))
            discard_voice(conn, voice.id)
            return say("speech_deleted", order.language, name=code(voice.name))

        await self._carry_out(order, change)

    async def _carry_out(self, order: Order, change: Callable[[Connection], str]) -> None:
        """Make a change once, delete at the provider what it has left over, and say what was done."""
        text = await self._saying.decide_once(order.turn, change)
        await self._voices.sweep()
        await self._say(order, text)

    async def _say(self, order: Order, text: str) -> None:
        await self._saying.say(order.turn, order.message, text)


def _recording(order: Order) -> Attachment | None:
    """The recording in the command's own message, or in the one it answers."""
    attached = attachments_of([order.message])
    return next((item for item in attached if item.kind in _RECORDINGS), None)


def _is_anothers(order: Order) -> bool:
    """Whether the recording is known to be somebody else's; their consent would be to them only."""
    quoted, author = order.message.quoted, order.message.author
    return not order.message.attachments and quoted is not None and quoted.author_id not in ("", author.id)


def _what_to_read(order: Order, name: str) -> str:
    visit = order.visit
    return say(
        "speech_new_read",
        order.language,
        name=code(name),
        plain=name,
        sentence=consent_sentence(visit.key, visit.author.id, visit.language),
        least=round(SHORTEST_SAMPLE_SECONDS),
        most=round(LONGEST_SAMPLE_SECONDS),
    )

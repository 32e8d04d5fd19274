"""Brings a voice note to the platform, at most once: what may have been sent is not sent again."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any, Final

import structlog

from bot.conversation.perceiving.senses import Senses
from bot.conversation.speaking.note import in_other_form
from bot.delivery import Governor, Priority
from bot.errors import ChatMoved, PartRejected, PlatformBusy, PlatformUnclear, VoiceForbidden
from bot.media import UnusableAudio
from bot.messages import ChatKind
from bot.ports import Adapter, OutgoingVoice, SendsVoice, Turn
from bot.storage.spoken import begin_speaking, record_spoken, take_back_speaking

__all__ = ["Parcel", "Posted", "VoicePost"]

log = structlog.get_logger(__name__)

_MP3: Final = "audio/mpeg"
_LAST_SECONDS: Final = 5.0


class Posted(Enum):
    """What became of a voice note. OBSOLETE: it was sent before, or its answer is gone."""

    SENT = "sent"
    OBSOLETE = "obsolete"
    UNCLEAR = "unclear"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A voice note and where it belongs: ``of_turn`` is whose answer it speaks."""

    note: OutgoingVoice
    of_turn: int
    chat_kind: ChatKind
    reply_to: str = ""
    caption: str = ""


class VoicePost:
    """Shared by all conversations; nothing to close."""

    def __init__(self, *, adapters: Mapping[str, Adapter], governor: Governor, senses: Senses) -> None:
        self._adapters = adapters
        self._governor = governor
        self._senses = senses

    def mime_for(self, turn: Turn) -> str | None:
        """What a voice note is where the turn is; None when there are none."""
        adapter = self._adapters[turn.key.platform]
        return adapter.voice_mime if isinstance(adapter, SendsVoice) else None

    async def post(self, turn: Turn, parcel: Parcel) -> Posted:
        """Send it: as the platform's voice note, else as audio. The message is noted, the turn left open.

        Raises ChatClosed, ChatMoved, Fenced, StorageError.
        """
        try:
            return await self._post(turn, parcel, parcel.note)
        except VoiceForbidden as exc:
            log.info("voice_forbidden", reason=str(exc))
        except PartRejected as exc:
            log.warning("voice_rejected", reason=str(exc))
            return Posted.REFUSED
        return await self._post_audio(turn, parcel)

    async def _post_audio(self, turn: Turn, parcel: Parcel) -> Posted:
        """The chat takes no voice notes; it may take music."""
        if parcel.note.mime == _MP3:
            return Posted.REFUSED
        try:
            return await self._post(turn, parcel, await in_other_form(self._senses, parcel.note, _MP3))
        except (PartRejected, UnusableAudio) as exc:
            log.warning("audio_rejected", reason=str(exc))
            return Posted.REFUSED

    async def _post(self, turn: Turn, parcel: Parcel, note: OutgoingVoice) -> Posted:
        adapter = self._adapters[turn.key.platform]
        assert isinstance(adapter, SendsVoice)  # noqa: S101 - asked before anything was spoken
        pace, of_turn = adapter.capabilities.pace[parcel.chat_kind], parcel.of_turn
        while True:
            await self._governor.permit(turn.key.peer, pace, Priority.NOTICE)
            if not await turn.effect(lambda conn: begin_speaking(conn, of_turn, str(turn.key))):
                log.info("voice_obsolete", answer=of_turn)
                return Posted.OBSOLETE
            try:
                await _to_its_end(_send(turn, adapter, parcel, note))
            except PlatformUnclear as exc:
                # It may stand there already, and no second one is to be heard.
                log.warning("voice_unclear", reason=str(exc))
                return Posted.UNCLEAR
            except (PlatformBusy, ChatMoved, PartRejected) as exc:
                await turn.effect(lambda conn: take_back_speaking(conn, of_turn))
                if not isinstance(exc, PlatformBusy):
                    raise
                self._governor.hold_off(turn.key.peer, pace, exc.retry_after_seconds)
            else:
                return Posted.SENT


async def _send(turn: Turn, adapter: SendsVoice, parcel: Parcel, note: OutgoingVoice) -> None:
    message_id = await adapter.send_voice(turn.key, note, reply_to=parcel.reply_to, caption=parcel.caption)
    await turn.effect(partial(record_spoken, turn_id=parcel.of_turn, message_id=message_id))


async def _to_its_end(call: Coroutine[Any, Any, None]) -> None:
    """Make a call that a stop lets through, and the service's end: half-way nobody would know its outcome."""
    task = asyncio.create_task(call, name="send a voice note")
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task}, timeout=_LAST_SECONDS)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        raise

"""Speaks an answer that stands in the chat already: what a turn does that Aloud has put beside the queue."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

import structlog

from bot.conversation.commands import CommandName
from bot.conversation.desk import OrderHandler, Press, PressHandler
from bot.conversation.desks.history import own_exchange
from bot.conversation.saying import Saying
from bot.conversation.speaking.ahead import Rehearsals
from bot.conversation.speaking.duet import Duet
from bot.conversation.speaking.manner import find_manner, preset_of
from bot.conversation.speaking.note import Narrator, in_voice_or_preset
from bot.conversation.speaking.post import Parcel, Posted, VoicePost
from bot.conversation.speaking.speakable import text_to_speak
from bot.conversation.visit import Reads
from bot.errors import ProviderError
from bot.exchange import Exchange
from bot.media import UnusableAudio
from bot.storage import chats
from bot.storage.ledger import deliveries_of
from bot.storage.spoken import SPEAK
from bot.texts import say

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["SpeakingDesk", "SpeechMeans"]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechMeans:
    """What speech is made and sent with."""

    narrator: Narrator
    post: VoicePost
    duet: Duet
    rehearsals: Rehearsals


class SpeakingDesk:
    """Shared by all conversations; nothing to close. Speaks a conversation's answers one after another."""

    def __init__(self, *, saying: Saying, database: Reads, means: SpeechMeans | None) -> None:
        self._saying = saying
        self._database = database
        self._means = means
        self._one_at_a_time: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @property
    def orders(self) -> Mapping[CommandName, OrderHandler]:
        return {}

    @property
    def presses(self) -> Mapping[str, PressHandler]:
        return {SPEAK.removesuffix(":"): self._speak}

    async def _speak(self, press: Press) -> bool:
        target, _, why = press.target.partition(":")
        if press.event.event_id != f"{SPEAK}{target}" or self._means is None:
            return False
        answer = await own_exchange(press.turn, target)
        if answer is not None:
            try:
                await self._speak_in_turn(press, self._means, answer, was_spoken_to=why == "spoken")
            finally:
                self._means.rehearsals.discard(answer.turn_id)
        return True

    async def _speak_in_turn(
        self, press: Press, means: SpeechMeans, answer: Exchange, *, was_spoken_to: bool
    ) -> None:
        if answer.redacted:
            return
        lock = self._one_at_a_time.setdefault(str(press.turn.key), asyncio.Lock())
        async with lock:
            await self._speak_answer(press, means, answer, was_spoken_to=was_spoken_to)

    async def _speak_answer(
        self, press: Press, means: SpeechMeans, answer: Exchange, *, was_spoken_to: bool
    ) -> None:
        mime, below = means.post.mime_for(press.turn), await self._first_message(answer)
        text = await asyncio.to_thread(text_to_speak, answer.reply)
        if mime is None or not (text and below):
            return
        manner, ahead = await find_manner(self._database, press.visit), means.rehearsals.take(answer.turn_id)
        try:
            note = await in_voice_or_preset(
                manner,
                preset_of(press.visit),
                lambda one: means.narrator.narrate(text, one, mime=mime, ahead=ahead),
            )
        except (ProviderError, UnusableAudio) as exc:
            trace_id = exc.trace_id if isinstance(exc, ProviderError) else ""
            log.warning("speech_failed", voice=manner.voice, trace_id=trace_id, reason=str(exc))
            if was_spoken_to:
                await self._tell(press, "speech_failed")
            return
        parcel = Parcel(note=note, of_turn=answer.turn_id, chat_kind=press.event.chat_kind, reply_to=below)
        posted = await means.post.post(press.turn, parcel)
        log.info("answer_spoken", answer=answer.turn_id, seconds=round(note.seconds, 1), posted=posted.value)
        if posted is Posted.REFUSED:
            await self._give_up(press)

    async def _give_up(self, press: Press) -> None:
        """The chat takes no recordings at all: say so once, and leave it at writing."""
        peer = press.turn.key.peer
        await press.turn.effect(lambda conn: chats.set_chat_setting(conn, peer, "speech", "never"))
        await self._tell(press, "speech_refused")

    async def _tell(self, press: Press, key: str) -> None:
        await self._saying.announce(press.turn, press.event.chat_kind, say(key, press.language))

    async def _first_message(self, answer: Exchange) -> str:
        """Where the answer stands; empty when another one stands there by now."""

        def query(conn: Connection) -> str:
            return next((part.message_id for part in deliveries_of(conn, answer.turn_id)), "")

        return await self._database.read(query)

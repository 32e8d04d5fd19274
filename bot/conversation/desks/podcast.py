"""/podcast: an answer becomes a talk of two people that can be heard."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import structlog

from bot.conversation.commands import CommandName
from bot.conversation.desk import Order, OrderHandler, PressHandler
from bot.conversation.desks.speaking import SpeechMeans
from bot.conversation.saying import Saying
from bot.conversation.speaking.dialogue import Playwright, voices_beside
from bot.conversation.speaking.manner import Manner, Spoken, find_manner, in_preset_voice, preset_of
from bot.conversation.speaking.note import in_voice_or_preset
from bot.conversation.speaking.post import Parcel, Posted
from bot.conversation.visit import Reads
from bot.errors import DeliveryError, ProviderError
from bot.exchange import Exchange
from bot.media import UnusableAudio
from bot.ports import DialogueLine, OutgoingVoice
from bot.storage import history
from bot.texts import say

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["PodcastDesk"]

log = structlog.get_logger(__name__)


class PodcastDesk:
    """Shared by all conversations; nothing to close."""

    def __init__(
        self, *, saying: Saying, database: Reads, playwright: Playwright, means: SpeechMeans | None
    ) -> None:
        self._saying = saying
        self._database = database
        self._playwright = playwright
        self._means = means

    @property
    def orders(self) -> Mapping[CommandName, OrderHandler]:
        return {CommandName.PODCAST: self._podcast}

    @property
    def presses(self) -> Mapping[str, PressHandler]:
        return {}

    async def _podcast(self, order: Order) -> None:
        if self._means is None or (mime := self._means.post.mime_for(order.turn)) is None:
            await self._say(order, "speech_unavailable")
            return
        answer = await self._database.read(lambda conn: _answer_meant(conn, order))
        if answer is None:
            await self._say(order, "podcast_nothing")
            return
        try:
            parcel = await self._make(order, self._means, answer, mime)
        except (ProviderError, UnusableAudio) as exc:
            log.warning("podcast_failed", reason=str(exc))
            parcel = None
        if parcel is None:
            await self._say(order, "podcast_failed")
        elif await self._means.post.post(order.turn, parcel) is Posted.REFUSED:
            await self._say(order, "speech_forbidden")
        else:
            await order.turn.finish(lambda conn: None)

    async def _make(self, order: Order, means: SpeechMeans, answer: Exchange, mime: str) -> Parcel | None:
        with contextlib.suppress(DeliveryError):
            await self._saying.adapter_of(order.turn).typing(order.turn.key)
        lines = await self._playwright.write(answer.reply, models=order.visit.persona.models)
        if not lines:
            log.warning("podcast_without_dialogue")
            return None
        leading, preset = await find_manner(self._database, order.visit), preset_of(order.visit)
        note = await in_voice_or_preset(leading, preset, partial(_spoken, lines, preset, means, mime))
        log.info("podcast_made", lines=len(lines), seconds=round(note.seconds))
        return Parcel(
            note=note,
            of_turn=order.turn.id,
            chat_kind=order.visit.chat_kind,
            reply_to=order.message.message_id,
            caption=say("podcast_caption", order.language),
        )

    async def _say(self, order: Order, key: str) -> None:
        await self._saying.say(order.turn, order.message, say(key, order.language))


async def _spoken(
    lines: Sequence[DialogueLine], preset: str, means: SpeechMeans, mime: str, leading: Manner
) -> OutgoingVoice:
    """The talk; one's own voice leads where the chat speaks with it. Raises ProviderError, UnusableAudio."""
    _, other = voices_beside(preset)
    manners = leading, in_preset_voice(leading, other)
    note = await means.duet.speak(lines, manners, mime=mime)
    if note is not None:
        return note
    parts = [Spoken(text=line.text, manner=manners[line.speaker]) for line in lines]
    return await means.narrator.join(parts, mime=mime)  # two voices take turns


def _answer_meant(conn: Connection, order: Order) -> Exchange | None:
    """The answer that the command replies to, else the newest one of the conversation."""
    key, quoted = str(order.turn.key), order.message.quoted
    turn_id = None
    if quoted is not None and quoted.is_ours:
        turn_id = history.exchange_shown_by(conn, key, quoted.message_id)
    if turn_id is None:
        turn_id = history.head_of(conn, key)
    answer = history.exchange_of(conn, turn_id) if turn_id is not None else None
    return answer if answer is not None and answer.reply.strip() and not answer.redacted else None

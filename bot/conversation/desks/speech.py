"""/voice: how the bot sounds in a chat is shown, tried and chosen; people make voices of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, assert_never

import structlog

from bot.conversation.access.rights import Rights
from bot.conversation.chat_settings import CHOICES, GAINS, SPEEDS
from bot.conversation.commands import CommandName
from bot.conversation.desk import Order, OrderHandler, Press, PressHandler
from bot.conversation.desks.speaking import SpeechMeans
from bot.conversation.saying import Saying
from bot.conversation.speaking.manner import OWN, chosen_voice, find_manner
from bot.conversation.speaking.orders import OwnVoiceOrders
from bot.conversation.speaking.page import SPEED_STEPS, VoiceOffer, louder, voice_page
from bot.conversation.speaking.post import Parcel, Posted
from bot.conversation.speaking.words import LONGEST_STYLE, Asked, read_voice_order
from bot.conversation.visit import Reads, Reception, Visit
from bot.errors import ProviderError
from bot.media import UnusableAudio
from bot.ports import Turn
from bot.providers import PRESET_VOICES
from bot.rendering import literal
from bot.storage import chats
from bot.storage.voices import stored_voices
from bot.texts import say

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["SpeechDesk"]

log = structlog.get_logger(__name__)

_DEFAULTS: Final[Mapping[str, Any]] = {
    "speech_voice": None,
    "speech_style": None,
    "speech_speed": None,
    "speech_gain": None,
}

Change = Mapping[str, Any]
"""Chat settings by name; None returns to the default."""


class SpeechDesk:
    """Shared by all conversations; nothing to close. Without ``means`` it says that nothing here speaks."""

    def __init__(
        self,
        *,
        saying: Saying,
        reception: Reception,
        rights: Rights,
        database: Reads,
        means: SpeechMeans | None,
        own: OwnVoiceOrders | None,
    ) -> None:
        self._saying = saying
        self._reception = reception
        self._rights = rights
        self._database = database
        self._means = means
        self._own = own

    @property
    def orders(self) -> Mapping[CommandName, OrderHandler]:
        return {CommandName.VOICE: self._voice}

    @property
    def presses(self) -> Mapping[str, PressHandler]:
        return {"voice": self._press}

    # --- the command --------------------------------------------------------------------------------------

    async def _voice(self, order: Order) -> None:
        if self._means is None or self._own is None or self._means.post.mime_for(order.turn) is None:
            await self._saying.say(order.turn, order.message, say("speech_unavailable", order.language))
            return
        asked, offer = read_voice_order(order.argument), await self._offer(order.visit)
        match asked.order:
            case "page":
                await self._show(order, order.visit)
            case "sample":
                await self._say_sample(order, self._means)
            case "new":
                await self._own.make(order, asked.words, held=offer.own)
            case "delete":
                await self._own.delete(order, offer.named(asked.words), asked.words)
            case "choose" | "speed" | "gain" | "style" | "speech" | "default":
                await self._change(order, asked, offer)
            case never:
                assert_never(never)

    async def _change(self, order: Order, asked: Asked, offer: VoiceOffer) -> None:
        change = _asked_change(asked, offer)
        if isinstance(change, str):
            await self._saying.say(order.turn, order.message, change)
        elif not await self._rights.may_change(order.visit):
            await self._saying.say(order.turn, order.message, say("only_admins", order.language))
        else:
            await self._show(order, await self._apply(order.turn, order.visit, change))

    async def _show(self, order: Order, visit: Visit) -> None:
        text, rows = voice_page(await self._offer(visit))
        await self._saying.say(order.turn, order.message, text, buttons=rows)

    async def _say_sample(self, order: Order, means: SpeechMeans) -> None:
        parcel_of = _Sampling(turn=order.turn, visit=order.visit, reply_to=order.message.message_id)
        if await self._sample(parcel_of, means):
            await order.turn.finish(lambda conn: None)
        else:
            await self._saying.say(order.turn, order.message, say("speech_sample_failed", order.language))

    # --- the buttons --------------------------------------------------------------------------------------

    async def _press(self, press: Press) -> bool:
        action, _, target = press.target.partition(":")
        if self._means is None or self._means.post.mime_for(press.turn) is None:
            return False
        if action == "home" and not target:
            await self._saying.answer_button(press.event)
            await self._redraw(press, press.visit)
            return True
        if action == "sample" and not target:
            return await self._press_sample(press, self._means)
        change = _pressed_change(action, target, await self._offer(press.visit))
        if change is None:
            return False
        if not await self._rights.may_change(press.visit):
            await self._saying.answer_button(press.event, say("only_admins", press.language))
            return True
        visit = await self._apply(press.turn, press.visit, change)
        await self._saying.answer_button(press.event, say("button_saved", press.language))
        await self._redraw(press, visit)
        return True

    async def _press_sample(self, press: Press, means: SpeechMeans) -> bool:
        await self._saying.answer_button(press.event, say("speech_sample_wait", press.language))
        sampling = _Sampling(turn=press.turn, visit=press.visit, reply_to=press.event.message_id)
        if not await self._sample(sampling, means):
            failed = say("speech_sample_failed", press.language)
            await self._saying.announce(press.turn, press.event.chat_kind, failed)
        return True

    async def _redraw(self, press: Press, visit: Visit) -> None:
        text, rows = voice_page(await self._offer(visit))
        await self._saying.redraw(press.event, text, buttons=rows)

    # --- what both do -------------------------------------------------------------------------------------

    async def _offer(self, visit: Visit) -> VoiceOffer:
        """What this person may choose: their own voices; an admin everybody's."""
        key, author = visit.key, None if visit.is_admin else visit.author.id
        own = await self._database.read(
            lambda conn: stored_voices(conn, platform=key.platform, account=key.account, author_id=author)
        )
        return VoiceOffer(visit=visit, chosen=await chosen_voice(self._database, visit), own=own)

    async def _apply(self, turn: Turn, visit: Visit, change: Change) -> Visit:
        """Change what is set for the chat; the visit as it is from then on."""
        await turn.effect(lambda conn: _store(conn, visit.key.peer, change))
        log.info("chat_voice_changed", settings=list(change), author=visit.author.id)
        return await self._reception.receive(visit.key, visit.author, visit.chat_kind)

    async def _sample(self, sampling: _Sampling, means: SpeechMeans) -> bool:
        """Let the chat hear its present voice; whether that came about."""
        visit, mime = sampling.visit, means.post.mime_for(sampling.turn)
        manner = await find_manner(self._database, visit)
        text = say("speech_sample", visit.language, voice=manner.name.title())
        try:
            note = await means.narrator.narrate(text, manner, mime=mime or "")
        except (ProviderError, UnusableAudio) as exc:
            log.warning("speech_failed", voice=manner.voice, reason=str(exc))
            return False
        parcel = Parcel(
            note=note,
            of_turn=sampling.turn.id,
            chat_kind=visit.chat_kind,
            reply_to=sampling.reply_to,
            caption=manner.name.title(),
        )
        return await means.post.post(sampling.turn, parcel) is not Posted.REFUSED


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sampling:
    """Who wants to hear a sample, and below which message."""

    turn: Turn
    visit: Visit
    reply_to: str


def _asked_change(asked: Asked, offer: VoiceOffer) -> Change | str:
    """What the words behind the command change; a sentence when they do not fit."""
    language = offer.language
    match asked.order:
        case "speed":
            limits = {"least": SPEEDS[0], "most": SPEEDS[1]}
            wrong = say("speech_bad_speed", language, **limits)
            return wrong if asked.number is None else {"speech_speed": asked.number}
        case "gain":
            wrong = say("speech_bad_gain", language, least=f"{GAINS[0]:g}", most=f"{GAINS[1]:g}")
            return wrong if asked.number is None else {"speech_gain": asked.number}
        case "style":
            wrong = say("speech_bad_style", language, most=LONGEST_STYLE)
            return wrong if len(asked.words) > LONGEST_STYLE else {"speech_style": asked.words or None}
        case "speech":
            return {"speech": asked.words}
        case "default":
            return _DEFAULTS
        case _:
            return _asked_voice(asked.words, offer)


def _asked_voice(name: str, offer: VoiceOffer) -> Change | str:
    if name.casefold() in PRESET_VOICES:
        return {"speech_voice": name.casefold()}
    own = offer.named(name)
    if own is None:
        return say("speech_unknown", offer.language, name=literal(name))
    return {"speech_voice": f"{OWN}{own.id}"}


def _pressed_change(action: str, target: str, offer: VoiceOffer) -> Change | None:
    """What a button changes; None for what no button of this person says."""
    match action, target:
        case "use", name if name in PRESET_VOICES or name in {f"{OWN}{voice.id}" for voice in offer.own}:
            return {"speech_voice": name}
        case "speed", speed if speed in SPEED_STEPS:
            return {"speech_speed": float(speed)}
        case "gain", ("up" | "down") as way:
            present = offer.visit.settings.speech_gain
            return {"speech_gain": louder(present, steps=1 if way == "up" else -1)}
        case "speech", mode if mode in CHOICES["speech"]:
            return {"speech": mode}
        case "default", "":
            return _DEFAULTS
        case _:
            return None


def _store(conn: Connection, peer: str, change: Change) -> None:
    for name, value in change.items():
        chats.set_chat_setting(conn, peer, name, value)

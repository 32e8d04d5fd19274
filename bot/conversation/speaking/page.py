"""The page of /voice: how the bot sounds in a chat, and a button for each thing that can be changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.conversation.chat_settings import CHOICES, GAINS
from bot.conversation.personas.page import code
from bot.conversation.speaking.manner import OWN, preset_of
from bot.conversation.visit import Visit
from bot.ports import Button
from bot.providers import PRESET_VOICES
from bot.rendering import literal
from bot.storage.voices import StoredVoice
from bot.texts import say

__all__ = ["SPEED_STEPS", "VoiceOffer", "louder", "voice_page"]

SPEED_STEPS: Final = ("0.75", "1", "1.25", "1.5")
_GAIN_STEP: Final = 3.0
_A_ROW: Final = 4
_MOST_OWN: Final = 12

Rows = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceOffer:
    """What a person can choose among in their chat. ``chosen`` is the own voice set there, whoever's it is;
    ``own`` are those this person may choose."""

    visit: Visit
    chosen: StoredVoice | None
    own: Sequence[StoredVoice]

    @property
    def language(self) -> str:
        """The language to speak."""
        return self.visit.language

    def named(self, name: str) -> StoredVoice | None:
        """The own voice of that name; the person's own before those of others."""
        wanted = name.casefold()
        found = [voice for voice in self.own if voice.name.casefold() == wanted]
        mine = [voice for voice in found if voice.author_id == self.visit.author.id]
        return next(iter((*mine, *found)), None)


def voice_page(offer: VoiceOffer) -> tuple[str, Rows]:
    """What holds now as text, and the buttons."""
    language, settings = offer.language, offer.visit.settings
    lines = [
        say("speech_now", language, voice=_voice(offer)),
        say("speech_now_speed", language, speed=f"{settings.speech_speed:g}"),
    ]
    if settings.speech_gain:
        lines.append(say("speech_now_gain", language, gain=f"{settings.speech_gain:+g}"))
    if settings.speech_style:
        lines.append(say("speech_now_style", language, style=literal(settings.speech_style)))
    parts = [
        say("speech_page", language),
        "\n".join(lines),
        say(f"setting_speech_{settings.speech}", language),
    ]
    mine = [voice for voice in offer.own if voice.author_id == offer.visit.author.id]
    if mine:
        names = ", ".join(code(voice.name) for voice in mine)
        parts.append(
            f"{say('speech_own_list', language, names=names)} {say('speech_own_delete_how', language)}"
        )
    return "\n\n".join((*parts, say("speech_how", language))), _rows(offer)


def louder(present: float, *, steps: int) -> float:
    """The gain a few steps up or down, within what the provider takes."""
    return min(max(present + steps * _GAIN_STEP, GAINS[0]), GAINS[1])


def _voice(offer: VoiceOffer) -> str:
    if offer.chosen is not None:
        return say("speech_own_kind", offer.language, voice=literal(offer.chosen.name))
    preset = preset_of(offer.visit)
    if offer.visit.settings.speech_voice == preset:
        return preset.title()
    return say("speech_as_persona", offer.language, voice=preset.title())


def _rows(offer: VoiceOffer) -> Rows:
    language, settings = offer.language, offer.visit.settings
    speeds = tuple(
        _mark(f"{speed}×", f"voice:speed:{speed}", present=settings.speech_speed == float(speed))
        for speed in SPEED_STEPS
    )
    volume = (
        Button(label=say("button_speech_softer", language), data="voice:gain:down"),
        Button(label=say("button_speech_louder", language), data="voice:gain:up"),
    )
    modes = tuple(
        _mark(say(f"button_speech_{mode}", language), f"voice:speech:{mode}", present=mode == settings.speech)
        for mode in CHOICES["speech"]
    )
    last = (
        Button(label=say("button_speech_sample", language), data="voice:sample"),
        Button(label=say("button_speech_default", language), data="voice:default"),
    )
    return (*_voices(offer), speeds, volume, modes, last)


def _voices(offer: VoiceOffer) -> Rows:
    """The presets, then the own voices this person may choose, newest first."""
    preset = preset_of(offer.visit) if offer.chosen is None else ""
    buttons = [_mark(name.title(), f"voice:use:{name}", present=name == preset) for name in PRESET_VOICES]
    own = [
        _mark(
            f"🎙 {voice.name}",
            f"voice:use:{OWN}{voice.id}",
            present=offer.chosen is not None and offer.chosen.id == voice.id,
        )
        for voice in list(reversed(offer.own))[:_MOST_OWN]
    ]
    return (*_in_rows(buttons, _A_ROW), *_in_rows(own, _A_ROW // 2))


def _in_rows(buttons: Sequence[Button], width: int) -> Rows:
    return tuple(tuple(buttons[start : start + width]) for start in range(0, len(buttons), width))


def _mark(label: str, data: str, *, present: bool) -> Button:
    return Button(label=f"✓ {label}" if present else label, data=data)

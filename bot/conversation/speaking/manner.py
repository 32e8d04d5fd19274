"""How a chat is spoken to: in which voice, with which style, how fast and how loud."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from bot.conversation.speaking.words import style_instruction
from bot.conversation.visit import Reads, Visit
from bot.providers import PRESET_VOICES
from bot.storage.voices import StoredVoice, voice_of

__all__ = [
    "DEFAULT_VOICE",
    "OWN",
    "Manner",
    "Spoken",
    "chosen_voice",
    "find_manner",
    "in_preset_voice",
    "preset_of",
]

DEFAULT_VOICE: Final = "anna"
OWN: Final = "own:"
"""The beginning of a chat's ``speech_voice`` that names somebody's own voice by its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How something is spoken. ``model`` is the only one that has the voice; empty for a preset's.

    ``name`` is what people call the voice.
    """

    voice: str
    name: str
    model: str = ""
    style: str = ""
    speed: float = 1.0
    gain_decibels: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A piece of text and how it is spoken."""

    text: str
    manner: Manner


async def find_manner(database: Reads, visit: Visit) -> Manner:
    """How a chat's answers are spoken: as it chose, else with its persona's voice or the default one."""
    settings = visit.settings
    voice = await chosen_voice(database, visit)
    preset = preset_of(visit)
    return Manner(
        voice=voice.uri if voice else preset,
        name=voice.name if voice else preset,
        model=voice.model if voice else "",
        style=style_instruction(settings.speech_style),
        speed=settings.speech_speed,
        gain_decibels=settings.speech_gain,
    )


def in_preset_voice(manner: Manner, preset: str) -> Manner:
    """The same in one of the provider's own voices."""
    return replace(manner, voice=preset, name=preset, model="")


def preset_of(visit: Visit) -> str:
    """The preset voice that is set for a chat, by itself or by its persona."""
    asked = (visit.settings.speech_voice, visit.persona.voice.lower())
    return next((name for name in asked if name in PRESET_VOICES), DEFAULT_VOICE)


async def chosen_voice(database: Reads, visit: Visit) -> StoredVoice | None:
    """Somebody's own voice that is set for a chat; None when none is, and for one that is deleted."""
    number, key = visit.settings.speech_voice.removeprefix(OWN), visit.key
    if number == visit.settings.speech_voice or not (number.isascii() and number.isdigit()):
        return None
    return await database.read(
        lambda conn: voice_of(conn, int(number), platform=key.platform, account=key.account)
    )

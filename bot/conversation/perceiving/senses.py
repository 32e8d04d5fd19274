"""What the core hears and speaks with."""

from __future__ import annotations

from dataclasses import dataclass

from bot.media import Audio
from bot.ports import KeepsVoices, SpeechToText, TextToSpeech

__all__ = ["Senses"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Senses:
    """Opened and closed by whoever makes it; the models of each kind in the order they are asked."""

    audio: Audio
    hearing: SpeechToText
    hearing_models: tuple[str, ...]
    speaking: TextToSpeech
    speaking_models: tuple[str, ...]
    voices: KeepsVoices
    dialogue_models: tuple[str, ...] = ()

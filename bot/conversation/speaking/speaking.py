"""Decides which answers are spoken and how; the speech itself is a turn of its own beside the queue.

A turn of its own, so that the next message does not wait for it, and in the engine's inbox, so that it
survives the process. Its event is ours: it carries an id that no platform's event has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bot.conversation.question import Question
from bot.conversation.speaking.words import style_instruction
from bot.conversation.visit import Reads, Visit
from bot.messages import ButtonPressed
from bot.ports import Adapter, CancelReason, Engine, Lane, SendsVoice, Turn
from bot.providers import PRESET_VOICES
from bot.storage.spoken import SPEAK, open_speaking
from bot.storage.voices import StoredVoice, voice_of

__all__ = ["DEFAULT_VOICE", "OWN", "Aloud", "Manner", "chosen_voice", "find_manner", "preset_of"]

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


class Aloud:
    """Has answers spoken. Shared by all conversations; nothing to close."""

    def __init__(self, *, engine: Engine, adapters: Mapping[str, Adapter]) -> None:
        self._engine = engine
        self._adapters = adapters

    async def follow(self, turn: Turn, question: Question, visit: Visit) -> None:
        """Have this turn's delivered answer spoken, if the chat wants that; once, and without waiting.

        An answer whose place it takes is not spoken any more. Raises Fenced and StorageError.
        """
        if question.origin.replaces is not None:
            await self._withdraw(turn, question.origin.replaces)
        wanted = visit.settings.speech
        is_wanted = wanted == "always" or (wanted == "spoken" and question.spoken)
        if not is_wanted or question.panel or not isinstance(self._adapters[turn.key.platform], SendsVoice):
            return
        name = f"{SPEAK}{turn.id}"
        event = ButtonPressed(
            event_id=name,
            key=question.key,
            chat_kind=question.chat_kind,
            author=visit.author,
            message_id="",
            data=f"{name}:{'spoken' if question.spoken else 'always'}",
        )
        await self._engine.accept(event, lane=Lane.CONTROL)

    async def _withdraw(self, turn: Turn, answer: int) -> None:
        key = str(turn.key)
        for speaking in await turn.effect(lambda conn: open_speaking(conn, key, answer=answer)):
            await self._engine.stop(turn.key, reason=CancelReason.SUPERSEDED, turn_id=speaking)


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

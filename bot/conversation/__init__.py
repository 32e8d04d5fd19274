"""The conversation core: takes events in, keeps history, answers. It knows no platform by name."""

from bot.conversation.commands import menu
from bot.conversation.house import Core, House, build_core
from bot.conversation.persona_library import BUILT_IN, DEFAULT
from bot.conversation.personas import Persona, PersonaBook, persona_from
from bot.conversation.prompt import AnswerSettings

__all__ = [
    "BUILT_IN",
    "DEFAULT",
    "AnswerSettings",
    "Core",
    "House",
    "Persona",
    "PersonaBook",
    "build_core",
    "menu",
    "persona_from",
]

"""The conversation core: takes events in, keeps history, answers. It knows no platform by name."""

from bot.conversation.building import build_core
from bot.conversation.commands import menu
from bot.conversation.drawing.making import Making
from bot.conversation.house import Core, House
from bot.conversation.models.check import missing_models
from bot.conversation.own_tools import OWN_TOOLS
from bot.conversation.perceiving.senses import Senses
from bot.conversation.personas.library import BUILT_IN, DEFAULT, open_book
from bot.conversation.personas.persona import Persona, PersonaBook, lost_models, persona_from
from bot.conversation.prompt import AnswerSettings

__all__ = [
    "BUILT_IN",
    "DEFAULT",
    "OWN_TOOLS",
    "AnswerSettings",
    "Core",
    "House",
    "Making",
    "Persona",
    "PersonaBook",
    "Senses",
    "build_core",
    "lost_models",
    "menu",
    "missing_models",
    "open_book",
    "persona_from",
]

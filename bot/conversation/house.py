"""What the conversation core is given, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.conversation.access.door import Door
from bot.conversation.drawing.making import Making
from bot.conversation.folding import Folding
from bot.conversation.groups.overhearing import Overhearing
from bot.conversation.intake import Intake
from bot.conversation.perceiving.perceiving import Reader
from bot.conversation.perceiving.senses import Senses
from bot.conversation.personas.persona import PersonaBook
from bot.conversation.prompt import AnswerSettings
from bot.conversation.seeing.captions import Captioning
from bot.conversation.speaking.ahead import Rehearsals
from bot.conversation.speaking.voices import OwnVoices
from bot.conversation.turns import Turns
from bot.messages import AttachmentKind
from bot.ports import Adapter, Catalogue, ChatModel, Clock, Engine
from bot.settings import Access
from bot.storage import Database
from bot.tools import Toolbox

__all__ = ["Core", "House"]


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Everything the core needs, and the operator's rules.

    ``language`` is en, zh or auto; limits ``per_minute`` of 0 are none.
    """

    engine: Engine
    database: Database
    adapters: Mapping[str, Adapter]
    model: ChatModel
    catalogue: Catalogue
    toolbox: Toolbox
    personas: PersonaBook
    readers: Mapping[AttachmentKind, Reader] = field(default_factory=dict)
    senses: Senses | None = None
    making: Making | None = None
    answers: AnswerSettings
    access: Access
    clock: Clock
    admins: Sequence[str] = ()
    allowed: Sequence[str] = ()
    names: Sequence[str] = ("Parley",)
    language: str = "auto"
    thinking_shown: bool = True
    person_per_minute: int = 0
    chat_per_minute: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """The core. ``folding``, ``captioning`` and ``rehearsals`` are to be closed.

    ``door.watch`` runs beside the engine.
    """

    intake: Intake
    door: Door
    overhearing: Overhearing
    turns: Turns
    folding: Folding
    captioning: Captioning
    own_voices: OwnVoices | None = None
    rehearsals: Rehearsals | None = None

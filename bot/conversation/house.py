"""Puts the conversation core together from what the service was given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.conversation.admission import Admission
from bot.conversation.answer import Answering
from bot.conversation.desk import Desk
from bot.conversation.desks import HelpDesk, HistoryDesk, SettingsDesk
from bot.conversation.folding import Folding
from bot.conversation.front import FrontDesk
from bot.conversation.intake import Intake
from bot.conversation.personas import PersonaBook
from bot.conversation.prompt import AnswerSettings
from bot.conversation.rights import Rights
from bot.conversation.saying import Saying
from bot.conversation.turns import Turns
from bot.conversation.visit import Reception
from bot.delivery import Governor
from bot.messages import ConversationKey
from bot.ports import Adapter, ChatModel, Clock, Engine
from bot.settings import Access
from bot.storage import Database, history
from bot.tools import Toolbox

__all__ = ["Core", "House", "build_core"]


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Everything the core needs, and the operator's rules. ``language`` is en, zh or auto."""

    engine: Engine
    database: Database
    adapters: Mapping[str, Adapter]
    model: ChatModel
    toolbox: Toolbox
    personas: PersonaBook
    answers: AnswerSettings
    access: Access
    clock: Clock
    admins: Sequence[str] = ()
    allowed: Sequence[str] = ()
    language: str = "auto"
    thinking_shown: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """The conversation core. ``folding`` is to be closed."""

    intake: Intake
    turns: Turns
    folding: Folding


def build_core(house: House) -> Core:
    """The core, ready for Engine.serve and the adapters. Starts nothing."""
    clock = house.clock
    governor = Governor(clock=clock)
    folding = Folding(model=house.model, database=house.database, models=house.answers.models, clock=clock)
    answering = Answering(
        adapters=house.adapters,
        model=house.model,
        governor=governor,
        toolbox=house.toolbox,
        folds=folding,
        settings=house.answers,
        clock=clock,
    )
    admission = Admission(access=house.access, admins=house.admins, allowed=house.allowed, clock=clock)
    reception = Reception(
        database=house.database,
        admission=admission,
        book=house.personas,
        thinking_shown=house.thinking_shown,
        language=house.language,
        models=house.answers.models,
    )
    saying = Saying(adapters=house.adapters, governor=governor, language=house.language, clock=clock)

    async def took_part(key: ConversationKey) -> bool:
        return await house.database.read(lambda conn: history.took_part(conn, str(key)))

    return Core(
        intake=Intake(engine=house.engine, clock=clock, took_part=took_part),
        turns=Turns(
            engine=house.engine,
            adapters=house.adapters,
            answering=answering,
            admission=admission,
            reception=reception,
            saying=saying,
            front=FrontDesk(saying=saying, desks=_desks(house, saying, reception, answering)),
            clock=clock,
        ),
        folding=folding,
    )


def _desks(house: House, saying: Saying, reception: Reception, answering: Answering) -> tuple[Desk, ...]:
    rights = Rights(adapters=house.adapters)
    return (
        HelpDesk(saying=saying, clock=house.clock),
        HistoryDesk(engine=house.engine, saying=saying, answers=answering.answer),
        SettingsDesk(saying=saying, reception=reception, rights=rights),
    )

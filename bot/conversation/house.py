"""Puts the conversation core together from what the service was given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.conversation.access.admission import Admission
from bot.conversation.access.door import Door
from bot.conversation.access.limits import Limits
from bot.conversation.access.rights import Rights
from bot.conversation.answer import Answering
from bot.conversation.desk import Desk
from bot.conversation.desks import (
    AccessDesk,
    ApprovalsDesk,
    CompareDesk,
    GroupsDesk,
    HelpDesk,
    HistoryDesk,
    ModelsDesk,
    PersonaDesk,
    PersonalDesk,
    PodcastDesk,
    SettingsDesk,
    SpeakingDesk,
    SpeechDesk,
    SpeechMeans,
    ThinkingDesk,
    UsageDesk,
    VoiceDesk,
    VoiceMeans,
    WhoamiDesk,
    making_desks,
)
from bot.conversation.drawing.making import Making
from bot.conversation.folding import Folding
from bot.conversation.front import FrontDesk
from bot.conversation.groups.overhearing import Overhearing
from bot.conversation.groups.recall_tool import recall_tool
from bot.conversation.hearing.gist import Gists
from bot.conversation.hearing.groups import GroupHearing
from bot.conversation.hearing.hearing import Hearing
from bot.conversation.hearing.transcript_replies import TranscriptReplies
from bot.conversation.hearing.transcript_work import TranscriptWork
from bot.conversation.intake import Intake
from bot.conversation.perceiving.perceiving import Perceiving, Reader
from bot.conversation.perceiving.readers import readers_of
from bot.conversation.perceiving.senses import Senses
from bot.conversation.personas.persona import PersonaBook
from bot.conversation.prompt import AnswerSettings, Prompts
from bot.conversation.reading.tool import read_document_tool
from bot.conversation.saying import Saying
from bot.conversation.seeing.captions import Captioning
from bot.conversation.speaking.dialogue import Playwright
from bot.conversation.speaking.note import Narrator
from bot.conversation.speaking.orders import OwnVoiceOrders
from bot.conversation.speaking.post import VoicePost
from bot.conversation.speaking.speaking import Aloud
from bot.conversation.speaking.voices import OwnVoices
from bot.conversation.turns import Turns
from bot.conversation.visit import Reception
from bot.delivery import Governor
from bot.messages import AttachmentKind
from bot.ports import Adapter, Catalogue, ChatModel, Clock, Engine
from bot.settings import Access
from bot.storage import Database
from bot.tools import Toolbox

__all__ = ["Core", "House", "build_core"]


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
    """The core. ``folding`` and ``captioning`` are to be closed, ``door.watch`` runs beside the engine."""

    intake: Intake
    door: Door
    overhearing: Overhearing
    turns: Turns
    folding: Folding
    captioning: Captioning
    own_voices: OwnVoices | None = None


def build_core(house: House) -> Core:
    """The core, ready for Engine.serve and the adapters. Starts nothing."""
    clock = house.clock
    governor = Governor(clock=clock)
    folding = Folding(model=house.model, database=house.database, models=house.answers.models, clock=clock)
    captioning = Captioning(
        model=house.model,
        database=house.database,
        prompts=Prompts(model=house.model, settings=house.answers),
    )
    answering = Answering(
        adapters=house.adapters,
        model=house.model,
        governor=governor,
        toolbox=Toolbox((*house.toolbox, recall_tool(house.database), read_document_tool(house.database))),
        folds=(folding, captioning),
        settings=house.answers,
        clock=clock,
        aloud=Aloud(engine=house.engine, adapters=house.adapters) if house.senses else None,
    )
    own_voices = _own_voices(house)
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
    overhearing = Overhearing(
        database=house.database, adapters=house.adapters, names=house.names, clock=clock
    )
    groups = GroupsDesk(
        saying=saying,
        reception=reception,
        admission=admission,
        database=house.database,
        answers=answering.answer,
        name=next(iter(house.names), "Parley"),
        clock=clock,
    )
    door = Door(saying=saying, admission=admission, engine=house.engine, database=house.database, clock=clock)
    hearing = Hearing(senses=house.senses, database=house.database, clock=clock) if house.senses else None
    means = _voice_means(house, saying, answering, hearing)
    voice = VoiceDesk(engine=house.engine, saying=saying, database=house.database, means=means)
    perceiving = Perceiving(
        readers=house.readers or readers_of(house, hearing=hearing),
        adapters=house.adapters,
        database=house.database,
        saying=saying,
    )
    limits = Limits(
        person_per_minute=house.person_per_minute, chat_per_minute=house.chat_per_minute, clock=clock
    )
    return Core(
        intake=Intake(engine=house.engine, overhearing=overhearing, clock=clock),
        door=door,
        overhearing=overhearing,
        turns=Turns(
            engine=house.engine,
            adapters=house.adapters,
            answering=answering,
            door=door,
            limits=limits,
            perceiving=perceiving,
            reception=reception,
            saying=saying,
            front=FrontDesk(
                saying=saying,
                desks=(
                    groups,
                    voice,
                    AccessDesk(engine=house.engine, saying=saying, admission=admission, clock=clock),
                    WhoamiDesk(saying=saying, limits=limits, models=house.answers.models),
                    *_desks(house, saying, reception, answering, own_voices),
                    *_speech_desks(house, saying, reception, governor, own_voices),
                    *making_desks(
                        making=house.making,
                        adapters=house.adapters,
                        engine=house.engine,
                        governor=governor,
                        clock=clock,
                        saying=saying,
                        model=house.model,
                        models=house.answers.models,
                    ),
                ),
            ),
            groups=groups,
            voice=voice,
            group_hearing=_group_hearing(house, saying, means, overhearing),
            clock=clock,
        ),
        folding=folding,
        captioning=captioning,
        own_voices=own_voices,
    )


def _voice_means(
    house: House, saying: Saying, answering: Answering, hearing: Hearing | None
) -> VoiceMeans | None:
    if hearing is None:
        return None
    gists = Gists(model=house.model, settings=house.answers)
    return VoiceMeans(
        hearing=hearing,
        replies=TranscriptReplies(hearing=hearing, saying=saying, gists=gists),
        work=TranscriptWork(saying=saying, answers=answering.answer, gists=gists),
    )


def _group_hearing(
    house: House, saying: Saying, means: VoiceMeans | None, overhearing: Overhearing
) -> GroupHearing | None:
    if means is None:
        return None
    return GroupHearing(
        engine=house.engine,
        database=house.database,
        saying=saying,
        hearing=means.hearing,
        replies=means.replies,
        names=overhearing.names_in,
    )


def _own_voices(house: House) -> OwnVoices | None:
    if house.senses is None:
        return None
    return OwnVoices(senses=house.senses, database=house.database, adapters=house.adapters, clock=house.clock)


def _speech_desks(
    house: House, saying: Saying, reception: Reception, governor: Governor, own_voices: OwnVoices | None
) -> tuple[Desk, ...]:
    means, senses = None, house.senses
    if senses is not None:
        post = VoicePost(adapters=house.adapters, governor=governor, senses=senses)
        means = SpeechMeans(narrator=Narrator(senses=senses), post=post)
    return (
        SpeakingDesk(saying=saying, database=house.database, means=means),
        PodcastDesk(
            saying=saying,
            database=house.database,
            playwright=Playwright(model=house.model, models=house.answers.models),
            means=means,
        ),
        SpeechDesk(
            saying=saying,
            reception=reception,
            rights=Rights(adapters=house.adapters),
            database=house.database,
            means=means,
            own=OwnVoiceOrders(saying=saying, voices=own_voices) if own_voices is not None else None,
        ),
    )


def _desks(
    house: House,
    saying: Saying,
    reception: Reception,
    answering: Answering,
    own_voices: OwnVoices | None,
) -> tuple[Desk, ...]:
    rights = Rights(adapters=house.adapters)
    return (
        ApprovalsDesk(engine=house.engine, saying=saying, answers=answering.answer),
        HelpDesk(saying=saying, clock=house.clock),
        HistoryDesk(engine=house.engine, saying=saying, answers=answering.answer),
        PersonalDesk(
            engine=house.engine,
            saying=saying,
            database=house.database,
            clock=house.clock,
            own_voices=own_voices,
        ),
        PersonaDesk(
            database=house.database,
            book=house.personas,
            saying=saying,
            rights=rights,
            clock=house.clock,
        ),
        SettingsDesk(saying=saying, reception=reception, rights=rights),
        UsageDesk(saying=saying, database=house.database, clock=house.clock),
        CompareDesk(
            saying=saying,
            answers=answering.answer,
            catalogue=house.catalogue,
            models=house.answers.models,
            clock=house.clock,
        ),
        ModelsDesk(
            saying=saying,
            reception=reception,
            rights=rights,
            catalogue=house.catalogue,
            models=house.answers.models,
        ),
        ThinkingDesk(
            saying=saying,
            reception=reception,
            rights=rights,
            catalogue=house.catalogue,
            models=house.answers.models,
        ),
    )

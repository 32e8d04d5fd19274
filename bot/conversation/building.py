"""Puts the conversation core together: each part is made once, from the house and the parts it rests on."""

from __future__ import annotations

from functools import cached_property

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
from bot.conversation.folding import Folding
from bot.conversation.front import FrontDesk
from bot.conversation.groups.overhearing import Overhearing
from bot.conversation.groups.recall_tool import recall_tool
from bot.conversation.hearing.gist import Gists
from bot.conversation.hearing.groups import GroupHearing
from bot.conversation.hearing.hearing import Hearing
from bot.conversation.hearing.transcript_replies import TranscriptReplies
from bot.conversation.hearing.transcript_work import TranscriptWork
from bot.conversation.house import Core, House
from bot.conversation.intake import Intake
from bot.conversation.perceiving.perceiving import Perceiving
from bot.conversation.perceiving.readers import readers_of
from bot.conversation.prompt import Prompts
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
from bot.tools import Toolbox

__all__ = ["build_core"]


def build_core(house: House) -> Core:
    """The core, ready for Engine.serve and the adapters. Starts nothing."""
    building = _Building(house)
    return Core(
        intake=Intake(engine=house.engine, overhearing=building.overhearing, clock=house.clock),
        door=building.door,
        overhearing=building.overhearing,
        turns=building.turns,
        folding=building.folding,
        captioning=building.captioning,
        own_voices=building.own_voices,
    )


class _Building:
    """The parts of the core, each made when it is first asked for."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._governor = Governor(clock=house.clock)
        self._rights = Rights(adapters=house.adapters)
        self._models = house.answers.models

    # --- what everything rests on -------------------------------------------------------------------------

    @cached_property
    def saying(self) -> Saying:
        house = self._house
        return Saying(
            adapters=house.adapters, governor=self._governor, language=house.language, clock=house.clock
        )

    @cached_property
    def admission(self) -> Admission:
        house = self._house
        return Admission(access=house.access, admins=house.admins, allowed=house.allowed, clock=house.clock)

    @cached_property
    def reception(self) -> Reception:
        house = self._house
        return Reception(
            database=house.database,
            admission=self.admission,
            book=house.personas,
            thinking_shown=house.thinking_shown,
            language=house.language,
            models=self._models,
        )

    @cached_property
    def door(self) -> Door:
        house = self._house
        return Door(
            saying=self.saying,
            admission=self.admission,
            engine=house.engine,
            database=house.database,
            clock=house.clock,
        )

    @cached_property
    def limits(self) -> Limits:
        house = self._house
        return Limits(
            person_per_minute=house.person_per_minute,
            chat_per_minute=house.chat_per_minute,
            clock=house.clock,
        )

    @cached_property
    def overhearing(self) -> Overhearing:
        house = self._house
        return Overhearing(
            database=house.database, adapters=house.adapters, names=house.names, clock=house.clock
        )

    # --- answers ------------------------------------------------------------------------------------------

    @cached_property
    def folding(self) -> Folding:
        house = self._house
        return Folding(model=house.model, database=house.database, models=self._models, clock=house.clock)

    @cached_property
    def captioning(self) -> Captioning:
        house = self._house
        return Captioning(
            model=house.model,
            database=house.database,
            prompts=Prompts(model=house.model, settings=house.answers),
        )

    @cached_property
    def toolbox(self) -> Toolbox:
        house = self._house
        return Toolbox((*house.toolbox, recall_tool(house.database), read_document_tool(house.database)))

    @cached_property
    def answering(self) -> Answering:
        house = self._house
        return Answering(
            adapters=house.adapters,
            model=house.model,
            governor=self._governor,
            toolbox=self.toolbox,
            folds=(self.folding, self.captioning),
            settings=house.answers,
            clock=house.clock,
            aloud=Aloud(engine=house.engine, adapters=house.adapters) if house.senses else None,
        )

    @cached_property
    def turns(self) -> Turns:
        house = self._house
        return Turns(
            engine=house.engine,
            adapters=house.adapters,
            answering=self.answering,
            door=self.door,
            limits=self.limits,
            perceiving=self.perceiving,
            reception=self.reception,
            saying=self.saying,
            front=FrontDesk(saying=self.saying, desks=self.desks),
            groups=self.groups_desk,
            voice=self.voice_desk,
            group_hearing=self.group_hearing,
            clock=house.clock,
        )

    # --- hearing and speaking -----------------------------------------------------------------------------

    @cached_property
    def hearing(self) -> Hearing | None:
        house = self._house
        if house.senses is None:
            return None
        return Hearing(senses=house.senses, database=house.database, clock=house.clock)

    @cached_property
    def perceiving(self) -> Perceiving:
        house = self._house
        return Perceiving(
            readers=house.readers or readers_of(house, hearing=self.hearing),
            adapters=house.adapters,
            database=house.database,
            saying=self.saying,
        )

    @cached_property
    def voice_means(self) -> VoiceMeans | None:
        if self.hearing is None:
            return None
        gists = Gists(model=self._house.model, settings=self._house.answers)
        return VoiceMeans(
            hearing=self.hearing,
            replies=TranscriptReplies(hearing=self.hearing, saying=self.saying, gists=gists),
            work=TranscriptWork(saying=self.saying, answers=self.answering.answer, gists=gists),
        )

    @cached_property
    def group_hearing(self) -> GroupHearing | None:
        house, means = self._house, self.voice_means
        if means is None:
            return None
        return GroupHearing(
            engine=house.engine,
            database=house.database,
            saying=self.saying,
            hearing=means.hearing,
            replies=means.replies,
            names=self.overhearing.names_in,
        )

    @cached_property
    def own_voices(self) -> OwnVoices | None:
        house = self._house
        if house.senses is None:
            return None
        return OwnVoices(
            senses=house.senses, database=house.database, adapters=house.adapters, clock=house.clock
        )

    @cached_property
    def speech_means(self) -> SpeechMeans | None:
        house = self._house
        if house.senses is None:
            return None
        post = VoicePost(adapters=house.adapters, governor=self._governor, senses=house.senses)
        return SpeechMeans(narrator=Narrator(senses=house.senses), post=post)

    # --- desks --------------------------------------------------------------------------------------------

    @property
    def desks(self) -> tuple[Desk, ...]:
        """Who carries out orders and presses; the first that knows one takes it."""
        return (
            self.groups_desk,
            self.voice_desk,
            *self._desks_of_people(),
            *self._desks_of_talk(),
            *self._desks_of_models(),
            *self._desks_of_speech(),
            *self._desks_of_making(),
        )

    @cached_property
    def groups_desk(self) -> GroupsDesk:
        house = self._house
        return GroupsDesk(
            saying=self.saying,
            reception=self.reception,
            admission=self.admission,
            database=house.database,
            answers=self.answering.answer,
            name=next(iter(house.names), "Parley"),
            clock=house.clock,
        )

    @cached_property
    def voice_desk(self) -> VoiceDesk:
        house = self._house
        return VoiceDesk(
            engine=house.engine, saying=self.saying, database=house.database, means=self.voice_means
        )

    def _desks_of_people(self) -> tuple[Desk, ...]:
        house, saying = self._house, self.saying
        return (
            AccessDesk(engine=house.engine, saying=saying, admission=self.admission, clock=house.clock),
            WhoamiDesk(saying=saying, limits=self.limits, models=self._models),
            UsageDesk(saying=saying, database=house.database, clock=house.clock),
            PersonalDesk(
                engine=house.engine,
                saying=saying,
                database=house.database,
                clock=house.clock,
                own_voices=self.own_voices,
            ),
        )

    def _desks_of_talk(self) -> tuple[Desk, ...]:
        house, saying = self._house, self.saying
        return (
            ApprovalsDesk(engine=house.engine, saying=saying, answers=self.answering.answer),
            HelpDesk(saying=saying, clock=house.clock),
            HistoryDesk(engine=house.engine, saying=saying, answers=self.answering.answer),
            PersonaDesk(
                database=house.database,
                book=house.personas,
                saying=saying,
                rights=self._rights,
                clock=house.clock,
            ),
            SettingsDesk(saying=saying, reception=self.reception, rights=self._rights),
        )

    def _desks_of_models(self) -> tuple[Desk, ...]:
        house, saying = self._house, self.saying
        return (
            CompareDesk(
                saying=saying,
                answers=self.answering.answer,
                catalogue=house.catalogue,
                models=self._models,
                clock=house.clock,
            ),
            ModelsDesk(
                saying=saying,
                reception=self.reception,
                rights=self._rights,
                catalogue=house.catalogue,
                models=self._models,
            ),
            ThinkingDesk(
                saying=saying,
                reception=self.reception,
                rights=self._rights,
                catalogue=house.catalogue,
                models=self._models,
            ),
        )

    def _desks_of_speech(self) -> tuple[Desk, ...]:
        house, saying, own = self._house, self.saying, self.own_voices
        return (
            SpeakingDesk(saying=saying, database=house.database, means=self.speech_means),
            PodcastDesk(
                saying=saying,
                database=house.database,
                playwright=Playwright(model=house.model, models=self._models),
                means=self.speech_means,
            ),
            SpeechDesk(
                saying=saying,
                reception=self.reception,
                rights=self._rights,
                database=house.database,
                means=self.speech_means,
                own=OwnVoiceOrders(saying=saying, voices=own) if own is not None else None,
            ),
        )

    def _desks_of_making(self) -> tuple[Desk, ...]:
        house = self._house
        return making_desks(
            making=house.making,
            adapters=house.adapters,
            engine=house.engine,
            governor=self._governor,
            clock=house.clock,
            saying=self.saying,
            model=house.model,
            models=self._models,
        )

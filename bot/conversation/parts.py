"""The parts of the conversation core: each is made once, from the house and the parts it rests on."""

from __future__ import annotations

from functools import cached_property

from bot.conversation.access.admission import Admission
from bot.conversation.access.door import Door
from bot.conversation.access.limits import Limits
from bot.conversation.access.rights import Rights
from bot.conversation.answer import Answering
from bot.conversation.desks import (
    SpeechMeans,
    VoiceMeans,
)
from bot.conversation.drawing.commissions import Commissions
from bot.conversation.drawing.studio import Studio
from bot.conversation.drawing.workshop import open_studio
from bot.conversation.folding import Folding
from bot.conversation.groups.overhearing import Overhearing
from bot.conversation.hearing.finding import Finding
from bot.conversation.hearing.gist import Gists
from bot.conversation.hearing.groups import GroupHearing
from bot.conversation.hearing.hearing import Hearing
from bot.conversation.hearing.requests import TranscriptRequests
from bot.conversation.hearing.transcript_replies import TranscriptReplies
from bot.conversation.hearing.transcript_work import TranscriptWork
from bot.conversation.house import House
from bot.conversation.own_tools import own_tools
from bot.conversation.perceiving.perceiving import Perceiving
from bot.conversation.perceiving.readers import readers_of
from bot.conversation.prompt import Prompts
from bot.conversation.saying import Saying
from bot.conversation.seeing.captions import Captioning
from bot.conversation.speaking.ahead import Rehearsals
from bot.conversation.speaking.duet import Duet
from bot.conversation.speaking.note import Narrator
from bot.conversation.speaking.post import VoicePost
from bot.conversation.speaking.speaking import Aloud
from bot.conversation.speaking.voices import OwnVoices
from bot.conversation.visit import Reception
from bot.delivery import Governor
from bot.tools import Toolbox

__all__ = ["Parts"]


class Parts:
    """What the core's desks and turns rest on; each part is made when it is first asked for."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.governor = Governor(clock=house.clock)
        self.rights = Rights(adapters=house.adapters)
        self.models = house.answers.models

    # --- what everything rests on -------------------------------------------------------------------------

    @cached_property
    def saying(self) -> Saying:
        house = self.house
        return Saying(
            adapters=house.adapters, governor=self.governor, language=house.language, clock=house.clock
        )

    @cached_property
    def admission(self) -> Admission:
        house = self.house
        return Admission(access=house.access, admins=house.admins, allowed=house.allowed, clock=house.clock)

    @cached_property
    def reception(self) -> Reception:
        house = self.house
        return Reception(
            database=house.database,
            admission=self.admission,
            book=house.personas,
            thinking_shown=house.thinking_shown,
            language=house.language,
            models=self.models,
        )

    @cached_property
    def door(self) -> Door:
        house = self.house
        return Door(
            saying=self.saying,
            admission=self.admission,
            engine=house.engine,
            database=house.database,
            clock=house.clock,
        )

    @cached_property
    def limits(self) -> Limits:
        house = self.house
        return Limits(
            person_per_minute=house.person_per_minute,
            chat_per_minute=house.chat_per_minute,
            clock=house.clock,
        )

    @cached_property
    def overhearing(self) -> Overhearing:
        house = self.house
        return Overhearing(
            database=house.database, adapters=house.adapters, names=house.names, clock=house.clock
        )

    # --- answers ------------------------------------------------------------------------------------------

    @cached_property
    def folding(self) -> Folding:
        house = self.house
        return Folding(model=house.model, database=house.database, models=self.models, clock=house.clock)

    @cached_property
    def captioning(self) -> Captioning:
        house = self.house
        return Captioning(
            model=house.model,
            database=house.database,
            prompts=Prompts(model=house.model, settings=house.answers),
        )

    @cached_property
    def toolbox(self) -> Toolbox:
        return Toolbox((*self.house.toolbox, *own_tools(self.house, self.studio)))

    @cached_property
    def answering(self) -> Answering:
        house = self.house
        return Answering(
            adapters=house.adapters,
            model=house.model,
            governor=self.governor,
            toolbox=self.toolbox,
            folds=(self.folding, self.captioning),
            settings=house.answers,
            clock=house.clock,
            aloud=self.aloud,
            commissions=Commissions(engine=house.engine, studio=self.studio) if self.studio else None,
        )

    # --- hearing and speaking -----------------------------------------------------------------------------

    @cached_property
    def hearing(self) -> Hearing | None:
        house = self.house
        if house.senses is None:
            return None
        return Hearing(senses=house.senses, database=house.database, clock=house.clock)

    @cached_property
    def perceiving(self) -> Perceiving:
        house = self.house
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
        gists = Gists(model=self.house.model, settings=self.house.answers)
        return VoiceMeans(
            hearing=self.hearing,
            replies=TranscriptReplies(
                hearing=self.hearing, saying=self.saying, gists=gists, clock=self.house.clock
            ),
            work=TranscriptWork(saying=self.saying, answers=self.answering.answer, gists=gists),
        )

    @cached_property
    def group_hearing(self) -> GroupHearing | None:
        house, means = self.house, self.voice_means
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
    def finding(self) -> Finding:
        return Finding(database=self.house.database, adapters=self.house.adapters)

    @cached_property
    def requests(self) -> TranscriptRequests:
        house = self.house
        return TranscriptRequests(
            engine=house.engine,
            database=house.database,
            saying=self.saying,
            finding=self.finding,
            limits=self.limits,
            can_hear=self.hearing is not None,
        )

    @cached_property
    def own_voices(self) -> OwnVoices | None:
        house = self.house
        if house.senses is None:
            return None
        return OwnVoices(
            senses=house.senses, database=house.database, adapters=house.adapters, clock=house.clock
        )

    @cached_property
    def speech_means(self) -> SpeechMeans | None:
        house = self.house
        if house.senses is None:
            return None
        post = VoicePost(adapters=house.adapters, governor=self.governor, senses=house.senses)
        narrator = Narrator(senses=house.senses)
        return SpeechMeans(
            narrator=narrator,
            post=post,
            duet=Duet(senses=house.senses, narrator=narrator),
            rehearsals=Rehearsals(ask=narrator.ask),
        )

    @cached_property
    def aloud(self) -> Aloud | None:
        house = self.house
        if self.speech_means is None:
            return None
        return Aloud(
            engine=house.engine,
            adapters=house.adapters,
            database=house.database,
            rehearsals=self.speech_means.rehearsals,
        )

    # --- making pictures and films ------------------------------------------------------------------------

    @cached_property
    def studio(self) -> Studio | None:
        house = self.house
        if house.making is None:
            return None
        return open_studio(
            house.making,
            engine=house.engine,
            adapters=house.adapters,
            governor=self.governor,
            clock=house.clock,
        )

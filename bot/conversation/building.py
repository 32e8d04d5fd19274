"""Puts the conversation core together."""

from __future__ import annotations

from functools import cached_property

from bot.conversation.changing import Changing
from bot.conversation.desk import Desk
from bot.conversation.desks import (
    AccessDesk,
    ApprovalsDesk,
    CompareDesk,
    GroupsDesk,
    HelpDesk,
    HistoryDesk,
    MakingDesk,
    ModelsDesk,
    PersonaDesk,
    PersonalDesk,
    PodcastDesk,
    SettingsDesk,
    SpeakingDesk,
    SpeechDesk,
    ThinkingDesk,
    UsageDesk,
    VoiceDesk,
    WhoamiDesk,
)
from bot.conversation.drawing.source import Sources
from bot.conversation.front import FrontDesk
from bot.conversation.groups.roots import Roots
from bot.conversation.house import Core, House
from bot.conversation.intake import Intake
from bot.conversation.parts import Parts
from bot.conversation.seeing.files import Fetching
from bot.conversation.speaking.dialogue import Playwright
from bot.conversation.speaking.orders import OwnVoiceOrders
from bot.conversation.turns import Turns
from bot.media import Images

__all__ = ["build_core"]


def build_core(house: House) -> Core:
    """The core, ready for Engine.serve and the adapters. Starts nothing."""
    parts = Parts(house)
    return Core(
        intake=Intake(engine=house.engine, overhearing=parts.overhearing, clock=house.clock),
        door=parts.door,
        overhearing=parts.overhearing,
        turns=_Building(parts).turns,
        folding=parts.folding,
        captioning=parts.captioning,
        own_voices=parts.own_voices,
        rehearsals=parts.speech_means.rehearsals if parts.speech_means else None,
    )


class _Building:
    """Turns and the desks they hand work to."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @cached_property
    def turns(self) -> Turns:
        parts, house = self._parts, self._parts.house
        return Turns(
            engine=house.engine,
            adapters=house.adapters,
            answering=parts.answering,
            door=parts.door,
            limits=parts.limits,
            perceiving=parts.perceiving,
            reception=parts.reception,
            saying=parts.saying,
            front=FrontDesk(saying=parts.saying, desks=self.desks),
            groups=self.groups_desk,
            voice=self.voice_desk,
            group_hearing=parts.group_hearing,
            requests=parts.requests,
            roots=Roots(database=house.database, adapters=house.adapters),
            clock=house.clock,
        )

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
        parts, house = self._parts, self._parts.house
        return GroupsDesk(
            saying=parts.saying,
            reception=parts.reception,
            admission=parts.admission,
            database=house.database,
            answers=parts.answering.answer,
            name=next(iter(house.names), "Parley"),
            clock=house.clock,
        )

    @cached_property
    def voice_desk(self) -> VoiceDesk:
        parts, house = self._parts, self._parts.house
        return VoiceDesk(
            engine=house.engine,
            saying=parts.saying,
            database=house.database,
            finding=parts.finding,
            means=parts.voice_means,
        )

    def _desks_of_people(self) -> tuple[Desk, ...]:
        parts, house, saying = self._parts, self._parts.house, self._parts.saying
        return (
            AccessDesk(engine=house.engine, saying=saying, admission=parts.admission, clock=house.clock),
            WhoamiDesk(saying=saying, limits=parts.limits, models=parts.models),
            UsageDesk(saying=saying, database=house.database, clock=house.clock),
            PersonalDesk(
                engine=house.engine,
                saying=saying,
                database=house.database,
                clock=house.clock,
                own_voices=parts.own_voices,
            ),
        )

    def _desks_of_talk(self) -> tuple[Desk, ...]:
        parts, house, saying = self._parts, self._parts.house, self._parts.saying
        return (
            ApprovalsDesk(engine=house.engine, saying=saying, answers=parts.answering.answer),
            HelpDesk(saying=saying, clock=house.clock),
            HistoryDesk(engine=house.engine, saying=saying, answers=parts.answering.answer),
            PersonaDesk(
                database=house.database,
                book=house.personas,
                saying=saying,
                rights=parts.rights,
                clock=house.clock,
            ),
            SettingsDesk(saying=saying, reception=parts.reception, rights=parts.rights),
        )

    def _desks_of_models(self) -> tuple[Desk, ...]:
        parts, house, saying = self._parts, self._parts.house, self._parts.saying
        changing = Changing(saying=saying, reception=parts.reception, rights=parts.rights)
        return (
            CompareDesk(
                saying=saying,
                answers=parts.answering.answer,
                catalogue=house.catalogue,
                models=parts.models,
                clock=house.clock,
            ),
            ModelsDesk(
                saying=saying,
                changing=changing,
                catalogue=house.catalogue,
                models=parts.models,
            ),
            ThinkingDesk(
                saying=saying,
                changing=changing,
                catalogue=house.catalogue,
                models=parts.models,
            ),
        )

    def _desks_of_speech(self) -> tuple[Desk, ...]:
        parts, house, saying, own = self._parts, self._parts.house, self._parts.saying, self._parts.own_voices
        return (
            SpeakingDesk(saying=saying, database=house.database, means=parts.speech_means),
            PodcastDesk(
                saying=saying,
                database=house.database,
                playwright=Playwright(model=house.model, models=parts.models),
                means=parts.speech_means,
            ),
            SpeechDesk(
                saying=saying,
                reception=parts.reception,
                rights=parts.rights,
                database=house.database,
                means=parts.speech_means,
                own=OwnVoiceOrders(saying=saying, voices=own) if own is not None else None,
            ),
        )

    def _desks_of_making(self) -> tuple[Desk, ...]:
        parts, house = self._parts, self._parts.house
        fetching = Fetching(clock=house.clock)
        return (
            MakingDesk(
                saying=parts.saying,
                studio=parts.studio,
                sources=Sources(adapters=house.adapters, images=Images(), fetching=fetching),
                model=house.model,
                models=parts.models,
            ),
        )

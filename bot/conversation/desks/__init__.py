"""The desks: one module a matter, with its commands and buttons."""

from bot.conversation.desks.access import AccessDesk
from bot.conversation.desks.approvals import ApprovalsDesk
from bot.conversation.desks.compare import CompareDesk
from bot.conversation.desks.groups import GroupsDesk
from bot.conversation.desks.help import HelpDesk
from bot.conversation.desks.history import HistoryDesk
from bot.conversation.desks.making import MakingDesk
from bot.conversation.desks.models import ModelsDesk
from bot.conversation.desks.personal import PersonalDesk
from bot.conversation.desks.personas import PersonaDesk
from bot.conversation.desks.podcast import PodcastDesk
from bot.conversation.desks.settings import SettingsDesk
from bot.conversation.desks.speaking import SpeakingDesk, SpeechMeans
from bot.conversation.desks.speech import SpeechDesk
from bot.conversation.desks.thinking import ThinkingDesk
from bot.conversation.desks.usage import UsageDesk
from bot.conversation.desks.voice import VoiceDesk, VoiceMeans
from bot.conversation.desks.whoami import WhoamiDesk

__all__ = [
    "AccessDesk",
    "ApprovalsDesk",
    "CompareDesk",
    "GroupsDesk",
    "HelpDesk",
    "HistoryDesk",
    "MakingDesk",
    "ModelsDesk",
    "PersonaDesk",
    "PersonalDesk",
    "PodcastDesk",
    "SettingsDesk",
    "SpeakingDesk",
    "SpeechDesk",
    "SpeechMeans",
    "ThinkingDesk",
    "UsageDesk",
    "VoiceDesk",
    "VoiceMeans",
    "WhoamiDesk",
]

"""The SiliconFlow API: chat answers as one uninterrupted stream, speech, the catalogue and the account."""

from bot.providers.api import SiliconFlowApi
from bot.providers.calls import Calls
from bot.providers.catalogue import AccountCatalogue
from bot.providers.client import SiliconFlowChat, open_siliconflow
from bot.providers.failover import Limits
from bot.providers.images import DRAWING_MODELS, SiliconFlowPainter
from bot.providers.models import Account, account, list_models
from bot.providers.prices import cost_cny
from bot.providers.profiles import Profile, Thinking, find_profile, successor_of
from bot.providers.speech import PRESET_VOICES, SiliconFlowSpeaker, plain_speech
from bot.providers.transcription import SiliconFlowTranscriber
from bot.providers.videos import FILMING_MODELS, SiliconFlowFilmmaker
from bot.providers.voices import (
    BAD_SAMPLE,
    REAL_NAME_NEEDED,
    SAMPLE_TOO_LARGE,
    VOICE_GONE,
    SiliconFlowVoices,
)

__all__ = [
    "BAD_SAMPLE",
    "DRAWING_MODELS",
    "FILMING_MODELS",
    "PRESET_VOICES",
    "REAL_NAME_NEEDED",
    "SAMPLE_TOO_LARGE",
    "VOICE_GONE",
    "Account",
    "AccountCatalogue",
    "Calls",
    "Limits",
    "Profile",
    "SiliconFlowApi",
    "SiliconFlowChat",
    "SiliconFlowFilmmaker",
    "SiliconFlowPainter",
    "SiliconFlowSpeaker",
    "SiliconFlowTranscriber",
    "SiliconFlowVoices",
    "Thinking",
    "account",
    "cost_cny",
    "find_profile",
    "list_models",
    "open_siliconflow",
    "plain_speech",
    "successor_of",
]

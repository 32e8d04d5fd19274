"""The SiliconFlow API: chat answers as one uninterrupted stream, the catalogue and the account."""

from bot.providers.api import SiliconFlowApi
from bot.providers.client import SiliconFlowChat, open_siliconflow
from bot.providers.failover import Limits
from bot.providers.models import Account, account, list_models
from bot.providers.profiles import Profile, Thinking, find_profile, successor_of

__all__ = [
    "Account",
    "Limits",
    "Profile",
    "SiliconFlowApi",
    "SiliconFlowChat",
    "Thinking",
    "account",
    "find_profile",
    "list_models",
    "open_siliconflow",
    "successor_of",
]

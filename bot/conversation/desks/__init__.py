"""The desks: one module a matter, with its commands and buttons."""

from bot.conversation.desks.help import HelpDesk
from bot.conversation.desks.history import HistoryDesk
from bot.conversation.desks.settings import SettingsDesk

__all__ = ["HelpDesk", "HistoryDesk", "SettingsDesk"]

"""Delivery: brings a reply to the platform whole, once, and at the pace the platform bears."""

from bot.delivery.draft import Draft
from bot.delivery.governor import Governor, Priority
from bot.delivery.ledger import Ledger, TurnLedger
from bot.delivery.view import View

__all__ = ["Draft", "Governor", "Ledger", "Priority", "TurnLedger", "View"]

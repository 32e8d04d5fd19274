"""Whoever has an account: members, guests, people of other workspaces, bots; and the app's own ids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["APP_ID", "TEAM_ID", "Person", "Wire"]

Wire = dict[str, Any]
APP_ID = "A0PARLEY01"
TEAM_ID = "T0PARLEY01"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with a Slack account; an app's bot user has a ``bot_id``."""

    id: str
    name: str
    team_id: str
    locale: str = "en-US"
    guest: bool = False
    stranger: bool = False
    bot_id: str = ""

    @property
    def handle(self) -> str:
        """The account's short name."""
        return self.name.lower().replace(" ", ".")

    def wire(self, *, with_locale: bool = False) -> Wire:
        """The User object."""
        profile = {"real_name": self.name, "display_name": self.handle, "team": self.team_id}
        wire: Wire = {
            "id": self.id,
            "team_id": self.team_id,
            "name": self.handle,
            "real_name": self.name,
            "deleted": False,
            "tz": "Europe/Amsterdam",
            "tz_label": "Central European Time",
            "tz_offset": 3600,
            "profile": profile,
            "is_admin": False,
            "is_owner": False,
            "is_bot": bool(self.bot_id),
            "is_restricted": self.guest,
            "is_ultra_restricted": False,
            "is_app_user": False,
            "updated": 1_790_000_000,
        }
        if self.stranger:
            wire["is_stranger"] = True
        if with_locale:
            wire["locale"] = self.locale
        return wire

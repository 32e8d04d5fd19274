"""Who may change what holds for everybody in a chat."""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from bot.conversation.visit import Visit
from bot.errors import DeliveryError
from bot.messages import ChatKind
from bot.ports import Adapter, Moderates

__all__ = ["Rights"]

log = structlog.get_logger(__name__)


class Rights:
    """Shared by all conversations; nothing to close."""

    def __init__(self, *, adapters: Mapping[str, Adapter]) -> None:
        self._adapters = adapters

    async def may_change(self, visit: Visit) -> bool:
        """Whether this person may change the chat's settings.

        In a group its own admins may and the service's, or everybody if they so chose. Where the platform
        knows no admins of a chat, everybody may who is admitted.
        """
        if visit.is_admin or visit.chat_kind is ChatKind.PRIVATE or visit.settings.rights == "everyone":
            return True
        adapter = self._adapters[visit.key.platform]
        if not isinstance(adapter, Moderates):
            return True
        try:
            return await adapter.moderates(visit.key, visit.author)
        except DeliveryError as exc:
            log.warning("moderators_unknown", reason=str(exc))
            return False

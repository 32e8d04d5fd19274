"""A reply shown while it grows, outside the chat's history, for as long as the platform takes that."""

from __future__ import annotations

from typing import Final

import structlog

from bot.delivery.governor import Governor
from bot.errors import ChatMoved, MessageGone, PartRejected, PlatformBusy, PlatformUnclear
from bot.messages import ChatKind, ConversationKey
from bot.ports import Adapter, Pace, Previews, Rendered

__all__ = ["REFRESH_SECONDS", "WAIT_SECONDS", "Preview"]

log = structlog.get_logger(__name__)

REFRESH_SECONDS: Final = 15.0
"""A preview that is not shown again for longer vanishes."""
WAIT_SECONDS: Final = 0.25
"""How long to wait before asking again whether one may be shown."""

_EVERY_SECONDS: Final = 1.0


class Preview:
    """Of one reply; off from the start where the chat cannot show any, or with a ``preview_id`` of 0."""

    def __init__(
        self,
        *,
        adapter: Adapter,
        governor: Governor,
        key: ConversationKey,
        chat_kind: ChatKind,
        preview_id: int,
    ) -> None:
        previews = adapter if preview_id and isinstance(adapter, Previews) else None
        self._adapter = previews if previews is not None and previews.can_preview(key, chat_kind) else None
        self._governor = governor
        self._pace: Pace = adapter.capabilities.pace[chat_kind]
        self._id = preview_id

    @property
    def is_on(self) -> bool:
        """Whether the reply is previewed."""
        return self._adapter is not None

    def end(self) -> None:
        """Real messages follow."""
        self._adapter = None

    def may_show(self, key: ConversationKey) -> bool:
        """Whether the chat has room for another one now."""
        return self._governor.spare(key.peer, self._pace, what="preview", every_seconds=_EVERY_SECONDS)

    async def show(self, key: ConversationKey, content: Rendered) -> bool:
        """Show this much of the reply; True when that is off from now on. Raises ChatClosed."""
        if self._adapter is None:
            return True
        try:
            await self._adapter.preview(key, self._id, content)
        except PlatformBusy as exc:
            # Frames are dropped until the pause is over; edits in the same window would only lengthen it.
            self._governor.hold_off(key.peer, self._pace, exc.retry_after_seconds)
        except PlatformUnclear:
            pass
        except (PartRejected, MessageGone, ChatMoved) as exc:
            log.info("preview_off", key=str(key), reason=str(exc))
            self.end()
        return not self.is_on

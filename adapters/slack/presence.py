"""Shows in a thread that the bot is at work: a status line, and Slack's own Stop button where it has one.

All of it is decoration: what Slack does not take is left out, and not tried again for an hour.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import structlog

from bot.errors import DeliveryError
from bot.messages import ConversationKey
from bot.ports import Clock

from .budget import Budget
from .client import ApiClient
from .errors import Refused
from .wire import moment

__all__ = ["Presence"]

log = structlog.get_logger(__name__)

_STATUS = "assistant.threads.setStatus"
_SESSION = "agents.sessions.setStatus"
_THINKING = "is thinking…"
_CALL_SECONDS = 5.0
_OFF_SECONDS = 3600.0
_MOST_KEPT = 10_000
_NOWHERE = ("unknown_method", "feature_disabled", "missing_scope", "not_agent_app", "not_allowed_token_type")


class Presence:
    """The threads of one workspace that the bot is at work in."""

    def __init__(self, *, client: ApiClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._statuses = Budget(method=_STATUS, per_minute=60, burst=30, clock=clock)
        self._sessions = Budget(method=_SESSION, per_minute=36, burst=14, clock=clock)
        self._at_work: OrderedDict[ConversationKey, None] = OrderedDict()
        self._off: dict[tuple[str, str], float] = {}
        self._since = clock.now()

    async def thinking(self, key: ConversationKey, *, asker: str) -> None:
        """Show a status for two minutes, or until the next message of ours."""
        if not key.thread:
            return
        if self._statuses.spare():
            await self._try(_STATUS, {"channel_id": key.chat, "thread_ts": key.thread, "status": _THINKING})
        await self.at_work(key, asker=asker)

    async def at_work(self, key: ConversationKey, *, asker: str) -> None:
        """Let Slack show its Stop button, once for each answer."""
        # As many calls are left for ending sessions, so that no Stop button stays behind.
        if not key.thread or key in self._at_work or not self._sessions.spare(reserve=7.0):
            return
        params = {"channel_id": key.chat, "thread_ts": key.thread, "status": "processing"}
        if asker:
            params["initiator_user_id"] = asker
        if await self._try(_SESSION, params):
            self._at_work[key] = None
            if len(self._at_work) > _MOST_KEPT:
                self._at_work.popitem(last=False)

    def session_after(self, key: ConversationKey, *, is_last: bool) -> str:
        """What the thread's session is to be once a message is whole; empty where it has none."""
        if key not in self._at_work:
            return ""
        return "active" if is_last else "processing"

    def ended(self, key: ConversationKey) -> None:
        """The end of a stream has ended the session too."""
        self._at_work.pop(key, None)

    async def idle(self, key: ConversationKey, *, taken_up: str = "") -> None:
        """The answer is whole: the Stop button goes. ``taken_up`` is the ts of a message begun elsewhere.

        An earlier process may have left a session at work under such a message.
        """
        is_earlier = bool(key.thread and taken_up) and moment(taken_up) < self._since
        if key in self._at_work or is_earlier:
            self._at_work.pop(key, None)
            self._sessions.spare()
            params = {"channel_id": key.chat, "thread_ts": key.thread, "status": "active"}
            await self._try(_SESSION, params)

    async def _try(self, method: str, params: Mapping[str, Any]) -> bool:
        channel = params["channel_id"]
        now = self._clock.monotonic()
        if any(now < self._off.get((method, where), 0.0) for where in ("", channel)):
            return False
        try:
            await self._client.call(method, params, timeout_seconds=_CALL_SECONDS)
        except DeliveryError:
            return False
        except Refused as exc:
            self._learn(method, channel, exc)
            return False
        return True

    def _learn(self, method: str, channel: str, refused: Refused) -> None:
        if refused.is_rate_limited:
            (self._statuses if method == _STATUS else self._sessions).close_for(refused.pause_seconds)
            return
        where = "" if refused.error in _NOWHERE else channel
        self._off[method, where] = self._clock.monotonic() + _OFF_SECONDS
        log.info("slack_presence_off", method=method, channel=where or "everywhere", reason=str(refused))

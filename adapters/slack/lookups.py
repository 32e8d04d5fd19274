"""Looks at what is in a channel already, seldom: Slack lets some apps do so once a minute."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.errors import PlatformBusy
from bot.ports import Clock

from .budget import Budget
from .client import ApiClient
from .errors import Refused, delivery_error
from .wire import Payload, list_of, map_in, text_in

__all__ = ["Lookups"]

_SECONDS = 10.0
_PER_MINUTE = 30.0  # of the 50 that tier 3 allows
_AT_ONCE = 10
_MEMBERSHIP_SECONDS = 1.0  # somebody waits, and Slack for three seconds in all
_MOST_SHOWN = "5"  # of a thread its root comes along
_NOWHERE = frozenset({"thread_not_found", "message_not_found"})
_NOT_HERE = frozenset({"channel_not_found", "not_in_channel"})


class Lookups:
    """One bot's. ``message`` shares a small budget, whoever asks (facts: Slack rate limits)."""

    def __init__(self, *, client: ApiClient, clock: Clock) -> None:
        self._client = client
        self._budget = Budget(
            method="conversations.replies", per_minute=_PER_MINUTE, burst=_AT_ONCE, clock=clock
        )

    async def message(self, channel: str, ts: str) -> Payload | None:
        """A message; None where there is none. Raises DeliveryError's subclasses."""
        if not self._budget.spare():
            raise PlatformBusy("conversations.replies: looked too often", retry_after_seconds=0.0)
        params = {"channel": channel, "ts": ts, "oldest": ts, "latest": ts, "limit": _MOST_SHOWN}
        try:
            answer = await self._asked("conversations.replies", {**params, "inclusive": "true"}, _SECONDS)
        except Refused as exc:
            if exc.error in _NOWHERE:
                return None
            if exc.is_rate_limited:
                self._budget.close_for(exc.pause_seconds)
            raise delivery_error(exc) from exc
        return next((one for one in list_of(answer, "messages") if text_in(one, "ts") == ts), None)

    async def is_away(self, channel: str) -> bool:
        """Whether the bot is certainly not in a channel: it can neither read nor write there."""
        try:
            answer = await self._asked("conversations.info", {"channel": channel}, _MEMBERSHIP_SECONDS)
        except Refused as exc:
            return exc.error in _NOT_HERE
        return map_in(answer, "channel").get("is_member") is False

    async def _asked(self, method: str, params: Mapping[str, str], seconds: float) -> dict[str, Any]:
        return await self._client.call(method, params, timeout_seconds=seconds)

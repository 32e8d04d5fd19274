"""Rate limits: how many calls of one method an app may make in a workspace, and when it may go on.

Sources: docs.slack.dev, "Web API rate limits" and the method pages: Tier 2 20, Tier 3 50, Tier 4 100 calls a
minute for each method; chat.postMessage one a second in each channel with short bursts and some hundreds a
minute in all; history of an app that is not in the Marketplace one call a minute.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Literal

from .errors import rate_limited

__all__ = ["CALLS_A_MINUTE", "Mode", "Tiers"]

Mode = Literal["real", "off"]

WINDOW_SECONDS = 60.0
TIER_2, TIER_3, TIER_4 = 20, 50, 100
SPECIAL = 600  # assistant.threads.setStatus, auth.test and others: "special", hundreds a minute
POSTS_A_MINUTE = 300
POST_INTERVAL_SECONDS = 1.0
POST_BURST = 4
UNLISTED_HISTORY = 1

CALLS_A_MINUTE = {
    "api.test": TIER_4,
    "auth.test": SPECIAL,
    "apps.connections.open": TIER_3,
    "bots.info": TIER_3,
    "team.info": TIER_3,
    "users.info": TIER_4,
    "users.list": TIER_2,
    "chat.postMessage": POSTS_A_MINUTE,
    "chat.update": TIER_3,
    "chat.delete": TIER_3,
    "chat.postEphemeral": TIER_4,
    "chat.getPermalink": SPECIAL,
    "chat.startStream": TIER_2,
    "chat.appendStream": TIER_4,
    "chat.stopStream": TIER_2,
    "assistant.threads.setStatus": SPECIAL,
    "assistant.threads.setTitle": TIER_4,
    "assistant.threads.setSuggestedPrompts": TIER_4,
    "agents.sessions.setStatus": TIER_3,
    "agents.sessions.rename": TIER_3,
    "conversations.info": TIER_3,
    "conversations.history": TIER_3,
    "conversations.replies": TIER_3,
    "conversations.open": TIER_3,
    "conversations.members": TIER_4,
    "conversations.list": TIER_2,
    "reactions.add": TIER_3,
    "reactions.remove": TIER_2,
    "views.publish": TIER_4,
    "views.open": TIER_4,
    "views.update": TIER_4,
    "blocks.validate": SPECIAL,
    "files.getUploadURLExternal": TIER_4,
    "files.completeUploadExternal": TIER_4,
    "files.info": TIER_4,
}
HISTORY_METHODS = frozenset(("conversations.history", "conversations.replies"))


class Tiers:
    """Decides whether a call is too many. ``flooded`` counts the refusals, which use nothing up."""

    def __init__(self, *, mode: Mode, listed: bool, clock: Callable[[], float]) -> None:
        self.mode: Mode = mode
        self.flooded = 0
        self._listed = listed
        self._clock = clock
        self._made: defaultdict[str, deque[float]] = defaultdict(deque)
        self._post_due_at: dict[str, float] = {}

    def charge(self, method: str, channel: str) -> None:
        """Take the call from the budgets it falls under; raises ApiError (429) when one is used up."""
        if self.mode == "off":
            return
        now = self._clock()
        made = self._made[method]
        while made and now - made[0] >= WINDOW_SECONDS:
            made.popleft()
        if len(made) >= self._budget(method):
            self._refuse(made[0] + WINDOW_SECONDS - now)
        if method == "chat.postMessage":
            self._charge_post(channel, now)
        made.append(now)

    def forget(self) -> None:
        """Give every budget back."""
        self._made.clear()
        self._post_due_at.clear()

    def _budget(self, method: str) -> int:
        if method in HISTORY_METHODS and not self._listed:
            return UNLISTED_HISTORY
        return CALLS_A_MINUTE[method]

    def _charge_post(self, channel: str, now: float) -> None:
        due_at = max(self._post_due_at.get(channel, 0.0), now)
        wait = due_at - now - POST_INTERVAL_SECONDS * (POST_BURST - 1)
        if wait > 1e-9:
            self._refuse(wait)
        self._post_due_at[channel] = due_at + POST_INTERVAL_SECONDS

    def _refuse(self, wait_seconds: float) -> None:
        self.flooded += 1
        raise rate_limited(max(1, math.ceil(wait_seconds)))

"""Flood control: how many calls a chat and the whole bot may make, and the growing penalty for more.

Rates (Bots FAQ "My bot is hitting limits"; core.telegram.org/api/bots/ai): one message a second to a person
with a short burst, 20 a minute to a group, 30 a second in all; drafts and typing
20 in 5 seconds for each peer. Sends and edits share one budget; the topics of a forum are one peer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from .errors import flood_wait

__all__ = ["DRAFT_METHODS", "EDIT_METHODS", "SEND_METHODS", "Flood", "Rate"]

SEND_METHODS = frozenset(
    (
        "sendMessage",
        "sendRichMessage",
        "sendPhoto",
        "sendDocument",
        "sendVoice",
        "sendAudio",
        "sendVideo",
        "sendMediaGroup",
        "copyMessage",
        "forwardMessage",
    )
)
EDIT_METHODS = frozenset(("editMessageText", "editMessageReplyMarkup", "editMessageCaption"))
DRAFT_METHODS = frozenset(("sendMessageDraft", "sendRichMessageDraft", "sendChatAction"))

FIRST_PENALTY_SECONDS = 3
MAX_PENALTY_SECONDS = 300
FORGIVEN_AFTER_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """One call each ``interval_seconds``, ``burst`` of them at once."""

    interval_seconds: float
    burst: int


PRIVATE = Rate(interval_seconds=1.0, burst=4)
GROUP = Rate(interval_seconds=3.0, burst=5)
EVERYWHERE = Rate(interval_seconds=1 / 30, burst=30)
DRAFTS = Rate(interval_seconds=0.25, burst=20)


@dataclass(slots=True, kw_only=True)
class _Bucket:
    """The state of one budget: when its next call is due, and the penalty it is under."""

    due_at: float = 0.0
    penalty_until: float = 0.0
    strikes: int = 0


class Flood:
    """Decides whether a call is too many. ``flooded`` counts the refusals."""

    def __init__(self, *, mode: Literal["real", "off"], clock: Callable[[], float]) -> None:
        self.mode: Literal["real", "off"] = mode
        self.flooded = 0
        self._clock = clock
        self._buckets: dict[tuple[int, str], _Bucket] = {}

    def charge(self, method: str, chat_id: int, *, private: bool, messages: int = 1) -> None:
        """Take the call from the budgets it falls under; raises ApiError (429) when one is used up."""
        if self.mode == "off":
            return
        if method in DRAFT_METHODS:
            self._take((chat_id, "draft"), DRAFTS, 1)
        elif method in SEND_METHODS or method in EDIT_METHODS:
            self._take((chat_id, "send"), PRIVATE if private else GROUP, messages)
            if method in SEND_METHODS:
                self._take((0, "all"), EVERYWHERE, messages)

    def forget(self) -> None:
        """Clear every budget and penalty."""
        self._buckets.clear()

    def _take(self, key: tuple[int, str], rate: Rate, cost: int) -> None:
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket()
        now = self._clock()
        if now < bucket.penalty_until:
            self._punish(bucket, now, bucket.penalty_until - now + FIRST_PENALTY_SECONDS)
        due = max(bucket.due_at, now)
        wait = due - now - rate.interval_seconds * (rate.burst - min(cost, rate.burst))
        if wait > 1e-9:
            self._punish(bucket, now, max(wait, FIRST_PENALTY_SECONDS if key[0] else 1))
        bucket.due_at = due + rate.interval_seconds * cost
        if bucket.strikes and now > bucket.penalty_until + FORGIVEN_AFTER_SECONDS:
            bucket.strikes = 0

    def _punish(self, bucket: _Bucket, now: float, wait_seconds: float) -> None:
        grown = wait_seconds * 1.5**bucket.strikes
        seconds = min(math.ceil(grown), MAX_PENALTY_SECONDS)
        bucket.strikes = min(bucket.strikes + 1, 12)
        bucket.penalty_until = max(bucket.penalty_until, now + seconds)
        self.flooded += 1
        raise flood_wait(seconds)

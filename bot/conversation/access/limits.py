"""How much one person, and one chat, may ask: a bucket of questions each, refilled as time goes by."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum

from bot.messages import Author, ConversationKey
from bot.ports import Clock

__all__ = ["Excess", "Limits", "Scope", "TokenBucket"]

_MOST_REMEMBERED = 10_000
# Sums of seconds are rounded: who waited as long as they were told is let through.
_WHOLE = 1 - 1e-6


class TokenBucket:
    """Lets ``amount`` through at once, and as many in every ``seconds`` after that. Times are monotonic."""

    __slots__ = ("_amount", "_at", "_rate", "_tokens", "told_until")

    def __init__(self, amount: int, *, seconds: float, now: float) -> None:
        self._amount = float(amount)
        self._rate = amount / seconds
        self._tokens = self._amount
        self._at = now
        self.told_until = float("-inf")

    def wait(self, now: float) -> float:
        """Seconds until one may pass; 0 when one may now."""
        self._refill(now)
        return 0.0 if self._tokens >= _WHOLE else (1 - self._tokens) / self._rate

    def take(self, now: float) -> bool:
        """Let one through; False when it has to wait, and nothing was taken."""
        self._refill(now)
        if self._tokens < _WHOLE:
            return False
        self._tokens = max(0.0, self._tokens - 1)
        return True

    def give_back(self) -> None:
        """What was taken last does not count after all."""
        self._tokens = min(self._amount, self._tokens + 1)

    def left(self, now: float) -> int:
        """How many may pass at once now."""
        self._refill(now)
        return int(self._tokens + 1 - _WHOLE)

    def _refill(self, now: float) -> None:
        passed = max(0.0, now - self._at)
        self._tokens = min(self._amount, self._tokens + passed * self._rate)
        self._at = max(self._at, now)


class Scope(StrEnum):
    """Whose limit it is."""

    PERSON = "person"
    CHAT = "chat"


@dataclass(frozen=True, slots=True, kw_only=True)
class Excess:
    """A question too many. ``tell`` says that nobody was told of this wait yet."""

    scope: Scope
    wait_seconds: float
    tell: bool


class Limits:
    """Shared by all conversations; nothing to close. In memory, for those who asked most recently.

    Whoever is forgotten, because ten thousand others have asked since, begins with a full bucket.
    """

    def __init__(self, *, person_per_minute: int, chat_per_minute: int, clock: Clock) -> None:
        """0 is no limit."""
        self._per_minute = {Scope.PERSON: person_per_minute, Scope.CHAT: chat_per_minute}
        self._clock = clock
        self._buckets: dict[Scope, OrderedDict[str, TokenBucket]] = {scope: OrderedDict() for scope in Scope}

    @property
    def person_per_minute(self) -> int:
        """How much one person may ask in a minute; 0 is no limit."""
        return self._per_minute[Scope.PERSON]

    def take(self, key: ConversationKey, author: Author) -> Excess | None:
        """Count a question; what it exceeds, if anything, and then it is not counted."""
        now = self._clock.monotonic()
        buckets = {
            scope: self._bucket(scope, name, now)
            for scope, name in _names(key, author).items()
            if self._per_minute[scope]
        }
        for scope, bucket in buckets.items():
            if wait := bucket.wait(now):
                tell = now >= bucket.told_until
                if tell:
                    bucket.told_until = now + wait
                return Excess(scope=scope, wait_seconds=wait, tell=tell)
        for bucket in buckets.values():
            bucket.take(now)
        return None

    def left(self, key: ConversationKey, author: Author) -> int | None:
        """How many questions this person may ask at once now; None without a limit."""
        if not self.person_per_minute:
            return None
        known = self._buckets[Scope.PERSON].get(_names(key, author)[Scope.PERSON])
        return self.person_per_minute if known is None else known.left(self._clock.monotonic())

    def _bucket(self, scope: Scope, name: str, now: float) -> TokenBucket:
        buckets = self._buckets[scope]
        if name not in buckets:
            buckets[name] = TokenBucket(self._per_minute[scope], seconds=60.0, now=now)
            if len(buckets) > _MOST_REMEMBERED:
                buckets.popitem(last=False)
        buckets.move_to_end(name)
        return buckets[name]


def _names(key: ConversationKey, author: Author) -> dict[Scope, str]:
    return {Scope.PERSON: f"{key.sender} {author.id}", Scope.CHAT: key.peer}

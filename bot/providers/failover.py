"""Decides what follows a failed call: the same model again, the next one, or giving up.

Which failures pass by themselves: facts SiliconFlow §15, §17 #8, #10, #18.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from bot.errors import (
    ContextOverflow,
    ProviderAccountError,
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
)
from bot.ports import Clock
from bot.providers.errors import (
    GENERIC_BAD_PARAMETER,
    INVALID_PARAMETER,
    MODEL_GONE,
    EmptyAnswer,
    StartedOver,
)

__all__ = ["CoolDowns", "Limits", "Remedy", "Route", "backoff_seconds", "choose_remedy"]

_TOO_MANY_REQUESTS: Final = 429
# Codes of what this model cannot do and another one may (facts: SiliconFlow §15).
_OTHER_MODEL_MAY: Final = frozenset({20015, 20024, 20029, 20030, 20033, 20036, 20037, 20041, 20089})
_FIRST_BACKOFF_SECONDS: Final = 0.5
_LONGEST_BACKOFF_SECONDS: Final = 20.0
_FIRST_COOL_DOWN_SECONDS: Final = 1.0
_LONGEST_COOL_DOWN_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How patient the client is.

    ``tries`` are calls to one model that bring no new text; ``limited_tries`` those it refuses for a rate
    limit, which passes within a minute.
    ``first_token_seconds`` counts from the request to the first thought or word; models that think get
    ``thinking_first_token_seconds``. ``resumes`` limits how often one answer is picked up after a cut,
    ``length_rounds`` how often it is continued past its token limit.
    """

    connect_seconds: float = 10.0
    first_token_seconds: float = 30.0
    thinking_first_token_seconds: float = 90.0
    between_tokens_seconds: float = 30.0
    tries: int = 3
    limited_tries: int = 5
    resumes: int = 8
    length_rounds: int = 4


class Remedy(Enum):
    """What to do about a failure."""

    TRY_AGAIN = "try_again"
    NEXT_MODEL = "next_model"
    GIVE_UP = "give_up"


def choose_remedy(error: ProviderError, *, tries: int, limits: Limits) -> Remedy:
    """What may help after ``error``, the failure number ``tries`` of this model without new text."""
    match error:
        case ProviderAccountError() | ContextOverflow():
            return Remedy.GIVE_UP
        case EmptyAnswer() | StartedOver():
            return Remedy.TRY_AGAIN if tries < 2 else Remedy.NEXT_MODEL
        case ProviderUnavailable():
            most = limits.limited_tries if error.status == _TOO_MANY_REQUESTS else limits.tries
            return Remedy.TRY_AGAIN if tries < most else Remedy.NEXT_MODEL
        case ProviderRefused():
            return _remedy_for_refusal(error, tries=tries)
        case _:
            return Remedy.GIVE_UP


def _remedy_for_refusal(error: ProviderRefused, *, tries: int) -> Remedy:
    if error.code in MODEL_GONE:
        return Remedy.NEXT_MODEL
    # The catch-all is sometimes said of requests that are fine a second later (facts §17 #8).
    if error.code == INVALID_PARAMETER and GENERIC_BAD_PARAMETER in str(error) and tries < 2:
        return Remedy.TRY_AGAIN
    return Remedy.NEXT_MODEL if error.code in _OTHER_MODEL_MAY else Remedy.GIVE_UP


def backoff_seconds(error: ProviderError, *, tries: int, random: Callable[[], float]) -> float:
    """How long to wait before try number ``tries`` + 1: what the provider asks, else with full jitter."""
    if error.retry_after_seconds is not None:
        return error.retry_after_seconds * (1 + random() / 4)
    doubled: float = min(_LONGEST_BACKOFF_SECONDS, _FIRST_BACKOFF_SECONDS * 2.0 ** (tries - 1))
    return doubled * random()


class Route:
    """The models one answer may come from, in order, and the failures of the present one.

    Raises ProviderRefused when there is none.
    """

    def __init__(self, models: Sequence[str]) -> None:
        if not models:
            raise ProviderRefused("no model is configured: name at least one")
        self._models = list(dict.fromkeys(models))
        self._tried: set[str] = set()
        self.model = self._models.pop(0)
        self.failures = 0

    @property
    def has_next(self) -> bool:
        """Whether another model is left."""
        return bool(self._models)

    def advance(self) -> bool:
        """Go to the next model; whether there is one."""
        if not self._models:
            return False
        self._tried.add(self.model)
        self.model = self._models.pop(0)
        self.failures = 0
        return True

    def add_successor(self, model: str) -> None:
        """Put ``model`` next, unless it had its turn or waits for it already."""
        if model not in self._tried and model not in self._models and model != self.model:
            self._models.insert(0, model)

    def skip(self, is_busy: Callable[[str], bool]) -> None:
        """Leave the present model when it is busy and a later one is not."""
        if is_busy(self.model) and not all(map(is_busy, self._models)):
            while is_busy(self.model):
                self.advance()


class CoolDowns:
    """Remembers which models are over their limit, so that not every chat finds out for itself.

    Limits are the account's (facts: SiliconFlow §16), and refused calls count towards them too.
    """

    def __init__(self, *, clock: Clock, random: Callable[[], float]) -> None:
        self._clock = clock
        self._random = random
        self._until: dict[str, float] = {}
        self._strikes: dict[str, int] = {}

    def note_failure(self, model: str, error: ProviderError) -> None:
        """Start or lengthen the pause of ``model`` when it was over its limit."""
        if error.status != _TOO_MANY_REQUESTS:
            return
        now = self._clock.monotonic()
        if self._until.get(model, 0.0) > now:
            # Calls that were under way already when the pause began tell nothing new.
            pause = error.retry_after_seconds or 0.0
        else:
            self._strikes[model] = strikes = self._strikes.get(model, 0) + 1
            doubled = _FIRST_COOL_DOWN_SECONDS * 2.0 ** (strikes - 1)
            pause = error.retry_after_seconds or min(_LONGEST_COOL_DOWN_SECONDS, doubled)
        self._until[model] = max(self._until.get(model, 0.0), now + pause)

    def note_served(self, model: str) -> None:
        """``model`` answers again."""
        if self._strikes:
            self._strikes.pop(model, None)
            self._until.pop(model, None)

    def is_cooling(self, model: str) -> bool:
        """Whether ``model`` should be left alone."""
        return self._until.get(model, 0.0) > self._clock.monotonic()

    def wait_seconds(self, model: str) -> float:
        """How long to leave ``model`` alone, spread so that the waiting do not all come back at once."""
        left = self._until.get(model, 0.0) - self._clock.monotonic()
        return left * (1 + self._random() / 2) if left > 0 else 0.0

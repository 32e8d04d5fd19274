"""Waits that grow while something keeps failing."""

from __future__ import annotations

import random

__all__ = ["Backoff"]


class Backoff:
    """Doubling waits with jitter, from ``first_seconds`` up to ``most_seconds``."""

    def __init__(self, *, rng: random.Random, first_seconds: float = 0.5, most_seconds: float = 30.0) -> None:
        self._rng = rng
        self._first = first_seconds
        self._most = most_seconds
        self._ceiling = first_seconds

    def next_seconds(self, *, at_least: float = 0.0) -> float:
        """How long to wait now; never less than ``at_least``, which Slack asked for."""
        wait = self._ceiling * self._rng.uniform(0.5, 1.0)
        self._ceiling = min(self._ceiling * 2, self._most)
        return max(wait, at_least)

    def reset(self) -> None:
        """It works again: the next wait is short."""
        self._ceiling = self._first

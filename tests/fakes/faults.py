"""The troubles a test orders in advance, for any platform: refusals, slow answers, lost answers.

``Refusal`` is the platform's own error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

__all__ = ["Faults", "Matches"]

Refusal = TypeVar("Refusal", bound=Exception)
Matches = Callable[[dict[str, Any]], bool]
ANY_METHOD = "*"


@dataclass(slots=True, kw_only=True)
class _Order(Generic[Refusal]):
    """One ordered trouble; ``left`` counts down, None means for ever."""

    method: str
    left: int | None
    where: Matches | None
    error: Refusal | None = None
    delay_seconds: float = 0.0

    def claim(self, method: str, params: dict[str, Any]) -> bool:
        """Whether the order is for this call; uses it up if so."""
        if self.left == 0 or self.method not in (method, ANY_METHOD):
            return False
        if self.where is not None and not self.where(params):
            return False
        if self.left is not None:
            self.left -= 1
        return True


class Faults(Generic[Refusal]):
    """Orders in the sequence they were given; each call takes the first that fits."""

    def __init__(self) -> None:
        self._errors: list[_Order[Refusal]] = []
        self._delays: list[_Order[Refusal]] = []
        self._drops: list[_Order[Refusal]] = []

    def fail(self, method: str, error: Refusal, *, times: int | None, where: Matches | None) -> None:
        """Answer the next ``times`` calls with this error and do nothing else."""
        self._errors.append(_Order(method=method, left=times, where=where, error=error))

    def delay(self, method: str, seconds: float, *, times: int | None, where: Matches | None) -> None:
        """Let the next ``times`` calls wait before they are carried out."""
        self._delays.append(_Order(method=method, left=times, where=where, delay_seconds=seconds))

    def drop_answer(self, method: str, *, times: int | None, where: Matches | None) -> None:
        """Carry out the next ``times`` calls and close the connection instead of answering."""
        self._drops.append(_Order(method=method, left=times, where=where))

    def clear(self) -> None:
        """Take back every order."""
        for orders in (self._errors, self._delays, self._drops):
            orders.clear()

    def error_for(self, method: str, params: dict[str, Any]) -> Refusal | None:
        """The refusal ordered for this call."""
        order = _claim(self._errors, method, params)
        return order.error if order else None

    def delay_for(self, method: str, params: dict[str, Any]) -> float:
        """The seconds this call has to wait."""
        order = _claim(self._delays, method, params)
        return order.delay_seconds if order else 0.0

    def drops(self, method: str, params: dict[str, Any]) -> bool:
        """Whether the answer to this call is to be lost."""
        return _claim(self._drops, method, params) is not None


def _claim(orders: list[_Order[Refusal]], method: str, params: dict[str, Any]) -> _Order[Refusal] | None:
    return next((order for order in orders if order.claim(method, params)), None)

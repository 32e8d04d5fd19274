"""The record of one call of the app, for assertions and measurements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["ApiCall"]


@dataclass(slots=True, kw_only=True)
class ApiCall:
    """A call: ``at`` and ``duration_seconds`` on the fake's clock, ``status`` 0 while it is under way."""

    at: float
    method: str
    params: dict[str, Any]
    status: int = 0
    error: str = ""
    messages: tuple[str, ...] = ()
    duration_seconds: float = 0.0
    injected: bool = False
    answered: bool = True

    @property
    def ok(self) -> bool:
        """Whether the platform carried it out."""
        return self.status == 200 and not self.error

    @property
    def channel(self) -> str:
        """The channel it was for, empty for calls that concern none."""
        return str(self.params.get("channel") or self.params.get("channel_id") or "")

    def __str__(self) -> str:
        shown = {name: value for name, value in self.params.items() if name != "blocks"}
        return f"{self.method} {shown} -> {self.status} {self.error} {' '.join(self.messages)}".rstrip()

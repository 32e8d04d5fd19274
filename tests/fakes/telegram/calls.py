"""The record of one call of the bot, for assertions and measurements."""

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
    description: str = ""
    duration_seconds: float = 0.0
    injected: bool = False
    answered: bool = True

    @property
    def ok(self) -> bool:
        """Whether the platform carried it out."""
        return self.status == 200

    @property
    def chat_id(self) -> int | None:
        """The chat it was for."""
        value = str(self.params.get("chat_id", ""))
        return int(value) if value.lstrip("-").isdigit() else None

    def __str__(self) -> str:
        shown = {name: value for name, value in self.params.items() if name != "reply_markup"}
        return f"{self.method} {shown} -> {self.status} {self.description}"

"""Getting word to the app: by socket or by HTTP, again when it is not acknowledged, and on record.

Sources: docs.slack.dev, "Events API" (three seconds, three retries: at once, after a minute, after five) and
"Socket Mode". Interactions and slash commands are tried once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

__all__ = [
    "ACK_SECONDS",
    "RETRY_AFTER_SECONDS",
    "Ack",
    "Attempt",
    "Courier",
    "Delivery",
    "Refusal",
    "Transport",
]

ACK_SECONDS = 3.0
MIN_ACK_SECONDS = 1.0  # however time is scaled, an app gets this long to answer
RETRY_AFTER_SECONDS = (0.0, 60.0, 300.0)

Wire = dict[str, Any]
Kind = Literal["events_api", "interactive", "slash_commands"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """The app took it; ``payload`` is what it answered with."""

    payload: Wire = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The app did not take it; ``final`` when it asked not to be told again."""

    reason: str
    final: bool = False


@dataclass(slots=True, kw_only=True, eq=False)
class Attempt:
    """One try at a delivery: its number, and why the one before failed."""

    number: int
    reason: str
    outcome: Ack | Refusal | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class Delivery:
    """Something the app is told, and how that went."""

    kind: Kind
    payload: Any
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def acked(self) -> bool:
        """Whether the app has taken it."""
        return any(isinstance(attempt.outcome, Ack) for attempt in self.attempts)

    @property
    def event(self) -> Wire:
        """The event inside, empty for interactions and malformed bodies."""
        inner = self.payload.get("event") if isinstance(self.payload, dict) else None
        return inner if isinstance(inner, dict) else {}

    def __str__(self) -> str:
        tries = [f"{a.outcome.reason}" if isinstance(a.outcome, Refusal) else "ok" for a in self.attempts]
        what = self.event or self.payload
        name = f"{what.get('type')}/{what.get('subtype', '')}" if isinstance(what, dict) else str(what)
        return f"{self.kind} {name} -> {tries}"


class Transport(Protocol):
    """A way to the app."""

    async def carry(self, delivery: Delivery, attempt: Attempt, timeout_seconds: float) -> Ack | Refusal:
        """Try once."""
        ...


class Courier:
    """Carries every delivery in a task of its own. ``transport`` is set before the first one.

    The seconds are Slack's own until a test sets others; ``press_seconds`` are for what people do.
    """

    transport: Transport

    def __init__(self, *, scale: Callable[[], float], on_change: Callable[[], None]) -> None:
        self.deliveries: list[Delivery] = []
        self.ack_seconds = ACK_SECONDS
        self.press_seconds = ACK_SECONDS
        self.retry_after_seconds: tuple[float, ...] = RETRY_AFTER_SECONDS
        self._scale = scale
        self._on_change = on_change
        self._tasks: set[asyncio.Task[Any]] = set()

    def send_event(self, body: Any) -> Delivery:
        """Tell the app of an event, up to four times."""
        delivery = Delivery(kind="events_api", payload=body)
        self._start(delivery, (0.0, *self.retry_after_seconds))
        return delivery

    def send_once(self, kind: Kind, payload: Wire) -> asyncio.Task[Ack | Refusal]:
        """Tell the app of an interaction; the task gives what it answered."""
        return self._start(Delivery(kind=kind, payload=payload), (0.0,))

    async def close(self) -> None:
        """Deliver nothing more."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def under_way(self) -> int:
        """How many deliveries are not settled."""
        return len(self._tasks)

    def _start(self, delivery: Delivery, waits: tuple[float, ...]) -> asyncio.Task[Ack | Refusal]:
        self.deliveries.append(delivery)
        task = asyncio.create_task(self._deliver(delivery, waits), name=f"delivery-{len(self.deliveries)}")
        self._tasks.add(task)
        task.add_done_callback(self._settle)
        return task

    def _settle(self, task: asyncio.Task[Ack | Refusal]) -> None:
        self._tasks.discard(task)
        self._on_change()

    async def _deliver(self, delivery: Delivery, waits: tuple[float, ...]) -> Ack | Refusal:
        outcome: Ack | Refusal = Refusal(reason="")
        for number, wait_seconds in enumerate(waits):
            if wait_seconds:
                await asyncio.sleep(wait_seconds * self._scale())
            outcome = await self._try(delivery, number, outcome)
            if isinstance(outcome, Ack) or outcome.final:
                break
        return outcome

    async def _try(self, delivery: Delivery, number: int, before: Ack | Refusal) -> Ack | Refusal:
        reason = before.reason if isinstance(before, Refusal) else ""
        attempt = Attempt(number=number, reason=reason)
        delivery.attempts.append(attempt)
        patience = self.ack_seconds if delivery.kind == "events_api" else self.press_seconds
        timeout_seconds = max(patience * self._scale(), MIN_ACK_SECONDS)
        outcome = await self.transport.carry(delivery, attempt, timeout_seconds)
        attempt.outcome = outcome
        self._on_change()
        return outcome

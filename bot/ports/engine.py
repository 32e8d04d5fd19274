"""What the core needs from an engine: durable turns, one at a time for each conversation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypeVar

from bot.messages import ConversationKey, Inbound

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["CancelReason", "Engine", "EngineStats", "Lane", "Timer", "Turn", "TurnHandler"]

T = TypeVar("T")


class Lane(StrEnum):
    """QUEUE: in order, one at a time per conversation. CONTROL: at once, beside whatever runs."""

    QUEUE = "queue"
    CONTROL = "control"


class CancelReason(StrEnum):
    """Why a running turn is cancelled."""

    USER = "user"
    SUPERSEDED = "superseded"
    SHUTDOWN = "shutdown"
    TIMEOUT = "timeout"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """Something to be taken in later: at ``at`` the engine accepts ``event``."""

    id: str
    at: datetime
    event: Inbound
    lane: Lane = Lane.QUEUE


class Turn(Protocol):
    """One unit of work of a conversation, as the engine hands it to the handler.

    ``attempt`` counts from 1 and is the fencing token. ``stopping`` is set when the turn was asked to stop
    (before it began, or while an earlier attempt ran): the handler tidies up and starts nothing new.
    """

    @property
    def id(self) -> int: ...

    @property
    def key(self) -> ConversationKey: ...

    @property
    def events(self) -> tuple[Inbound, ...]: ...

    @property
    def attempt(self) -> int: ...

    @property
    def last_attempt(self) -> bool: ...

    @property
    def stopping(self) -> CancelReason | None: ...

    async def effect(self, change: Callable[[Connection], T]) -> T:
        """Run ``change`` in a transaction, only if this attempt is current. Raises Fenced, StorageError."""

    async def finish(self, change: Callable[[Connection], T]) -> T:
        """Like ``effect``, and the turn is done in the same transaction."""


TurnHandler = Callable[[Turn], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineStats:
    """How much work is there."""

    queued: int
    running: int
    held: int
    dead: int
    timers: int
    oldest_queued_seconds: float = 0.0


class Engine(Protocol):
    """Durable work: at-least-once execution, exactly-once database effects."""

    async def accept(
        self,
        event: Inbound,
        *,
        lane: Lane = Lane.QUEUE,
        join: str = "",
        hold_seconds: float = 0.0,
    ) -> int | None:
        """Store the event and the turn it makes; the turn's id, or None for a duplicate. Durable on return.

        A turn with ``hold_seconds`` waits that long for more: a following event of the same conversation
        with the same ``join`` becomes part of it, and its own ``hold_seconds`` decides anew.
        """

    async def stop(
        self, key: ConversationKey, *, reason: CancelReason, turn_id: int | None = None
    ) -> list[int]:
        """Ask the running turn (else the oldest waiting one, or the one named) to stop, durably."""

    async def schedule(self, timer: Timer) -> None:
        """Store a timer; one with the same id is replaced."""

    async def unschedule(self, timer_id: str) -> bool:
        """Drop a timer; whether there was one."""

    async def serve(self, handler: TurnHandler) -> None:
        """Run turns until cancelled; then cancel what runs for SHUTDOWN and wait for its clean-up."""

    async def rekey(self, *, platform: str, account: str, old_chat: str, new_chat: str) -> None:
        """Move everything of a chat to its new id, stored and waiting alike."""

    async def stats(self) -> EngineStats:
        """Counts, cheap enough for a health check."""

    async def dead(self) -> list[int]:
        """Turns given up after their last attempt."""

    async def retry(self, turn_id: int) -> bool:
        """Queue a dead turn again; whether it was dead."""

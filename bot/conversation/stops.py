"""What a stop may interrupt: never an effect half-way out, and what it asked for is known afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from bot.events import Outcome
from bot.ports import CancelReason, Turn

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["despite_stop", "stopped_as", "stopped_by_person", "uncancel"]

T = TypeVar("T")


def stopped_by_person(turn: Turn) -> bool:
    """Whether the turn was asked to end, and not because the service does."""
    return turn.stopping not in (None, CancelReason.SHUTDOWN)


def stopped_as(reason: CancelReason) -> Outcome:
    """How an answer ended that was stopped for that reason."""
    return Outcome.SUPERSEDED if reason is CancelReason.SUPERSEDED else Outcome.STOPPED


async def despite_stop(turn: Turn, change: Callable[[Connection], T]) -> T:
    """An effect that a stop does not interrupt: half-way out nobody would bring the reply to an end.

    Raises what Turn.effect does, and CancelledError when the service shuts down.
    """
    effect = asyncio.ensure_future(turn.effect(change))
    while True:
        try:
            return await asyncio.shield(effect)
        except asyncio.CancelledError:
            if effect.cancelled() or not stopped_by_person(turn):
                effect.cancel()
                raise
            uncancel()


def uncancel() -> None:
    """The stop was taken note of: this task goes on and brings its turn to an end."""
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()

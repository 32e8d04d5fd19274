"""What a desk is: one matter's commands and buttons, and all that is handed to it with each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from bot.conversation.commands import Command, CommandName
from bot.conversation.question import Question
from bot.conversation.visit import Visit
from bot.messages import ButtonPressed, Incoming
from bot.ports import Turn

__all__ = ["Answers", "Desk", "Order", "OrderHandler", "Press", "PressHandler"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A command that somebody gave; whoever gave it is admitted."""

    turn: Turn
    message: Incoming
    command: Command
    visit: Visit

    @property
    def argument(self) -> str:
        """What stands behind the command."""
        return self.command.argument

    @property
    def language(self) -> str:
        """The language to speak."""
        return self.visit.language


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """A button that somebody pressed; whoever pressed it is admitted.

    ``target`` is what its data says behind the first colon. It comes from outside and proves nothing: it can
    be of any chat, made by hand, or of a button long gone.
    """

    turn: Turn
    event: ButtonPressed
    target: str
    visit: Visit

    @property
    def language(self) -> str:
        """The language to speak."""
        return self.visit.language


OrderHandler = Callable[[Order], Awaitable[None]]
"""Carries a command out once and answers it; the turn is finished on return."""

PressHandler = Callable[[Press], Awaitable[bool]]
"""Does what a button says and ends its wait; False when it does not belong here, and nothing was done."""


class Desk(Protocol):
    """One matter. No two desks answer to the same command or the same action of a button."""

    @property
    def orders(self) -> Mapping[CommandName, OrderHandler]:
        """What it does for each of its commands."""

    @property
    def presses(self) -> Mapping[str, PressHandler]:
        """What it does for its buttons, by what their data says before the first colon."""


class Answers(Protocol):
    """Has a question answered."""

    async def __call__(self, turn: Turn, question: Question, visit: Visit) -> None:
        """Answer it; the turn is finished on return."""

"""The ledger of one turn's reply: what is about to be shown is stored before it is, ids as soon as known."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bot.messages import ConversationKey
from bot.ports import Turn
from bot.storage import ledger as rows
from bot.storage.ledger import Delivery

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["Ledger", "TurnLedger"]

Change = Callable[["Connection"], None]


class Ledger(Protocol):
    """What a Draft needs to remember beyond this process."""

    @property
    def known(self) -> Sequence[Delivery]:
        """The parts as an earlier attempt left them, in order."""

    async def before_showing(self, *, new_part: int | None) -> None:
        """Store the text that is about to be shown, and that ``new_part`` is about to be sent."""

    async def sent(self, part: int, message_id: str) -> None:
        """Store which message shows a part."""

    def unsent(self, part: int) -> None:
        """The message of a part is gone; sending it again is a new intention."""

    async def taken(self) -> Collection[tuple[str, str]]:
        """Messages known lately in any chat of the account: (chat, message id)."""

    async def forget(self, first: int) -> None:
        """The messages from part ``first`` on are gone."""


@dataclass(slots=True, kw_only=True)
class TurnLedger:
    """The ledger of a turn in the database. Every method raises Fenced and StorageError as Turn.effect does.

    ``progress`` gives the change that stores the text written so far, or None when it is stored already.
    """

    turn: Turn
    known: Sequence[Delivery] = ()
    progress: Callable[[], Change | None] = lambda: None
    intended: int = -1

    async def before_showing(self, *, new_part: int | None) -> None:
        save = self.progress()
        part = new_part if new_part is not None and new_part > self.intended else None
        if save is None and part is None:
            return

        def change(conn: Connection) -> None:
            if save is not None:
                save(conn)
            if part is not None:
                self.intend(conn, part)

        await self.turn.effect(change)

    def intend(self, conn: Connection, part: int) -> None:
        """Store within a running transaction that a part is about to be sent."""
        rows.intend(conn, turn_id=self.turn.id, part=part, conversation=str(self.turn.key))
        self.intended = part

    async def sent(self, part: int, message_id: str) -> None:
        await self.turn.effect(
            lambda conn: rows.record_sent(conn, turn_id=self.turn.id, part=part, message_id=message_id)
        )

    def unsent(self, part: int) -> None:
        self.intended = min(self.intended, part - 1)

    async def taken(self) -> Collection[tuple[str, str]]:
        known = await self.turn.effect(lambda conn: rows.known_messages(conn, near_turn=self.turn.id))
        sender = self.turn.key.sender
        keys = ((ConversationKey.parse(conversation), message_id) for conversation, message_id in known)
        return {(key.chat, message_id) for key, message_id in keys if key.sender == sender}

    async def forget(self, first: int) -> None:
        self.intended = min(self.intended, first - 1)
        await self.turn.effect(lambda conn: rows.forget_parts(conn, turn_id=self.turn.id, first=first))

"""Has ordered what an answer commissioned by the tool: once it stands there, and once whatever happens.

The order is a turn of its own beside the queue, so that it survives the process. Its event is ours: it is
named by the answer, and says no more than which one that is. What was ordered stands in the answer's steps.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from bot.conversation.drawing.studio import Studio
from bot.conversation.drawing.tool import Commission, commissions_in, turn_shown_in
from bot.conversation.drawing.wish import MOST_AT_ONCE, WishFault
from bot.conversation.question import Question
from bot.conversation.visit import Visit
from bot.exchange import Exchange
from bot.messages import ButtonPressed
from bot.ports import Engine, Lane, Turn
from bot.storage.history import exchange_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["Commissions", "commissioned"]

_COMMISSION: Final = "commission:"
"""The beginning of the ids of such events; no platform's event ids begin like this."""


class Commissions:
    """Shared by all conversations; nothing to close."""

    def __init__(self, *, engine: Engine, studio: Studio) -> None:
        self._engine = engine
        self._studio = studio

    async def follow(self, turn: Turn, question: Question, visit: Visit, answer: Exchange) -> None:
        """Have everything ordered that the delivered answer commissioned.

        What still waits of an answer whose place it takes is taken back. Raises Fenced and StorageError.
        """
        replaced = question.origin.replaces
        if replaced is not None:
            names = [_name(replaced, number) for number in range(MOST_AT_ONCE)]
            await self._studio.withdraw(turn, visit, names)
        for number, _ in enumerate(commissions_in(answer)):
            event = ButtonPressed(
                event_id=_name(turn.id, number),
                key=question.key,
                chat_kind=question.chat_kind,
                author=visit.author,
                message_id=question.message_id,
                data=f"draw:order:{turn.id}:{number}",
            )
            await self._engine.accept(event, lane=Lane.CONTROL)


def _name(turn_id: int, number: int) -> str:
    return f"{_COMMISSION}{turn_id}:{number}"


def commissioned(conn: Connection, event: ButtonPressed) -> Commission | None:
    """What an event of ours has ordered; None for anybody else's, and for what was deleted meanwhile.

    Raises WishFault when the answer has ordered too many pictures, or what was to be changed is gone.
    """
    target = event.data.removeprefix("draw:order:")
    if event.event_id != f"{_COMMISSION}{target}":
        return None
    turn_id, number = map(int, target.split(":"))
    answer = exchange_of(conn, turn_id)
    wanted = list(commissions_in(answer)) if answer is not None else []
    if number >= len(wanted):
        return None
    if list(accumulate(one.wish.count for one in wanted))[number] > MOST_AT_ONCE:
        raise WishFault("draw_many", most=MOST_AT_ONCE)
    if not wanted[number].redraws:
        return wanted[number]
    source = turn_shown_in(conn, turn_id)
    if source is None:
        raise WishFault("draw_source_gone")
    return replace(wanted[number], source=source)

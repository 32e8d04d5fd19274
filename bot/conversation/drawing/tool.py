"""The tool by which a model has pictures drawn, so that nobody needs to know the command."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

from bot.conversation.drawing.studio import Studio
from bot.conversation.drawing.wish import LONGEST_PROMPT, MOST_AT_ONCE, Wish, WishFault, read_size
from bot.conversation.visit import Reads
from bot.errors import ToolFailed, ToolRetry
from bot.exchange import Exchange
from bot.ports import AssistantMessage, ToolMessage
from bot.storage.drawings import Kind, shown_job
from bot.storage.history import exchange_of, path_to
from bot.storage.readings import pictures_of
from bot.texts import say
from bot.tools import Tool, ToolContext
from bot.tools.arguments import Arguments

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["DRAW_TOOL", "Commission", "commissions_in", "draw_tool", "turn_shown_in"]

DRAW_TOOL: Final = "draw_picture"
_ORDERED: Final = (
    "Ordered: it will appear below your answer by itself. Say so in one short sentence. "
    "Do not describe it, and do not order it again."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Commission:
    """What one call of the tool orders.

    ``redraws``: the picture that was shown last is to be changed, which came with the turn ``source``.
    """

    wish: Wish
    redraws: bool = False
    source: int | None = None


def draw_tool(studio: Studio, database: Reads) -> Tool:
    """The tool. It only looks whether this can be drawn: Commissions places the orders of an answer.

    Whoever asks in their own words is not asked back; where others' words were read, those may have asked.
    """

    async def run(context: ToolContext, arguments: str) -> str:
        commission = _read(arguments)
        try:
            studio.choose(commission.wish, Kind.PICTURE, pictures=int(commission.redraws))
        except WishFault as fault:
            raise ToolFailed(_told(fault)) from fault
        if commission.redraws and not await database.read(lambda conn: turn_shown_in(conn, context.turn_id)):
            raise ToolFailed("no picture is known here that could be changed. Ask for one, or draw anew.")
        return _ORDERED

    return Tool(
        name=DRAW_TOOL,
        description=f"Draw pictures the user asks for, at most {MOST_AT_ONCE} an answer.",
        parameters=_ARGUMENTS.schema,
        run=run,
        check=_ARGUMENTS.describe,
        wary=True,
    )


def commissions_in(exchange: Exchange) -> Iterator[Commission]:
    """What the calls of an answer ordered, in order; none of a deleted question, or of calls that failed."""
    calls: dict[str, str] = {}
    for step in () if exchange.redacted else exchange.steps:
        match step:
            case AssistantMessage():  # ids are unlike within a round only
                calls = {call.id: call.arguments for call in step.calls if call.name == DRAW_TOOL}
            case ToolMessage() if step.call_id in calls and step.text == _ORDERED:
                yield _read(calls[step.call_id])


def turn_shown_in(conn: Connection, turn_id: int) -> int | None:
    """The turn with the picture that a question is about: its own, else the newest shown before it.

    That is one somebody sent, or one that was drawn.
    """
    asking = exchange_of(conn, turn_id)
    if asking is None:
        return None
    if _has_pictures(conn, turn_id):
        return turn_id
    path = (exchange.turn_id for exchange in reversed(path_to(conn, asking.parent_id)))
    sent = next((number for number in path if _has_pictures(conn, number)), None)
    drawn = shown_job(conn, asking.conversation)
    return max((number for number in (sent, drawn) if number is not None), default=None)


def _has_pictures(conn: Connection, turn_id: int) -> bool:
    shown = pictures_of(conn, [turn_id]).get(turn_id, ())
    return any(picture.data and not picture.is_film for picture in shown)


def _commission(
    prompt: str,
    size: Annotated[str, "square, wide or tall"] = "",
    count: int = 1,
    change_shown_picture: bool = False,
) -> Commission:
    words = " ".join(prompt.split())
    if not words or len(words) > LONGEST_PROMPT:
        raise ToolRetry(f"A prompt has 1 to {LONGEST_PROMPT} characters.")
    if not 1 <= count <= MOST_AT_ONCE:
        raise ToolRetry(f"count is 1 to {MOST_AT_ONCE}.")
    try:
        shape = read_size(size.strip()) if size.strip() else ""
    except WishFault as fault:
        raise ToolRetry(_told(fault)) from fault
    return Commission(wish=Wish(prompt=words, size=shape, count=count), redraws=change_shown_picture)


_ARGUMENTS: Final = Arguments.of(_commission, hidden=ToolContext)


def _read(arguments: str) -> Commission:
    """Raises ToolRetry."""
    return _commission(**_ARGUMENTS.parse(arguments))


def _told(fault: WishFault) -> str:
    return say(fault.key, "en", **fault.words)

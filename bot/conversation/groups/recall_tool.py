"""The tool by which the model reads what was lately said in a group, where the group lets it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bot.conversation.chat_settings import ChatSettings
from bot.conversation.drawing.tool import DRAW_TOOL
from bot.conversation.groups.recall import framed, lines_of
from bot.conversation.personas.persona import Persona
from bot.conversation.reading.tool import READ_TOOL
from bot.conversation.visit import Reads, Visit
from bot.errors import ToolFailed
from bot.events import Outcome
from bot.exchange import Exchange, Step
from bot.ports import AssistantMessage, ToolMessage
from bot.storage import chats
from bot.storage.overheard import KEPT_SECONDS, Heard, heard_since
from bot.tools import Tool, ToolContext, tool

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["RECALL_TOOL", "persona_in", "recall_tool", "without_recalled"]

RECALL_TOOL: Final = "recent_messages"
_GONE = "(These messages were shown to you for that one answer; they are not kept.)"
_BUDGET_TOKENS = 3000


def recall_tool(database: Reads) -> Tool:
    """The tool, over a database that outlives it."""

    @tool(name=RECALL_TOOL)
    async def recent_messages(context: ToolContext) -> str:
        """What people here lately wrote to each other, for who missed it."""

        def query(conn: Connection) -> list[Heard] | None:
            settings = ChatSettings.of(chats.chat_of(conn, context.key.peer), thinking_shown=True)
            since = context.clock.now().timestamp() - KEPT_SECONDS
            return heard_since(conn, context.key, since=since) if settings.recall else None

        heard = await database.read(query)
        if heard is None:
            raise ToolFailed("this group has set that its messages are not kept.")
        if not heard:
            return "Nothing was written here today that you could read."
        return framed(lines_of(heard), budget_tokens=_BUDGET_TOKENS)

    return recent_messages


def without_recalled(exchange: Exchange) -> Exchange:
    """The exchange as it may be kept: other people's words that the tool read are not.

    One that waits for its author's word is not over, and keeps them until then.
    """
    if exchange.outcome is Outcome.ASKED:
        return exchange
    kept: list[Step] = []
    read: set[str] = set()
    for step in exchange.steps:
        if isinstance(step, AssistantMessage):
            read = {call.id for call in step.calls if call.name == RECALL_TOOL}
        is_read = isinstance(step, ToolMessage) and step.call_id in read
        kept.append(replace(step, text=_GONE) if is_read else step)
    return replace(exchange, steps=tuple(kept))


def persona_in(
    visit: Visit, tools: Iterable[str], *, documents: bool = False, pictures: bool = True
) -> Persona:
    """The chat's persona; without the tools that have nothing to read. ``tools`` are all there are.

    ``pictures`` says that the platform can show some: what cannot be shown is not offered to be drawn.

    In such a chat a tool's description would cost every prompt some 80 tokens in vain. A persona that uses
    tools at all can read again in ``documents``: they came with the conversation, whoever answers in it.
    """
    persona = visit.persona
    vain = {RECALL_TOOL: not visit.overheard, READ_TOOL: not documents, DRAW_TOOL: not pictures}
    names = tuple(tools if persona.tools is None else persona.tools)
    kept = tuple(name for name in names if not vain.get(name))
    reading = (READ_TOOL,) if documents and kept and READ_TOOL not in kept else ()
    return persona if (*kept, *reading) == persona.tools else replace(persona, tools=(*kept, *reading))

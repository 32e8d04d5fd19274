"""An exchange: what was said and what was answered, one node in a conversation's tree of history."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from bot.errors import BotError
from bot.events import Outcome, ToolCall, Usage
from bot.ports import AssistantMessage, ModelMessage, Picture, ToolMessage, UserMessage

__all__ = ["Exchange", "Step", "dump_steps", "load_steps", "undecided", "visible_text"]

Step = AssistantMessage | ToolMessage

_UNDECIDED = "It was not run: the person has not agreed to it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One node of the tree. ``reply`` is the whole visible answer, also while it is half-written.

    ``steps`` are the tool rounds that came before the last part of the answer. ``outcome`` is None while the
    exchange is being worked on; ``written`` says that the reply is whole and only its delivery may be open.
    """

    turn_id: int
    conversation: str
    parent_id: int | None
    request: str
    author_id: str = ""
    author_name: str = ""
    message_id: str = ""
    steps: tuple[Step, ...] = ()
    reply: str = ""
    thinking: str = ""
    outcome: Outcome | None = None
    written: bool = False
    redacted: bool = False
    model: str = ""
    usage: Usage = field(default_factory=Usage)
    created_at: float = 0.0
    pictures: tuple[Picture, ...] = ()

    def as_messages(self) -> tuple[ModelMessage, ...]:
        """The exchange as the model reads it; nothing when it was redacted or never led to an answer."""
        if self.redacted or not (self.reply or self.steps):
            return ()
        last = self.reply[len(visible_text(self.steps)) :].strip()
        ending = (AssistantMessage(text=last),) if last else ()
        # The API refuses calls without results: what nobody decided on was not done.
        unrun = tuple(ToolMessage(call_id=call.id, text=_UNDECIDED) for call in undecided(self.steps))
        return (UserMessage(text=self.request, pictures=self.pictures), *self.steps, *unrun, *ending)


def undecided(steps: tuple[Step, ...]) -> tuple[ToolCall, ...]:
    """The calls of the last round while they wait for a person's word; none when they have results."""
    last = steps[-1] if steps else None
    return last.calls if isinstance(last, AssistantMessage) else ()


def visible_text(steps: tuple[Step, ...]) -> str:
    """What a person has seen of the tool rounds: their texts, each followed by a blank line."""
    return "".join(f"{step.text}\n\n" for step in steps if isinstance(step, AssistantMessage) and step.text)


def dump_steps(steps: tuple[Step, ...]) -> str:
    """The steps as JSON text."""
    return orjson.dumps([_dump_step(step) for step in steps]).decode()


def load_steps(text: str) -> tuple[Step, ...]:
    """The inverse of ``dump_steps``. Raises BotError when the stored form is not readable."""
    try:
        return tuple(_load_step(row) for row in orjson.loads(text))
    except (ValueError, KeyError, TypeError) as exc:
        raise BotError(f"stored tool rounds are not readable: {exc}") from exc


def _dump_step(step: Step) -> dict[str, Any]:
    match step:
        case ToolMessage(call_id=call_id, text=text):
            return {"tool": call_id, "text": text}
        case AssistantMessage(text=text, calls=calls, thinking=thinking):
            rows = [{"id": call.id, "name": call.name, "arguments": call.arguments} for call in calls]
            return {"text": text, "calls": rows, "thinking": thinking}


def _load_step(row: dict[str, Any]) -> Step:
    if "tool" in row:
        return ToolMessage(call_id=row["tool"], text=row["text"])
    calls = tuple(ToolCall(id=c["id"], name=c["name"], arguments=c["arguments"]) for c in row["calls"])
    return AssistantMessage(text=row["text"], calls=calls, thinking=row["thinking"])

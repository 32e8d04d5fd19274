"""What a turn says while it runs: the model's stream as the core sees it, and the turn's own events."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

__all__ = [
    "Completed",
    "FinishReason",
    "ModelEvent",
    "Outcome",
    "TextDelta",
    "ThinkingDelta",
    "ToolCall",
    "ToolCallsReady",
    "ToolFinished",
    "ToolStarted",
    "TurnEvent",
    "TurnFinished",
    "Usage",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens counted by the provider. ``cached`` is the share of ``prompt`` served from its prefix cache."""

    prompt: int = 0
    completion: int = 0
    reasoning: int = 0
    cached: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            prompt=self.prompt + other.prompt,
            completion=self.completion + other.completion,
            reasoning=self.reasoning + other.reasoning,
            cached=self.cached + other.cached,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ThinkingDelta:
    """More of the model's thinking."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDelta:
    """More of the answer."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A whole call the model asks for; ``arguments`` is JSON text as the model wrote it, not yet checked."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallsReady:
    """The model stopped to have tools called. ``thinking`` must be echoed back with the calls."""

    calls: tuple[ToolCall, ...]
    thinking: str = ""


class FinishReason(StrEnum):
    """Why the model stopped."""

    STOP = "stop"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"
    CONTENT_FILTER = "content_filter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """The model's stream came to its proper end. ``gone``: models asked before it that do not exist."""

    finish_reason: FinishReason
    model: str
    usage: Usage = field(default_factory=Usage)
    trace_id: str = ""
    gone: tuple[str, ...] = ()


ModelEvent = ThinkingDelta | TextDelta | ToolCallsReady | Completed


class Outcome(StrEnum):
    """How a turn ended. ASKED: a tool would change something, and the person is to say whether it may."""

    ANSWERED = "answered"
    STOPPED = "stopped"
    SUPERSEDED = "superseded"
    FAILED = "failed"
    IGNORED = "ignored"
    ASKED = "asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolStarted:
    """A tool call began."""

    call: ToolCall


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolFinished:
    """A tool call ended; ``result`` is what the model is told."""

    call: ToolCall
    result: str
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnFinished:
    """The turn is over."""

    outcome: Outcome
    usage: Usage = field(default_factory=Usage)
    model: str = ""
    truncated: bool = False


TurnEvent = ThinkingDelta | TextDelta | ToolStarted | ToolFinished | TurnFinished

"""What the core needs from a model that answers in a stream."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from bot.events import ModelEvent, ToolCall

__all__ = [
    "AssistantMessage",
    "ChatModel",
    "ChatRequest",
    "ModelMessage",
    "Picture",
    "SystemMessage",
    "ToolMessage",
    "ToolSpec",
    "UserMessage",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemMessage:
    """Instructions; always first."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An image or a film that goes with what a person said, ready for the model: upright, small, no metadata.

    ``data`` are the bytes of a JPEG, PNG or WebP, or of an MP4, as ``mime`` says. ``caption`` stands for it
    where the model cannot see, and once it has become too old to be sent: then there is no data.
    ``at_a_glance`` says that a coarse look, which costs little, is enough.

    Of a film, ``data`` is a soundless clip and ``frames`` are stills of it, for models that take no video;
    ``seconds`` is how long the whole film lasts (the clip may run faster), and of a frame its moment in it.
    """

    data: bytes
    mime: str
    width: int
    height: int
    caption: str = ""
    at_a_glance: bool = False
    seconds: float = 0.0
    frames: tuple[Picture, ...] = ()

    @property
    def is_film(self) -> bool:
        """Whether it moves."""
        return self.mime.startswith("video/")

    @property
    def most_frames(self) -> int:
        """How many pictures of a film's clip are to be looked at."""
        return len(self.frames) * (1 if self.at_a_glance else 2)

    def without_data(self) -> Picture:
        """What is left of it once it is too old to be sent."""
        return replace(self, data=b"", frames=())


@dataclass(frozen=True, slots=True, kw_only=True)
class UserMessage:
    """What a person said, and showed."""

    text: str
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistantMessage:
    """What the model said. ``thinking`` is kept only beside tool calls, where it must be echoed."""

    text: str
    calls: tuple[ToolCall, ...] = ()
    thinking: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolMessage:
    """What a tool returned."""

    call_id: str
    text: str


ModelMessage = SystemMessage | UserMessage | AssistantMessage | ToolMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSpec:
    """A tool as the model sees it; ``parameters`` is a JSON Schema object."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """One answer wanted from the first model of ``models`` that can give it.

    ``resume_from`` is the beginning of the answer that a person has seen already: the stream gives only what
    comes after it. ``thinking`` None leaves the model's own default.
    """

    models: tuple[str, ...]
    messages: tuple[ModelMessage, ...]
    tools: tuple[ToolSpec, ...] = ()
    max_tokens: int = 4096
    temperature: float | None = None
    top_p: float | None = None
    thinking: bool | None = None
    thinking_budget: int | None = None
    resume_from: str = ""
    deadline_seconds: float = 600.0
    extra: Mapping[str, Any] = field(default_factory=dict)


class ChatModel(Protocol):
    """A model that answers in a stream."""

    def stream(self, request: ChatRequest) -> AbstractAsyncContextManager[AsyncIterator[ModelEvent]]:
        """One logical answer: retries, other models and continuation of a cut stream happen inside.

        Text once given is never given again. Ends with Completed, or ToolCallsReady then Completed. Leaving
        the context closes the connection at once. Raises ProviderError's subclasses, also after some text.
        """

    def sees(self, model: str) -> bool:
        """Whether the model takes pictures."""

    def context_tokens(self, model: str) -> int:
        """How many tokens of prompt and answer the model holds."""

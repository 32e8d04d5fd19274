"""The Protocols the core owns: what it needs from a platform, an engine, a model and a clock."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

from bot.events import ModelEvent, ToolCall
from bot.messages import Attachment, ChatKind, ConversationKey, Inbound

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.rendering import Document

__all__ = [
    "Adapter",
    "AnswersButtons",
    "AssistantMessage",
    "Button",
    "CancelReason",
    "Capabilities",
    "ChatModel",
    "ChatRequest",
    "Clock",
    "Deletes",
    "Engine",
    "EngineStats",
    "Fidelity",
    "Lane",
    "MenuCommand",
    "ModelMessage",
    "Pace",
    "Previews",
    "Reclaims",
    "Rendered",
    "Routed",
    "Submit",
    "SystemClock",
    "SystemMessage",
    "Timer",
    "ToolMessage",
    "ToolSpec",
    "Turn",
    "TurnHandler",
    "UserMessage",
]

T = TypeVar("T")


class Clock(Protocol):
    """Time, passed in so that tests move it by hand."""

    def now(self) -> datetime:
        """The present, in UTC."""

    def monotonic(self) -> float:
        """Seconds that only go forward."""

    async def sleep(self, seconds: float) -> None:
        """Wait; may be cancelled."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


# --- the messaging platform ---------------------------------------------------------------------------


class Fidelity(IntEnum):
    """How much of a document's form a rendering keeps; delivery falls back from high to low."""

    PLAIN = 0
    FORMATTED = 1
    RICH = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What one chat bears: a call every ``interval_seconds``, and ``burst`` calls at once after a pause."""

    interval_seconds: float
    burst: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a platform can do, as data. ``max_text_units`` counts in the platform's own unit."""

    max_text_units: int
    pace: Mapping[ChatKind, Pace]
    best_fidelity: Fidelity = Fidelity.FORMATTED
    edits: bool = True
    buttons: bool = True
    max_button_data_bytes: int = 64
    threads: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """One message's worth of a document. ``text`` is what a person reads, without its markup.

    ``payload`` belongs to the adapter that rendered it; equal renderings show the same on the platform.
    """

    text: str
    payload: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A button under a message; ``data`` comes back in ButtonPressed."""

    label: str
    data: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuCommand:
    """A command as the platform's menu shows it; ``descriptions`` by language code, English under "en"."""

    name: str
    descriptions: Mapping[str, str]
    in_groups: bool = True


Submit = Callable[[Inbound], Awaitable[None]]
"""Take an event in. Returns once it is stored (or known already); raises StorageError when it is not."""


class Adapter(Protocol):
    """A messaging platform. Methods that call it raise DeliveryError's subclasses and nothing else."""

    @property
    def name(self) -> str:
        """The platform's name, as in ConversationKey.platform."""

    @property
    def capabilities(self) -> Capabilities:
        """What the platform can do."""

    async def run(self, submit: Submit, ready: Callable[[], None]) -> None:
        """Receive until cancelled. Calls ``ready`` once messages arrive; closes what it opened."""

    def render(self, document: Document, *, fidelity: Fidelity) -> Sequence[Rendered]:
        """The document as messages that each fit; never empty, deterministic, stable while the text grows."""

    async def send(
        self,
        key: ConversationKey,
        content: Rendered,
        *,
        reply_to: str = "",
        buttons: Sequence[Sequence[Button]] = (),
    ) -> str:
        """Send a new message; its id."""

    async def edit(
        self,
        key: ConversationKey,
        message_id: str,
        content: Rendered,
        *,
        buttons: Sequence[Sequence[Button]] = (),
    ) -> None:
        """Make an own message show ``content``; unchanged content is a success."""

    async def typing(self, key: ConversationKey) -> None:
        """Show for a few seconds that the bot is at work."""

    def fetch(self, attachment: Attachment) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The attachment's bytes, as they come."""


@runtime_checkable
class Deletes(Protocol):
    """The platform lets us take back our own messages."""

    async def delete(self, key: ConversationKey, message_ids: Sequence[str]) -> None:
        """Delete own messages; those already gone are fine."""


@runtime_checkable
class AnswersButtons(Protocol):
    """The platform waits for an answer to a pressed button."""

    async def answer_button(self, answer_id: str, text: str = "") -> None:
        """End the button's wait, with a short line for the person who pressed it. Too late is fine."""


@runtime_checkable
class Previews(Protocol):
    """The platform shows a reply while it grows, outside the chat's history."""

    def can_preview(self, key: ConversationKey, chat_kind: ChatKind) -> bool:
        """Whether this chat can show previews, as far as is known."""

    async def preview(self, key: ConversationKey, preview_id: int, content: Rendered) -> None:
        """Show ``content`` as the growing reply ``preview_id``; it vanishes when a real message is sent."""


@runtime_checkable
class Reclaims(Protocol):
    """The platform lets us find a message whose sending was interrupted before its id was stored."""

    async def reclaim(self, key: ConversationKey, content: Rendered, *, after: str) -> str | None:
        """The id of an own message sent shortly after message ``after`` and not known to us, made to show
        ``content``; None when there is none."""


@runtime_checkable
class Routed(Protocol):
    """The adapter serves HTTP paths on the service's own server."""

    def routes(self) -> Sequence[tuple[str, str, Callable[[Any], Awaitable[Any]]]]:
        """(method, path, handler) in the HTTP server's own types."""


# --- the engine -----------------------------------------------------------------------------------------


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


# --- the model ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemMessage:
    """Instructions; always first."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UserMessage:
    """What a person said."""

    text: str


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

    def context_tokens(self, model: str) -> int:
        """How many tokens of prompt and answer the model holds."""

"""The errors Parley raises, and what each one means to the caller.

BotError
├── ConfigurationError           a setting is wrong; the text names the variable and an example
├── ProviderError                the model provider failed (model, trace_id, retry_after_seconds)
│   ├── ProviderUnavailable      overload, limits, network, time-out: another model or a later try may serve
│   ├── ProviderRefused          understood and refused: bad parameter, model gone, content policy
│   │   └── ContextOverflow      the prompt is longer than the model's context (limit_tokens)
│   └── ProviderAccountError     key, permission or balance: the operator has to act
├── ToolError
│   ├── ToolRetry                the arguments do not fit; the model may try again
│   └── ToolFailed               the tool failed for good; the model is told and goes on
├── DeliveryError                a call to the platform failed
│   ├── PlatformBusy             flood limit or overload (retry_after_seconds); nothing was done
│   ├── PlatformUnclear          no answer came: the call may or may not have been carried out
│   ├── PartRejected             the platform refuses this content in this form (fall back to a plainer one)
│   │   └── VoiceForbidden       the chat takes no voice messages, or no audio
│   │   └── FileTooLarge         the platform does not hand out a file of this size (limit_bytes)
│   ├── MessageGone              the message to edit no longer exists or cannot be edited
│   ├── ChatClosed               blocked, kicked or deleted: nothing can be delivered to this chat any more
│   └── ChatMoved                the chat has a new id (new_chat)
├── StorageError                 the database cannot be read or written
└── Fenced                       this attempt at a turn is no longer the current one: stop, write nothing
"""

from __future__ import annotations

__all__ = [
    "BotError",
    "ChatClosed",
    "ChatMoved",
    "ConfigurationError",
    "ContextOverflow",
    "DeliveryError",
    "Fenced",
    "FileTooLarge",
    "MessageGone",
    "PartRejected",
    "PlatformBusy",
    "PlatformUnclear",
    "ProviderAccountError",
    "ProviderError",
    "ProviderRefused",
    "ProviderUnavailable",
    "StorageError",
    "ToolError",
    "ToolFailed",
    "ToolRetry",
    "VoiceForbidden",
]


class BotError(Exception):
    """Base of everything Parley raises on purpose."""


class ConfigurationError(BotError):
    """A setting is missing or wrong. The text is one line for the operator."""


class ProviderError(BotError):
    """The model provider failed. The text is for the log, never for the person in the chat."""

    def __init__(
        self,
        text: str,
        *,
        model: str = "",
        trace_id: str = "",
        status: int = 0,
        code: int = 0,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(text)
        self.model = model
        self.trace_id = trace_id
        self.status = status
        self.code = code
        self.retry_after_seconds = retry_after_seconds


class ProviderUnavailable(ProviderError):
    """Overload, rate limit, network trouble or a time-out, after our own retries."""


class ProviderRefused(ProviderError):
    """The provider understood the request and will not serve it as it stands."""


class ContextOverflow(ProviderRefused):
    """The prompt does not fit the model's context. ``limit_tokens`` is 0 when the provider did not say."""

    def __init__(self, text: str, *, limit_tokens: int = 0, model: str = "", trace_id: str = "") -> None:
        super().__init__(text, model=model, trace_id=trace_id, status=400, code=20015)
        self.limit_tokens = limit_tokens


class ProviderAccountError(ProviderError):
    """The key, the permissions or the balance of the account; only the operator can mend it."""


class ToolError(BotError):
    """A tool did not give its result."""


class ToolRetry(ToolError):
    """The model called the tool wrongly; the text tells it how to do better."""


class ToolFailed(ToolError):
    """The tool cannot do it; the text is shown to the model, which goes on without the result."""


class DeliveryError(BotError):
    """A call to the messaging platform failed."""


class PlatformBusy(DeliveryError):
    """The platform asks for a pause; the call was not carried out."""

    def __init__(self, text: str, *, retry_after_seconds: float) -> None:
        super().__init__(text)
        self.retry_after_seconds = retry_after_seconds


class PlatformUnclear(DeliveryError):
    """No answer came back, so the call may have been carried out."""


class PartRejected(DeliveryError):
    """The platform will not take this content in this form."""


class FileTooLarge(PartRejected):
    """The file somebody sent is larger than ``limit_bytes``, the most that is fetched from the platform."""

    def __init__(self, text: str, *, limit_bytes: int) -> None:
        super().__init__(text)
        self.limit_bytes = limit_bytes


class VoiceForbidden(PartRejected):
    """A privacy setting or the chat's rules forbid voice messages, or audio, in this form."""


class MessageGone(DeliveryError):
    """The message that should be edited is not there any more, or may not be edited."""


class ChatClosed(DeliveryError):
    """Nothing can be delivered to this chat: blocked, kicked, deactivated."""


class ChatMoved(DeliveryError):
    """The chat lives under a new id; the caller rekeys and tries again."""

    def __init__(self, text: str, *, new_chat: str) -> None:
        super().__init__(text)
        self.new_chat = new_chat


class StorageError(BotError):
    """The database cannot be read or written. The text names the file or host and the remedy."""


class Fenced(BotError):
    """A newer attempt owns this turn; whoever sees this stops without writing or sending anything."""

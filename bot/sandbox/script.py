"""What the scripted stand-in answers: Reply values with their faults, and the Script that picks one.

A Reply says what the model would say, how fast, in which bytes, and what goes wrong on the way.
Every fault named in facts: SiliconFlow §2.3, §15 and §17 can be written as one value.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self

from bot.sandbox.chat_request import ChatRequest
from bot.sandbox.refusals import HTML, TEXT, Refusal, json_refusal
from bot.sandbox.tokens import split_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A call the model makes. ``arguments`` is JSON text, sent as it is (so it may be broken)."""

    name: str
    arguments: str = "{}"
    id: str = "call_1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Token counts to report in place of the counted ones."""

    prompt_tokens: int
    completion_tokens: int
    reasoning_tokens: int = 0
    cached_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpError:
    """Answer ``status`` instead of a completion.

    ``body`` is an object or string sent as JSON; with ``form`` text or html it is sent raw.
    """

    status: int
    body: Any
    form: Literal["json", "text", "html"] = "json"

    def refusal(self) -> Refusal:
        """The bytes this error goes out as."""
        if self.form == "json":
            return json_refusal(self.status, self.body)
        kind = TEXT if self.form == "text" else HTML
        return Refusal(status=self.status, body=str(self.body).encode(), content_type=kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamError:
    """After ``after_tokens`` tokens send ``body`` as a data line and end the stream.

    The usual body is ``{"error": {"code": …, "message": …}}``; a bare object or string is sent just as given.
    Without streaming it becomes an answer with status 500.
    """

    after_tokens: int
    body: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """After ``after_tokens`` tokens the connection ends without finish reason and ``[DONE]``.

    ``how``: "close" drops the connection inside the HTTP body, "reset" does so with a TCP reset,
    "clean" ends the HTTP body properly, so that only the missing ``[DONE]`` tells.
    """

    after_tokens: int
    how: Literal["close", "reset", "clean"] = "close"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stall:
    """After ``after_tokens`` tokens nothing more comes, and the connection stays open."""

    after_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hang:
    """Nothing comes at all: ``before`` the response headers, or after them but before the first chunk."""

    before: Literal["headers", "first_chunk"]


Fault = HttpError | StreamError | Cut | Stall | Hang


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """Oddities of the wire that a client has to live with; the defaults are the usual wire.

    ``piece_bytes`` cuts the body into writes of these sizes, over and over, so that cuts fall inside a UTF-8
    sequence and inside a line end. ``arguments_per_fragment`` is in characters.
    """

    done: bool = True
    crlf: bool = False
    piece_bytes: tuple[int, ...] = ()
    role_chunks: int = 1
    empty_choices_every: int = 0
    comment_every: int = 0
    garbage_every: int = 0
    trailing_usage_chunk: bool = False
    usage_on_every_chunk: bool = True
    absent_keys_for_null: bool = False
    think_tags_in_content: bool = False
    tool_call_ids: bool = True
    tool_call_index: bool = True
    arguments_per_fragment: int = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer of the scripted model, in the order thinking, text, tool calls.

    ``tokens_per_second`` 0 sends everything at once. ``pieces`` fixes how the text is cut into deltas.
    ``finish_reason`` None means ``tool_calls`` when there are any, ``length`` when the request's max_tokens
    cut the text, else ``stop``. ``echoes_prefix`` repeats the request's prefix at the start of the text.
    """

    text: str = ""
    pieces: tuple[str, ...] | None = None
    thinking: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tokens_per_second: float = 0
    first_token_delay_seconds: float = 0
    finish_reason: str | None = None
    usage: Usage | None = None
    fault: Fault | None = None
    quirks: Quirks = field(default_factory=Quirks)
    echoes_prefix: bool = False
    honours_max_tokens: bool = True

    @classmethod
    def tokens(cls, count: int, *, tokens_per_second: float = 0, **changes: Any) -> Self:
        """A text of exactly ``count`` tokens, for load: "word0 word1 …", a line every twelve."""
        return cls(
            pieces=tuple(_numbered_word(index) for index in range(count)),
            tokens_per_second=tokens_per_second,
            **changes,
        )

    @classmethod
    def call(cls, name: str, arguments: str = "{}", *, id: str = "call_1", **changes: Any) -> Self:  # noqa: A002 - the wire's own word
        """A reply that only calls one tool."""
        return cls(tool_calls=(ToolCall(name=name, arguments=arguments, id=id),), **changes)

    @classmethod
    def error(cls, status: int, body: Any, *, form: Literal["json", "text", "html"] = "json") -> Self:
        """An HTTP error in place of an answer."""
        return cls(fault=HttpError(status=status, body=body, form=form))

    @classmethod
    def coded_error(cls, status: int, code: int, message: str) -> Self:
        """An HTTP error with the provider's usual object."""
        return cls.error(status, {"code": code, "message": message, "data": None})

    @classmethod
    def rate_limited(cls, limit: str = "TPM") -> Self:
        """429 as seen on the wire: no code, no Retry-After, the limit named only in the sentence."""
        details = f"Request was rejected due to rate limiting. Details:{limit} limit reached."
        return cls.error(429, {"message": details, "data": None})

    @classmethod
    def overloaded(cls) -> Self:
        """503 with 50505, the answer of a busy model."""
        return cls.coded_error(503, 50505, "Model service overloaded. Please try again later.")

    @property
    def full_text(self) -> str:
        """Everything this reply would say."""
        return self.text if self.pieces is None else "".join(self.pieces)

    def text_pieces(self) -> tuple[str, ...]:
        """The text, cut into the deltas it is sent in."""
        return tuple(split_tokens(self.text)) if self.pieces is None else self.pieces


def _numbered_word(index: int) -> str:
    if index == 0:
        return "word0"
    return f"\nword{index}" if index % 12 == 0 else f" word{index}"


class Script:
    """Decides the reply of each request: the queue first, then ``answer``, then ``default``."""

    def __init__(
        self,
        *,
        default: Reply | None = None,
        answer: Callable[[ChatRequest], Reply] | None = None,
    ) -> None:
        self.default = Reply(text="This is the sandbox speaking.") if default is None else default
        self._answer = answer
        self._queue: deque[Reply] = deque()

    def enqueue(self, *replies: Reply) -> None:
        """Answer the next requests with ``replies``, in order, before anything else."""
        self._queue.extend(replies)

    @property
    def pending(self) -> int:
        """How many enqueued replies were not asked for yet."""
        return len(self._queue)

    def next_reply(self, request: ChatRequest) -> Reply:
        """The reply of ``request``; takes it from the queue."""
        return self._queue.popleft() if self._queue else self.answer(request)

    def answer(self, request: ChatRequest) -> Reply:
        """The reply of a request that finds the queue empty; subclasses decide it here."""
        return self.default if self._answer is None else self._answer(request)


class ContinuingScript(Script):
    """Always answers with what is left of ``full_text`` after what the request already shows.

    At each of ``cut_points`` (offsets into ``full_text``, each used once) the stream is cut with ``how``.
    A client that continues rightly ends with exactly ``full_text``.
    """

    def __init__(
        self,
        full_text: str,
        *,
        cut_points: Iterable[int] = (),
        how: Literal["close", "reset", "clean"] = "close",
        tokens_per_second: float = 0,
    ) -> None:
        super().__init__()
        self.full_text = full_text
        self._cut_points = sorted(cut_points)
        self._base = Reply(tokens_per_second=tokens_per_second)
        self._how: Literal["close", "reset", "clean"] = how

    def answer(self, request: ChatRequest) -> Reply:
        """The rest of the text, up to the next unused cut point."""
        start = shown_length(self.full_text, request.partial_answer)
        while self._cut_points and self._cut_points[0] <= start:
            self._cut_points.pop(0)
        if not self._cut_points:
            return replace(self._base, text=self.full_text[start:])
        return cut_reply(self._base, self.full_text[start : self._cut_points.pop(0)], how=self._how)


def shown_length(full_text: str, partial: str) -> int:
    """How much of ``full_text`` a client that shows ``partial`` has; 0 when it shows something else."""
    return len(partial) if full_text.startswith(partial) else 0


def cut_reply(base: Reply, text: str, *, how: Literal["close", "reset", "clean"] = "close") -> Reply:
    """``base`` saying ``text`` to its last character, and then cut."""
    pieces = tuple(split_tokens(text))
    return replace(base, pieces=pieces, fault=Cut(after_tokens=len(pieces), how=how))

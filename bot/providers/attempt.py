"""One HTTP call for a streamed answer, read as batches of events, with every wait limited.

Patience is counted in tokens, not bytes: comments that keep the connection alive do not extend it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import httpx

from bot.errors import ProviderAccountError, ProviderUnavailable
from bot.events import Usage
from bot.providers.alarm import Alarm
from bot.providers.api import SiliconFlowApi
from bot.providers.assembler import Assembler, Delta, Ending
from bot.providers.body import encode_body
from bot.providers.errors import CHECK_URL, Source, StreamCut, redact
from bot.providers.sse import EventTooLong, SseDecoder
from bot.providers.transport import NETWORK_ERRORS, describe_network_error

__all__ = ["Attempt", "Patience", "open_attempt"]

_PATH: Final = "/chat/completions"
# After the model's last word only its usage and [DONE] are missing.
_LINGER_SECONDS: Final = 2.0
# Read the body to its end, and the connection can serve the next call; wait no longer than this for it.
_DRAIN_SECONDS: Final = 0.1
_LONGEST_WHOLE_BODY_BYTES: Final = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds to wait for the first token, from one token to the next, and for everything."""

    first_token_seconds: float
    between_tokens_seconds: float
    total_seconds: float


class Attempt:
    """An open stream. ``next_batch`` until it gives None, then ``ending`` is there."""

    def __init__(self, response: httpx.Response, source: Source, patience: Patience, begun: float) -> None:
        self._chunks = _body_of(response)
        self._source = source
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._begun = begun
        self._ends_at = begun + patience.total_seconds
        self._alarm = Alarm(min(begun + patience.first_token_seconds, self._ends_at))
        self._decoder = SseDecoder()
        self._assembler = Assembler(source)
        self._whole = bytearray() if _is_whole_json(response) else None
        self._grace_seconds = 0.0
        self._ended = False
        self._ending: Ending | None = None
        self.first_token_seconds: float | None = None

    @property
    def ending(self) -> Ending:
        """How the stream ended; only after ``next_batch`` gave None."""
        if self._ending is None:
            raise RuntimeError("the stream has not ended yet")
        return self._ending

    @property
    def usage(self) -> Usage:
        """Tokens counted so far, also when the stream broke off."""
        return self._assembler.usage

    @property
    def trace_id(self) -> str:
        """The provider's name for this call."""
        return self._source.trace_id

    async def next_batch(self) -> list[Delta] | None:
        """The events of the next network read that brings any; None at the end. Raises ProviderError."""
        while not self._ended:
            if self._assembler.failure is not None:
                raise self._assembler.failure
            events = self._take(await self._read())
            if events:
                return events
        return None

    def close(self) -> None:
        """Stop the clock; the response is its opener's to close."""
        self._alarm.close()

    def _take(self, chunk: bytes | None) -> list[Delta]:
        if chunk is None:
            return self._end()
        before = self._assembler.deltas
        events = self._assembler.feed(self._decode(chunk))
        if self._assembler.deltas != before:
            self._note_progress()
        if self._assembler.done:
            self._grant_grace(_DRAIN_SECONDS)
        elif self._assembler.finished:
            self._grant_grace(_LINGER_SECONDS)
        return events

    def _grant_grace(self, seconds: float) -> None:
        """The answer is complete: wait this long for the rest of the stream, counted once."""
        if seconds != self._grace_seconds:
            self._grace_seconds = seconds
            self._alarm.rings_at = min(self._ends_at, self._loop.time() + seconds)

    def _decode(self, chunk: bytes) -> list[bytes]:
        if self._assembler.done:
            return []
        if self._whole is not None and not self._whole and chunk.lstrip().startswith(b"data:"):
            self._whole = None
        if self._whole is not None:
            self._whole += chunk
            if len(self._whole) > _LONGEST_WHOLE_BODY_BYTES:
                raise self._cut("the answer is too large")
            return []
        try:
            return self._decoder.feed(chunk)
        except EventTooLong as exc:
            raise self._cut(str(exc)) from exc

    def _end(self) -> list[Delta]:
        self._ended = True
        events = self._assembler.feed([bytes(self._whole)]) if self._whole else []
        last, self._ending = self._assembler.end()
        return events + last

    def _note_progress(self) -> None:
        now = self._loop.time()
        if self.first_token_seconds is None:
            self.first_token_seconds = now - self._begun
        self._alarm.rings_at = min(self._ends_at, now + self._patience.between_tokens_seconds)

    async def _read(self) -> bytes | None:
        """The next bytes, or None at the end of the stream."""
        if self._alarm.is_due:
            self._lose_patience()
            return None
        try:
            with self._alarm:
                return await anext(self._chunks)
        except StopAsyncIteration:
            return None
        except TimeoutError:
            self._lose_patience()
            return None
        except NETWORK_ERRORS as exc:
            if self._is_complete():
                return None
            raise self._cut(f"the connection broke: {describe_network_error(exc)}") from exc

    def _lose_patience(self) -> None:
        """Nothing came in time: fine when the answer is complete, else an error."""
        if self._is_complete():
            return
        if self._loop.time() >= self._ends_at:
            raise self._cut("the answer took longer than it may")
        if self.first_token_seconds is None:
            text = f"no first token within {self._patience.first_token_seconds:g} s"
            raise ProviderUnavailable(text, model=self._source.model, trace_id=self._source.trace_id)
        raise self._cut(f"no further token within {self._patience.between_tokens_seconds:g} s")

    def _is_complete(self) -> bool:
        return self._assembler.finished or self._assembler.done

    def _cut(self, text: str) -> StreamCut:
        text = redact(text, self._source.secret)
        return StreamCut(text, model=self._source.model, trace_id=self._source.trace_id)


@asynccontextmanager
async def open_attempt(
    api: SiliconFlowApi, body: Mapping[str, Any], patience: Patience
) -> AsyncIterator[Attempt]:
    """Send ``body`` and give the stream once its headers came; leaving closes it. Raises ProviderError."""
    begun = asyncio.get_running_loop().time()
    model = str(body["model"])
    wait = min(patience.first_token_seconds, patience.total_seconds)
    async with api.open_stream(_PATH, encode_body(body), model=model, timeout_seconds=wait) as response:
        source = api.source(response, model=model)
        if response.headers.get("content-type", "").startswith("text/html"):
            raise ProviderAccountError(f"a web page instead of an answer: {CHECK_URL}", model=model)
        attempt = Attempt(response, source, patience, begun)
        try:
            yield attempt
        finally:
            attempt.close()


def _body_of(response: httpx.Response) -> AsyncIterator[bytes]:
    """The body as the network gives it; decoded if a proxy compressed it although identity was asked for."""
    stream = response.stream
    if "content-encoding" in response.headers or not isinstance(stream, httpx.AsyncByteStream):
        return response.aiter_bytes()
    # httpx's own iterators would add two generators and two buffers to each read.
    return aiter(stream)


def _is_whole_json(response: httpx.Response) -> bool:
    """Whether the answer is one JSON body: an error under status 200, or a gateway that does not stream."""
    return str(response.headers.get("content-type", "")).startswith("application/json")

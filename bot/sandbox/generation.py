"""One answer being written by a blocking model in a thread, read from the loop, stopped when nobody reads."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import Executor
from typing import Any

Handler = Callable[[dict[str, Any], Callable[[Mapping[str, Any]], bool]], object]


class GenerationFailed(Exception):
    """The model reported ``error`` instead of writing (on)."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(str(error.get("message", error)))
        self.error = error


class Generation:
    """Runs ``handler(body, callback)`` in ``threads`` and hands its chunks over.

    The callback's True ends the writing after the current token; that is how ``cancel`` works.
    Counts and ``finish_reason`` are final once ``pieces`` has ended.
    """

    def __init__(self, handler: Handler, body: Mapping[str, Any], threads: Executor) -> None:
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self.finish_reason = "stop"
        self._loop = asyncio.get_running_loop()
        self._chunks: asyncio.Queue[Mapping[str, Any] | None] = asyncio.Queue()
        self._first: Mapping[str, Any] | None = None
        self._cancelled = threading.Event()
        self._future = threads.submit(self._run, handler, dict(body))

    async def begin(self) -> None:
        """Wait for the first chunk; raises GenerationFailed when there is an error in its place."""
        self._first = await self._next()

    async def pieces(self) -> AsyncIterator[str]:
        """The text as it is written. Raises GenerationFailed when the model breaks off."""
        chunk = self._first
        while chunk is not None:
            piece = self._read(chunk)
            if piece:
                yield piece
            chunk = await self._next()

    def cancel(self) -> None:
        """Stop writing after the current token; a generation still in the queue never starts."""
        self._cancelled.set()
        if self._future.cancel():
            self._put(None)

    async def _next(self) -> Mapping[str, Any] | None:
        chunk = await self._chunks.get()
        if chunk is not None and "error" in chunk:
            raise GenerationFailed(chunk["error"])
        return chunk

    def _read(self, chunk: Mapping[str, Any]) -> str:
        usage = chunk.get("usage")
        if usage:
            self.prompt_tokens = usage["prompt_tokens"]
            self.completion_tokens = usage["completion_tokens"]
        for choice in chunk["choices"]:
            self.finish_reason = choice["finish_reason"] or self.finish_reason
            return choice["delta"].get("content") or ""
        return ""

    def _run(self, handler: Handler, body: dict[str, Any]) -> None:
        try:
            handler(body, self._hand_over)
        except Exception as exc:  # noqa: BLE001 - a thread's boundary: whatever it was, the reader must learn of it
            self._put({"error": {"message": f"{type(exc).__name__}: {exc}"}})
        self._put(None)

    def _hand_over(self, chunk: Mapping[str, Any]) -> bool:
        if not self._cancelled.is_set():
            self._put(chunk)
        return self._cancelled.is_set()

    def _put(self, chunk: Mapping[str, Any] | None) -> None:
        try:
            self._loop.call_soon_threadsafe(self._chunks.put_nowait, chunk)
        except RuntimeError:
            # The loop is closed: nobody reads any more.
            self._cancelled.set()

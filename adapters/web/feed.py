"""Tells the open pages what has changed: each gets the newest state of a thing, never a queue of frames."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

__all__ = ["Feed", "Subscription"]

HEARTBEAT_SECONDS: Final = 15.0
_HELLO: Final = b"retry: 1000\nevent: hello\ndata: {}\n\n"
_HEARTBEAT: Final = b": still here\n\n"


@dataclass(slots=True, eq=False)
class Subscription:
    """One open page. ``pending`` holds what it has not been told yet, by the thing that changed."""

    pending: dict[str, bytes] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    closed: bool = False

    async def chunks(self) -> AsyncIterator[bytes]:
        """Server-sent events, until the feed is closed; a comment now and then finds dead connections."""
        yield _HELLO
        while not self.closed:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.changed.wait(), HEARTBEAT_SECONDS)
            self.changed.clear()
            pending, self.pending = self.pending, {}
            if pending:
                yield b"".join(pending.values())
            elif not self.closed:
                yield _HEARTBEAT


class Feed:
    """Belongs to one event loop. ``close`` ends every subscription; ``open`` lets new ones last again."""

    def __init__(self) -> None:
        self._pages: set[Subscription] = set()
        self._closed = True

    def open(self) -> None:
        """Take subscriptions."""
        self._closed = False

    def close(self) -> None:
        """End every subscription, so that no connection outlives the service."""
        self._closed = True
        for page in self._pages:
            page.closed = True
            page.changed.set()

    @contextlib.contextmanager
    def subscribe(self) -> Iterator[Subscription]:
        """A page that is told everything from now on."""
        page = Subscription(closed=self._closed)
        self._pages.add(page)
        try:
            yield page
        finally:
            self._pages.discard(page)

    def tell(self, event: str, thing: str, data: Mapping[str, Any]) -> None:
        """``thing`` has changed; what a page has not been told of it yet is replaced. Never waits."""
        if not self._pages:
            return
        chunk = b"event: %s\ndata: %s\n\n" % (event.encode(), orjson.dumps(data))
        for page in self._pages:
            page.pending.pop(thing, None)  # a change moves behind those told before it
            page.pending[thing] = chunk
            page.changed.set()

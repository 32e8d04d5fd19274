"""The queue of updates: numbered in order, kept until the bot confirms them, handed out by long polling."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from tests.fakes.changes import Changes

from .errors import OTHER_POLLER, POLL_ENDED_BY_WEBHOOK, conflict

__all__ = ["Update", "UpdateQueue"]

Update = dict[str, Any]

_NOT_BY_DEFAULT = frozenset(("chat_member", "message_reaction", "message_reaction_count"))
MAX_BATCH = 100
MAX_POLL_SECONDS = 50


class UpdateQueue:
    """Updates of one bot. They outlive the bot's process: only an offset beyond an update removes it."""

    def __init__(self, *, first_id: int = 100_000_001) -> None:
        self.pushed: list[Update] = []
        self.allowed: frozenset[str] | None = None
        self.on_push: Callable[[Update, int], None] | None = None
        self._next_id = first_id
        self._pending: deque[Update] = deque()
        self._replays: list[Update] = []
        self._arrived = Changes()
        self._poll: asyncio.Event | None = None
        self._poll_ended_by = OTHER_POLLER

    def push(self, kind: str, payload: dict[str, Any], chat_id: int) -> Update | None:
        """Add an update; None when the bot did not ask for this kind."""
        if not self._wanted(kind):
            return None
        return self.push_raw({"update_id": self._next_id, kind: payload}, chat_id)

    def push_raw(self, update: Update, chat_id: int = 0) -> Update:
        """Add an update as it stands, malformed or not; one without an id is given the next."""
        if "update_id" not in update:
            update = {"update_id": self._next_id, **update}
        if isinstance(update["update_id"], int):
            self._next_id = max(self._next_id, update["update_id"] + 1)
        self.pushed.append(update)
        if self.on_push is not None:
            self.on_push(update, chat_id)
        else:
            self._pending.append(update)
            self._arrived.ring()
        return update

    def replay(self, update: Update, chat_id: int = 0) -> None:
        """Hand an update out once more under its old id, whatever was confirmed."""
        if self.on_push is not None:
            self.on_push(update, chat_id)
        else:
            self._replays.append(update)
            self._arrived.ring()

    @property
    def pending(self) -> int:
        """How many updates the bot has not confirmed."""
        return len(self._pending)

    def clear(self) -> None:
        """Forget what is not confirmed."""
        self._pending.clear()

    def take_all(self) -> list[Update]:
        """Remove and return what is pending: the webhook takes over."""
        taken = list(self._pending)
        self._pending.clear()
        return taken

    def take_back(self, updates: list[Update]) -> None:
        """Put undelivered updates in front of the queue: the webhook is gone."""
        self._pending.extendleft(reversed(updates))
        self._arrived.ring()

    def allow(self, kinds: list[str] | None) -> None:
        """Set which kinds are wanted from now on; None keeps the setting, [] restores the default."""
        if kinds is not None:
            self.allowed = frozenset(kinds) or None

    def _wanted(self, kind: str) -> bool:
        return kind in self.allowed if self.allowed else kind not in _NOT_BY_DEFAULT

    def end_poll(self, reason: str = POLL_ENDED_BY_WEBHOOK) -> None:
        """Answer a poll that is under way with 409 and this reason."""
        if self._poll is not None:
            self._poll_ended_by = reason
            self._poll.set()
            self._arrived.ring()

    async def poll(self, *, offset: int, limit: int, timeout_seconds: float) -> list[Update]:
        """getUpdates: confirm what is below the offset, then wait for something to hand out.

        Raises ApiError (409) in the older of two polls at a time.
        """
        self.end_poll(OTHER_POLLER)
        self._confirm(offset)
        mine = self._poll = asyncio.Event()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + min(timeout_seconds, MAX_POLL_SECONDS)
        try:
            while not self._pending and not self._replays:
                if mine.is_set():
                    raise conflict(self._poll_ended_by)
                left = deadline - loop.time()
                if left <= 0:
                    return []
                await self._arrived.wait(left)
            if mine.is_set():
                raise conflict(self._poll_ended_by)
            return self._batch(limit)
        finally:
            if self._poll is mine:
                self._poll = None

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            while len(self._pending) > -offset:
                self._pending.popleft()
            return
        while self._pending and _number(self._pending[0]) < offset:
            self._pending.popleft()

    def _batch(self, limit: int) -> list[Update]:
        size = limit if 1 <= limit <= MAX_BATCH else MAX_BATCH
        replays, self._replays = self._replays[:size], self._replays[size:]
        fresh = [update for update, _ in zip(self._pending, range(size - len(replays)), strict=False)]
        return [*replays, *fresh]


def _number(update: Update) -> int:
    number = update["update_id"]
    return number if isinstance(number, int) else 0

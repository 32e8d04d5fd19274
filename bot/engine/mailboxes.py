"""Works off each conversation's turns in order, one at a time, and control turns beside them.

Nothing is kept for a conversation without open turns.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace

import structlog

from bot.engine.work import Work
from bot.messages import ConversationKey
from bot.ports import CancelReason, Clock, Lane
from bot.storage.inbound import in_conversation

__all__ = ["Mailboxes"]

_log = structlog.get_logger()

_PAUSE_AFTER_DEFECT_SECONDS = 5.0
_LAST_GRACE_SECONDS = 1.0

_Slot = tuple[ConversationKey, int]
"""A conversation's queue (0), or one turn beside it (its id)."""


@dataclass(slots=True, kw_only=True, eq=False)
class _Mailbox:
    slot: _Slot
    works: deque[Work] = field(default_factory=deque)
    task: asyncio.Task[None] | None = None
    after: list[asyncio.Task[None]] = field(default_factory=list)


class Mailboxes:
    """All open turns of a serving engine. ``run`` makes an attempt and says whether the turn is over."""

    def __init__(self, *, run: Callable[[Work], Awaitable[bool]], clock: Clock) -> None:
        self._run = run
        self._clock = clock
        self._boxes: dict[_Slot, _Mailbox] = {}
        self._works: dict[int, Work] = {}
        self._context = contextvars.copy_context()
        self.closing = False

    def find(self, turn_id: int) -> Work | None:
        """The open turn, if it is open."""
        return self._works.get(turn_id)

    def running(self) -> list[Work]:
        """The turns whose handler is at work."""
        return [work for work in self._works.values() if work.task is not None]

    def add(self, work: Work) -> None:
        """Take a turn to work on, behind those with smaller ids. Nothing comes before a turn at the head."""
        self._works[work.id] = work
        slot = (work.key, 0 if work.lane is Lane.QUEUE else work.id)
        box = self._boxes.get(slot)
        if box is None:
            box = self._boxes[slot] = _Mailbox(slot=slot)
            box.works.append(work)
            self._start(box)
        else:
            _insert(box.works, work)

    def move(self, *, platform: str, account: str, old_chat: str, new_chat: str) -> None:
        """Let the turns of a chat follow it to its new id, before or behind those that are there."""
        for box in list(self._boxes.values()):
            key = box.slot[0]
            if (key.platform, key.account, key.chat) == (platform, account, old_chat):
                self._move_box(box, replace(key, chat=new_chat))

    async def aclose(self, *, grace_seconds: float) -> None:
        """Cancel what runs for SHUTDOWN, give its clean-up that long, then leave it alone."""
        self.closing = True
        boxes = list(self._boxes.values())
        for box in boxes:
            _interrupt(box)
        tasks = {box.task for box in boxes if box.task is not None}
        left = await _wait(tasks, grace_seconds)
        if not left:
            return
        _log.warning("turns_abandoned", turn_ids=[work.id for work in self.running()])
        for task in left:
            task.cancel()
        await _wait(left, _LAST_GRACE_SECONDS)

    def _start(self, box: _Mailbox) -> None:
        # A copy of the engine's own context: nothing bound by whoever brought the event leaks into the turn.
        box.task = asyncio.create_task(
            self._work_off(box), name=f"mailbox {box.slot[0]}", context=self._context.copy()
        )

    async def _work_off(self, box: _Mailbox) -> None:
        try:
            while (box.works or box.after) and not self.closing:
                await self._work_on_next(box)
        finally:
            self._boxes.pop(box.slot, None)

    async def _work_on_next(self, box: _Mailbox) -> None:
        while box.after:
            await asyncio.wait({box.after[-1]})
            box.after.pop()
        if not box.works:
            return
        work = box.works[0]
        await work.nap.until(lambda: work.not_before)
        if await self._attempt(work):
            box.works.remove(work)
            self._works.pop(work.id, None)

    async def _attempt(self, work: Work) -> bool:
        try:
            return await self._run(work)
        except Exception:  # noqa: BLE001  one conversation's defect must not end the service of it
            _log.exception("mailbox_failed", turn_id=work.id, conversation=str(work.key))
            await self._clock.sleep(_PAUSE_AFTER_DEFECT_SECONDS)
            return False

    def _move_box(self, box: _Mailbox, key: ConversationKey) -> None:
        for work in box.works:
            _move_work(work, key)
        del self._boxes[box.slot]
        there = self._boxes.get((key, 0))
        if box.slot[1] != 0 or there is None:
            box.slot = (key, box.slot[1])
        else:
            self._merge(box, there)
            box.slot = (key, box.works[0].id)
        self._boxes[box.slot] = box

    @staticmethod
    def _merge(moved: _Mailbox, there: _Mailbox) -> None:
        """Leave the head of ``moved``, which may be at work, in its place; ``there`` waits for it."""
        while len(moved.works) > 1:
            _insert(there.works, moved.works.pop())
        if moved.task is not None:
            there.after.append(moved.task)


def _insert(works: deque[Work], work: Work) -> None:
    place = len(works)
    while place > 1 and works[place - 1].id > work.id:
        place -= 1
    works.insert(place, work)


def _move_work(work: Work, key: ConversationKey) -> None:
    work.key = key
    if work.events is not None:
        work.events = tuple(in_conversation(event, key) for event in work.events)


def _interrupt(box: _Mailbox) -> None:
    work = box.works[0] if box.works else None
    if work is None or work.task is None:
        if box.task is not None:
            box.task.cancel()
    elif work.stopping is None or not work.entered:
        work.stopping = CancelReason.SHUTDOWN
        work.task.cancel(CancelReason.SHUTDOWN.value)


async def _wait(tasks: Iterable[asyncio.Task[None]], seconds: float) -> set[asyncio.Task[None]]:
    waiting = set(tasks)
    if waiting:
        _, waiting = await asyncio.wait(waiting, timeout=seconds)
    return waiting

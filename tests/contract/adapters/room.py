"""One private chat with a bot on some platform, seen from the person's side."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Protocol, TypeVar

from bot.errors import DeliveryError, StorageError
from bot.messages import ButtonPressed, Inbound, Incoming
from bot.ports import Adapter, MenuCommand, Submit

__all__ = ["Opener", "Room"]

E = TypeVar("E", Incoming, ButtonPressed)

WAIT_SECONDS = 60.0


class Room(ABC):
    """What every platform's tests are written against. The adapter runs from ``start`` to ``stop``.

    ``redelivers`` says that the platform keeps what was not stored; ``replies`` that it shows which message
    one answers; ``writes_anything`` that a person can write what are keys on a keyboard; ``tells`` that who
    pressed a button is told something; ``forges`` that a press can be made by hand.
    """

    redelivers = True
    replies = True
    writes_anything = True
    tells = True
    forges = True

    def __init__(self, adapter: Adapter) -> None:
        self.adapter = adapter
        self.events: list[Inbound] = []
        self.refusals = 0
        self.ready = asyncio.Event()
        self.core: Submit | None = None
        self._task: asyncio.Task[None] | None = None

    # --- the bot's side ---------------------------------------------------------------------------------

    async def start(self) -> None:
        """Let the adapter run, until it is ready."""
        self._task = asyncio.create_task(self.adapter.run(self._submit, self.ready.set), name="adapter")
        waiting = asyncio.create_task(self.ready.wait(), name="ready")
        async with asyncio.timeout(WAIT_SECONDS):
            await asyncio.wait({self._task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        assert self.ready.is_set(), "the adapter ended before it was ready"

    async def stop(self) -> None:
        """Cancel the adapter and wait for its end."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            async with asyncio.timeout(WAIT_SECONDS):
                (outcome,) = await asyncio.gather(task, return_exceptions=True)
            assert isinstance(outcome, asyncio.CancelledError), outcome

    async def _submit(self, event: Inbound) -> None:
        await asyncio.sleep(0)
        if self.refusals:
            self.refusals -= 1
            raise StorageError("the disk is full")
        if self.core is not None:
            await self.core(event)
        self.events.append(event)

    async def arrived(self, kind: type[E], count: int = 1) -> list[E]:
        """The events of this kind, once there are as many."""
        await self.until(lambda: len(self._of(kind)) >= count)
        return self._of(kind)

    def _of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until it holds. Raises AssertionError with what a person sees."""
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                while not condition():  # noqa: ASYNC110 - not every platform rings a bell
                    await asyncio.sleep(0.005)
        except TimeoutError:
            raise AssertionError(f"waited in vain; to be seen: {self.seen()!r}") from None

    async def sees(self, text: str) -> None:
        """Wait until the person sees this."""
        await self.until(lambda: text in self.seen())

    # --- the person's side ------------------------------------------------------------------------------

    @abstractmethod
    async def say(self, text: str) -> None:
        """The person writes one line."""

    @abstractmethod
    def seen(self) -> str:
        """Everything the person sees of the bot now."""

    @abstractmethod
    async def press(self, label: str) -> None:
        """The person presses a button under the newest message."""

    @abstractmethod
    def newest(self) -> str:
        """The bot's newest message with the labels of its buttons."""

    async def press_stop(self) -> None:
        """The person ends the answer that is being written, by the platform's own control if it has one."""
        await self.until(lambda: "■ Stop" in self.newest())
        await self.press("■ Stop")

    def rest(self) -> None:  # noqa: B027 - most platforms count nothing
        """Let as much of the platform's time pass as people take between two messages."""

    async def forge(self, data: str) -> None:
        """A press with data that stands under no button."""
        raise AssertionError("no press can be made by hand here")

    def told(self) -> list[str]:
        """The short lines that were shown after presses, in their order; none where nothing is told."""
        return []

    def listening(self) -> AbstractAsyncContextManager[None]:
        """Hear meanwhile what is told; needed where it is told to nobody else."""
        return nullcontext()

    @abstractmethod
    def answered_message(self, message_id: str) -> str:
        """The id of the message that one of the bot's is shown to answer; empty when to none."""

    @abstractmethod
    async def files(self) -> list[tuple[str, bytes]]:
        """The files that the person got: their names and what is in them."""

    @abstractmethod
    def complaints(self) -> list[str]:
        """What the platform has found wrong with the adapter's calls; a screen: what should not be on it."""

    # --- trouble ----------------------------------------------------------------------------------------

    @abstractmethod
    def troubles(self) -> Sequence[tuple[str, type[DeliveryError]]]:
        """The troubles this platform can make on the next send, and what each means to the core."""

    @abstractmethod
    def fail_next(self, trouble: str) -> None:
        """Let the next send meet this trouble."""


class Opener(Protocol):
    """Opens a room; ``menu`` is the adapter's."""

    def __call__(self, *, menu: Sequence[MenuCommand] = ()) -> AbstractAsyncContextManager[Room]: ...

"""Bytes come from the platform bounded, and again when the way there was broken for a moment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from bot.conversation.perceiving.perceiving import NotReadable, Place
from bot.conversation.seeing.files import Fetching, FileTooLarge
from bot.errors import MessageGone, PartRejected, PlatformBusy, PlatformUnclear
from bot.messages import Attachment, AttachmentKind
from tests.unit.providers.support import FakeClock

FILE = Attachment(kind=AttachmentKind.DOCUMENT, file_id="f1")


@dataclass
class Shelf:
    """A platform with one file, in chunks; each of ``faults`` happens once, after the first chunk."""

    chunks: list[bytes]
    faults: list[Exception] = field(default_factory=list)
    fetched: int = 0
    handed_out: int = 0

    @asynccontextmanager
    async def fetch(self, _attachment: Attachment) -> AsyncIterator[AsyncIterator[bytes]]:
        self.fetched += 1
        yield self._chunks()

    async def _chunks(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            self.handed_out += 1
            yield chunk
            if self.faults:
                raise self.faults.pop(0)


@dataclass
class Here:
    """All that is asked of a place."""

    shelf: Shelf
    language: str = "en"

    def fetch(self, attachment: Attachment) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        return self.shelf.fetch(attachment)


def place(shelf: Shelf) -> Place:
    """Where the file is fetched from."""
    return cast("Place", Here(shelf=shelf))


@pytest.fixture
def clock() -> FakeClock:
    """Time that passes when somebody waits."""
    return FakeClock()


async def test_all_bytes_come_as_one(clock: FakeClock) -> None:
    """Up to as many as are taken."""
    shelf = Shelf([b"one ", b"two"])
    assert await Fetching(clock=clock).whole(FILE, place(shelf), most_bytes=7) == b"one two"


@pytest.mark.parametrize("size_bytes", [None, 100])
async def test_a_file_that_is_too_large_is_left_there(clock: FakeClock, size_bytes: int | None) -> None:
    """Announced as such it is not fetched at all; else no more than needed to know it."""
    shelf = Shelf([b"0123456789"] * 10)
    file = Attachment(kind=AttachmentKind.IMAGE, file_id="f1", size_bytes=size_bytes)
    with pytest.raises(FileTooLarge):
        await Fetching(clock=clock).whole(file, place(shelf), most_bytes=25)
    assert shelf.handed_out == (3 if size_bytes is None else 0)


async def test_of_a_head_no_more_than_the_beginning_is_fetched(clock: FakeClock) -> None:
    """A film of gigabytes is told by its first bytes."""
    shelf = Shelf([b"0123456789"] * 10)
    assert await Fetching(clock=clock).head(FILE, place(shelf), size_bytes=12) == b"012345678901"
    assert shelf.handed_out == 2


async def test_a_broken_way_is_tried_again(clock: FakeClock) -> None:
    """From the beginning, after the pause that the platform wants."""
    faults: list[Exception] = [PlatformUnclear("cut"), PlatformBusy("wait", retry_after_seconds=4)]
    shelf = Shelf([b"one ", b"two"], faults)
    before = clock.monotonic()
    assert await Fetching(clock=clock).whole(FILE, place(shelf), most_bytes=100) == b"one two"
    assert shelf.fetched == 3
    assert clock.monotonic() - before == pytest.approx(5)


async def test_in_the_end_it_is_given_up(clock: FakeClock) -> None:
    """With the last error; what is gone is not tried again."""
    shelf = Shelf([b"one"], [PlatformUnclear("cut") for _ in range(9)])
    with pytest.raises(PlatformUnclear):
        await Fetching(clock=clock).whole(FILE, place(shelf), most_bytes=100)
    gone = Shelf([b"one"], [MessageGone("gone")])
    with pytest.raises(MessageGone):
        await Fetching(clock=clock).whole(FILE, place(gone), most_bytes=100)
    assert (shelf.fetched, gone.fetched) == (3, 1)


async def test_a_file_that_the_platform_keeps_to_itself_gets_a_sentence(clock: FakeClock) -> None:
    """Telegram gives bots no files of more than 20 MB."""
    shelf: Any = Shelf([b"one"], [PartRejected("too large")])
    with pytest.raises(NotReadable, match="too large for bots"):
        await Fetching(clock=clock).whole(FILE, place(shelf), most_bytes=100)

"""A file that several read comes from the platform once, as far as somebody reads it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.perceiving.fetched import FetchedOnce
from bot.errors import MessageGone, PlatformUnclear
from bot.messages import Attachment, AttachmentKind
from tests.unit.conversation.conftest import OpenStage
from tests.unit.media.made_documents import pdf

FILE = Attachment(kind=AttachmentKind.DOCUMENT, file_id="f1")
SECONDS = 30.0


@dataclass
class Shelf:
    """A platform with one file in chunks. ``begun`` counts fetches, ``ended`` those that were closed."""

    chunks: list[bytes]
    faults: list[Exception] = field(default_factory=list)
    begun: int = 0
    ended: int = 0
    handed_out: int = 0
    tasks: set[Any] = field(default_factory=set)

    @asynccontextmanager
    async def fetch(self, _attachment: Attachment) -> AsyncIterator[AsyncIterator[bytes]]:
        self.begun += 1
        self.tasks.add(asyncio.current_task())
        try:
            yield self._chunks()
        finally:
            self.tasks.add(asyncio.current_task())
            self.ended += 1

    async def _chunks(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            self.handed_out += 1
            yield chunk
            if self.faults:
                raise self.faults.pop(0)


async def whole(files: FetchedOnce, attachment: Attachment = FILE) -> bytes:
    """All bytes."""
    async with asyncio.timeout(SECONDS), files.fetch(attachment) as chunks:
        return b"".join([chunk async for chunk in chunks])


async def head(files: FetchedOnce) -> bytes:
    """The first bytes alone."""
    async with asyncio.timeout(SECONDS), files.fetch(FILE) as chunks:
        return await anext(aiter(chunks))


@given(chunks=st.lists(st.binary(min_size=1, max_size=9), max_size=6), heads=st.integers(0, 2))
async def test_everybody_reads_the_same_bytes_of_one_download(chunks: list[bytes], heads: int) -> None:
    """One after another and at the same time, wherever the first ones stopped."""
    shelf = Shelf(chunks)
    async with FetchedOnce(shelf, FILE) as files:
        for _ in range(heads if chunks else 0):
            assert await head(files) == chunks[0]
        assert await asyncio.gather(*(whole(files) for _ in range(3))) == [b"".join(chunks)] * 3
        assert await whole(files) == b"".join(chunks)
    assert (shelf.begun, shelf.ended, shelf.handed_out) == (1, 1, len(chunks))


async def test_no_more_is_fetched_than_somebody_reads() -> None:
    """Of a film that nobody wants, the beginning; leaving ends the download, in the task that began it."""
    shelf = Shelf([b"0123456789"] * 10)
    async with FetchedOnce(shelf, FILE) as files:
        assert await head(files) == b"0123456789"
    assert (shelf.handed_out, shelf.ended, len(shelf.tasks)) == (1, 1, 1)


async def test_what_nobody_reads_is_not_fetched_at_all() -> None:
    """Entering and leaving asks the platform for nothing."""
    shelf = Shelf([b"one"])
    async with FetchedOnce(shelf, FILE):
        pass
    assert shelf.begun == 0


async def test_after_an_error_the_next_to_ask_begins_anew() -> None:
    """The error reaches whoever waited for the bytes; what is gone stays gone."""
    shelf = Shelf([b"one ", b"two"], [PlatformUnclear("cut")])
    async with FetchedOnce(shelf, FILE) as files:
        with pytest.raises(PlatformUnclear):
            await whole(files)
        assert await whole(files) == await whole(files) == b"one two"
    assert (shelf.begun, shelf.ended) == (2, 2)
    gone = Shelf([b"one"], [MessageGone("gone")] * 2)
    async with FetchedOnce(gone, FILE) as files:
        for _ in range(2):
            with pytest.raises(MessageGone):
                await whole(files)


async def test_who_still_reads_on_leaving_reads_to_the_end_and_the_next_asks_the_platform() -> None:
    """A recording may be heard for others too, whose turn goes on when this one is stopped."""
    shelf = Shelf([b"one ", b"two ", b"three"])
    async with FetchedOnce(shelf, FILE) as files:
        reading = files.fetch(FILE)
        chunks = await reading.__aenter__()
        assert await anext(chunks) == b"one "
    assert [chunk async for chunk in chunks] == [b"two ", b"three"]
    await reading.__aexit__(None, None, None)
    assert (shelf.begun, shelf.ended) == (1, 1)
    assert await whole(files) == b"one two three"
    assert shelf.begun == 2


async def test_another_file_comes_from_the_platform() -> None:
    """It is one attachment that is kept."""
    shelf = Shelf([b"one"])
    other = Attachment(kind=AttachmentKind.DOCUMENT, file_id="f2")
    async with FetchedOnce(shelf, FILE) as files:
        assert await whole(files, other) == await whole(files, other) == b"one"
    assert shelf.begun == 2


class Counted(dict[str, bytes]):
    """The files of a platform; ``given`` tells which were handed out."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[str] = []

    def __getitem__(self, name: str) -> bytes:
        self.given.append(name)
        return super().__getitem__(name)


async def test_a_document_is_fetched_once_for_its_head_and_its_whole(open_stage: OpenStage) -> None:
    """Its first bytes tell who reads it; they are not asked for again."""
    stage = await open_stage()
    stage.platform.files = files = Counted()
    files["lease.pdf"] = pdf("The rent is 812 euros a month.")
    lease = Attachment(kind=AttachmentKind.DOCUMENT, file_id="lease.pdf", name="lease.pdf")
    await stage.talk().ask("What is the rent?", attachments=[lease])
    assert "812 euros" in str(stage.requests[-1])
    assert files.given == ["lease.pdf"]

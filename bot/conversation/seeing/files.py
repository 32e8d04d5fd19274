"""Brings the bytes of what people sent from the platform into memory, bounded, and tries again by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import BinaryIO, Final, TypeVar

from bot.conversation.perceiving.perceiving import NotReadable, Place
from bot.errors import PartRejected, PlatformBusy, PlatformUnclear
from bot.messages import Attachment
from bot.ports import Clock
from bot.texts import say

__all__ = ["Fetching", "FileTooLarge"]

_T = TypeVar("_T")
_TRIES: Final = 3
_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 10.0


class FileTooLarge(Exception):
    """The file has more bytes than were asked for at most."""


class Fetching:
    """Shared by all readers; nothing to close."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock

    async def head(self, attachment: Attachment, place: Place, *, size_bytes: int) -> bytes:
        """The first bytes, fewer of a shorter file. Raises NotReadable and DeliveryError."""
        return await self.patiently(lambda: self._read(attachment, place, size_bytes), place)

    async def whole(self, attachment: Attachment, place: Place, *, most_bytes: int) -> bytes:
        """All bytes. Raises FileTooLarge, NotReadable and DeliveryError."""
        if (attachment.size_bytes or 0) > most_bytes:
            raise FileTooLarge
        data = await self.patiently(lambda: self._read(attachment, place, most_bytes + 1), place)
        if len(data) > most_bytes:
            raise FileTooLarge
        return data

    async def into(self, file: BinaryIO, attachment: Attachment, place: Place, *, most_bytes: int) -> None:
        """Write all bytes to an empty file. Raises FileTooLarge, NotReadable and DeliveryError."""
        if (attachment.size_bytes or 0) > most_bytes:
            raise FileTooLarge
        await self.patiently(lambda: self._pour(file, attachment, place, most_bytes), place)

    async def patiently(self, fetch: Callable[[], Awaitable[_T]], place: Place) -> _T:
        """What ``fetch`` gives, tried again while the platform is busy. Raises NotReadable, DeliveryError."""
        for again in range(_TRIES):
            try:
                return await fetch()
            except PartRejected as exc:
                raise NotReadable(say("file_not_given", place.language)) from exc
            except (PlatformBusy, PlatformUnclear) as exc:
                if again == _TRIES - 1:
                    raise
                wished = exc.retry_after_seconds if isinstance(exc, PlatformBusy) else _PAUSE_SECONDS
                await self._clock.sleep(min(wished, _LONGEST_PAUSE_SECONDS))
        raise AssertionError("unreachable")

    @staticmethod
    async def _pour(file: BinaryIO, attachment: Attachment, place: Place, most_bytes: int) -> None:
        file.seek(0)
        file.truncate()
        async with place.fetch(attachment) as chunks:
            async for chunk in chunks:
                if file.tell() + len(chunk) > most_bytes:
                    raise FileTooLarge
                await asyncio.to_thread(file.write, chunk)

    @staticmethod
    async def _read(attachment: Attachment, place: Place, most_bytes: int) -> bytes:
        """At most so many bytes; what comes after them is not waited for."""
        data = bytearray()
        async with place.fetch(attachment) as chunks:
            async for chunk in chunks:
                data += chunk
                if len(data) >= most_bytes:
                    break
        return bytes(data[:most_bytes])

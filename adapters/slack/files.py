"""Fetches what people sent, as a stream. The bot's token goes to Slack's own hosts and nowhere else."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import aiohttp
from yarl import URL

from bot.errors import DeliveryError, FileTooLarge, MessageGone, PartRejected, PlatformBusy, PlatformUnclear
from bot.messages import Attachment

from .attachments import file_address
from .client import ApiClient
from .errors import Refused, delivery_error, transport_error
from .wire import Payload, map_in, text_in

__all__ = ["LIMIT_BYTES", "Files"]

LIMIT_BYTES = 200 * 1024 * 1024
_HOSTS = ("slack.com", "slack-files.com", "slack-edge.com")
_CHUNK_BYTES = 64 * 1024
_STALL_SECONDS = 30.0
_MOST_REDIRECTS = 3
_REDIRECTS = (301, 302, 303, 307, 308)
_TRANSPORT = (aiohttp.ClientError, TimeoutError, OSError)
_PAGE = (b"<!doctype html", b"<html")


class Files:
    """Downloads for one bot. ``limit_bytes`` bounds each file."""

    def __init__(self, *, client: ApiClient, limit_bytes: int = LIMIT_BYTES) -> None:
        self._client = client
        self._limit = limit_bytes

    @asynccontextmanager
    async def fetch(self, attachment: Attachment) -> AsyncIterator[AsyncIterator[bytes]]:
        """The attachment's bytes.

        Raises PartRejected for a file that is too large, has no bytes or may not be read, MessageGone when
        Slack no longer has it, and DeliveryError's other kinds when the way there is broken.
        """
        if not attachment.file_id:
            raise PartRejected(f"there is no file behind a {attachment.kind.value} attachment")
        self._check(attachment.size_bytes or 0)
        async with self._client.in_use() as session:
            url, mime = await self._locate(attachment)
            response = await self._begin(session, url)
            try:
                async with aclosing(self._bytes(response, mime)) as chunks:
                    yield chunks
            finally:
                response.close()

    async def look(self, attachment: Attachment) -> Payload:
        """What Slack tells of a file now. Raises DeliveryError's subclasses."""
        try:
            answer = await self._client.call("files.info", {"file": attachment.file_id})
        except Refused as exc:
            raise delivery_error(exc) from exc
        return map_in(answer, "file")

    def _check(self, size_bytes: int) -> None:
        if size_bytes > self._limit:
            raise FileTooLarge(
                f"the file has {size_bytes} bytes and at most {self._limit} are fetched",
                limit_bytes=self._limit,
            )

    async def _locate(self, attachment: Attachment) -> tuple[URL, str]:
        """Where the bytes are. Asked each time: addresses change, and stubs of other workspaces have none."""
        file = await self.look(attachment)
        size = file.get("size")
        self._check(size if isinstance(size, int) else 0)
        return _address(file_address(file)), text_in(file, "mimetype")

    def _is_slack(self, url: URL) -> bool:
        own = self._client.own_server
        if own:
            return url.authority == own
        host = url.host or ""
        return url.scheme == "https" and any(host == one or host.endswith(f".{one}") for one in _HOSTS)

    async def _begin(self, session: aiohttp.ClientSession, url: URL) -> aiohttp.ClientResponse:
        for _ in range(_MOST_REDIRECTS + 1):
            if not self._is_slack(url):
                raise PartRejected(f"the file is not on a host of Slack's: {url.host!r}")
            response = await self._get(session, url)
            if isinstance(response, DeliveryError):
                raise response
            if response.status not in _REDIRECTS:
                return _checked(response)
            response.close()
            url = url.join(_address(response.headers.get("Location", "")))
        raise PlatformUnclear("the way to the file goes in circles")

    async def _get(self, session: aiohttp.ClientSession, url: URL) -> aiohttp.ClientResponse | DeliveryError:
        headers = {"Authorization": f"Bearer {self._client.bot_token}"}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10.0, sock_read=_STALL_SECONDS)
        try:
            return await session.get(url, headers=headers, timeout=timeout, allow_redirects=False)
        except _TRANSPORT as exc:
            return transport_error("download", exc)

    async def _bytes(self, response: aiohttp.ClientResponse, mime: str) -> AsyncGenerator[bytes, None]:
        """The same bytes, bounded; what is announced is not always what comes."""
        total = 0
        while True:
            chunk = await _chunk(response)
            if isinstance(chunk, DeliveryError):
                raise chunk
            if not chunk:
                return
            if not total:
                _refuse_page(response, chunk, mime)
            total += len(chunk)
            self._check(total)
            yield chunk


def _address(text: str) -> URL:
    try:
        return URL(text)
    except ValueError:
        raise PartRejected("Slack gives the file an address that is none") from None


def _checked(response: aiohttp.ClientResponse) -> aiohttp.ClientResponse:
    status = response.status
    if status == 200:
        return response
    retry_after = response.headers.get("Retry-After", "")
    response.close()
    if status in (404, 410):
        raise MessageGone("download: Slack no longer has the file")
    if status == 429:
        seconds = float(retry_after) if retry_after.isdecimal() else 5.0
        raise PlatformBusy("download: ratelimited", retry_after_seconds=seconds)
    if status >= 500:
        raise PlatformUnclear(f"download: HTTP {status}")
    raise PartRejected(f"download: HTTP {status}")


def _refuse_page(response: aiohttp.ClientResponse, beginning: bytes, mime: str) -> None:
    """Without the scope, Slack answers 200 with its login page (facts: Slack files and voice)."""
    is_page = response.content_type == "text/html" or beginning.lstrip()[:14].lower().startswith(_PAGE)
    if is_page and mime != "text/html":
        raise PartRejected("Slack gave a web page instead of the file: the app needs the scope files:read")


async def _chunk(response: aiohttp.ClientResponse) -> bytes | DeliveryError:
    try:
        data: Any = await response.content.read(_CHUNK_BYTES)
    except _TRANSPORT as exc:
        return transport_error("download", exc)
    return bytes(data)

"""Calls Bot API methods: JSON in, JSON out, one kept pool of connections, no token in any error.

Calls carry plain JSON and their results are not turned into aiogram's models: building and reading those for
a reply of 3 kB costs forty times the JSON itself, and all that is wanted of a result is an id.
"""

from __future__ import annotations

import io
import json
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any, Final

import aiohttp
import certifi
import orjson
from aiogram.client.telegram import PRODUCTION, TelegramAPIServer
from yarl import URL

from bot.errors import DeliveryError, PlatformUnclear
from bot.ports import OutgoingFile

from .errors import Refused, delivery_error, transport_error

__all__ = ["CALL_SECONDS", "ApiClient", "load_json"]

CALL_SECONDS: Final = 20.0
_CONNECT_SECONDS = 10.0
_DOWNLOAD_STALL_SECONDS = 30.0
_CONNECTIONS = 512  # the server refuses more than 1,000 calls at once (facts of the open Bot API server)
_CHUNK_BYTES = 64 * 1024
_HEADERS = {"Content-Type": "application/json"}
_TRANSPORT = (aiohttp.ClientError, TimeoutError, OSError)
_UPLOAD_SECONDS = 120.0

_Outcome = tuple[int, str, bytes] | DeliveryError


class ApiClient:
    """One bot's calls. The pool is open while somebody uses it: ``in_use`` keeps it open between calls."""

    def __init__(self, *, token: str, api_base_url: str | None = None, proxy: str | None = None) -> None:
        self._server = TelegramAPIServer.from_base(api_base_url) if api_base_url else PRODUCTION
        self._token = token
        self._proxy = proxy
        self._users = 0
        self._session: aiohttp.ClientSession | None = None

    @property
    def is_own_server(self) -> bool:
        """Whether the calls go to a Bot API server other than Telegram's."""
        return self._server is not PRODUCTION

    @asynccontextmanager
    async def in_use(self) -> AsyncIterator[aiohttp.ClientSession]:
        """The open pool. The last user to leave closes it, so late calls at shutdown still get through."""
        self._users += 1
        try:
            yield self._open()
        finally:
            self._users -= 1
            if not self._users:
                await self._close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=_CONNECTIONS, ssl=self._tls(), ttl_dns_cache=600)
            self._session = aiohttp.ClientSession(
                connector=connector, proxy=self._proxy, cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session

    def _tls(self) -> ssl.SSLContext | bool:
        # Small images have no certificates of their own.
        is_tls = self._server.base.startswith("https:")
        return ssl.create_default_context(cafile=certifi.where()) if is_tls else True

    async def _close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def call(
        self, method: str, params: Mapping[str, Any], *, timeout_seconds: float = CALL_SECONDS
    ) -> Any:
        """The method's result.

        Raises Refused for an error the server names, PlatformBusy when no connection came about, and
        PlatformUnclear when no answer came or it is not the Bot API's.
        """
        outcome = await self._post(method, orjson.dumps(params), timeout_seconds, headers=_HEADERS)
        return _result(method, outcome)

    async def upload(self, method: str, params: Mapping[str, Any], *, field: str, file: OutgoingFile) -> Any:
        """The result of a method that sends a file in its parameter ``field``. Raises as ``call``."""
        return await self.upload_all(method, params, {field: file})

    async def upload_all(
        self, method: str, params: Mapping[str, Any], files: Mapping[str, OutgoingFile]
    ) -> Any:
        """The same with several files; parameters name them as ``attach://NAME``. Raises as ``call``."""
        form = aiohttp.FormData(quote_fields=False)  # the server takes a name as it is written
        for name, value in params.items():
            form.add_field(name, value if isinstance(value, str) else orjson.dumps(value).decode())
        for field, file in files.items():
            form.add_field(field, io.BytesIO(file.data), filename=file.name, content_type=file.mime)
        return _result(method, await self._post(method, form(), _UPLOAD_SECONDS))

    async def _post(
        self,
        method: str,
        body: bytes | aiohttp.Payload,
        timeout_seconds: float,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> _Outcome:
        """Status, Retry-After and body. A failure is returned, not raised, so that no later error carries
        aiohttp's (whose texts hold the token) as its context."""
        url = URL(self._server.api_url(self._token, method), encoded=True)
        timeout = aiohttp.ClientTimeout(total=timeout_seconds, sock_connect=_CONNECT_SECONDS)
        try:
            async with (
                self.in_use() as session,
                session.post(
                    url, data=body, headers=headers, timeout=timeout, allow_redirects=False
                ) as response,
            ):
                return response.status, response.headers.get("Retry-After", ""), await response.read()
        except _TRANSPORT as exc:
            return transport_error(method, exc)

    @asynccontextmanager
    async def download(self, path: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """The bytes of the file that getFile placed at ``path``, as they come. Raises DeliveryError."""
        url = URL(self._server.file_url(self._token, path), encoded=False)
        async with self.in_use() as session:
            response = await _begin(session, url)
            if isinstance(response, DeliveryError):
                raise response
            try:
                async with aclosing(_chunks(response)) as chunks:
                    yield chunks
            finally:
                response.close()


def _result(method: str, outcome: _Outcome) -> Any:
    if isinstance(outcome, DeliveryError):
        raise outcome
    status, retry_after, body = outcome
    answer = load_json(body)
    if isinstance(answer, dict) and answer.get("ok") is True:
        return answer.get("result")
    raise _refusal(method, status, retry_after, answer)


async def _begin(session: aiohttp.ClientSession, url: URL) -> aiohttp.ClientResponse | DeliveryError:
    timeout = aiohttp.ClientTimeout(
        total=None, sock_connect=_CONNECT_SECONDS, sock_read=_DOWNLOAD_STALL_SECONDS
    )
    try:
        response = await session.get(url, timeout=timeout, allow_redirects=False)
    except _TRANSPORT as exc:
        return transport_error("download", exc)
    if response.status == 200:
        return response
    response.close()
    if response.status == 404:
        return delivery_error(
            Refused("download", 400, "wrong file_id or the file is temporarily unavailable")
        )
    return delivery_error(Refused("download", response.status, "the file cannot be had"))


async def _chunks(response: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
    while True:
        chunk = await _chunk(response)
        if isinstance(chunk, DeliveryError):
            raise chunk
        if not chunk:
            return
        yield chunk


async def _chunk(response: aiohttp.ClientResponse) -> bytes | DeliveryError:
    try:
        return await response.content.read(_CHUNK_BYTES)
    except _TRANSPORT as exc:
        return transport_error("download", exc)


def load_json(body: bytes | str) -> Any:
    """Parse JSON; None when it is none. Halves of surrogate pairs become question marks.

    Python's parser takes such halves, orjson does not; one hostile name must not spoil a batch of updates.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    try:
        lenient = json.dumps(json.loads(body), ensure_ascii=False)
        return orjson.loads(lenient.encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None


def _refusal(method: str, status: int, retry_after: str, answer: Any) -> Refused | PlatformUnclear:
    if isinstance(answer, dict) and isinstance(answer.get("error_code"), int):
        parameters = answer.get("parameters")
        return _named_refusal(method, answer, parameters if isinstance(parameters, dict) else {})
    if status == 429:
        seconds = float(retry_after) if retry_after.isdecimal() else None
        return Refused(method, 429, "Too Many Requests", retry_after_seconds=seconds)
    return PlatformUnclear(f"{method}: HTTP {status} with a body that is not the Bot API's")


def _named_refusal(method: str, answer: Mapping[str, Any], parameters: Mapping[str, Any]) -> Refused:
    seconds = parameters.get("retry_after")
    new_chat = parameters.get("migrate_to_chat_id")
    return Refused(
        method,
        answer["error_code"],
        str(answer.get("description", "")),
        retry_after_seconds=float(seconds) if isinstance(seconds, int | float) else None,
        new_chat=str(new_chat) if isinstance(new_chat, int) else "",
    )

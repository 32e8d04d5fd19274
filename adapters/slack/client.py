"""Calls Web API methods over one kept pool of connections; no token in any error or log line."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import certifi
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import DeliveryError, PlatformUnclear

from .errors import Refused, transport_error

__all__ = ["CALL_SECONDS", "SDK_LOG", "ApiClient"]

CALL_SECONDS: Final = 20.0
SLACK_API: Final = "https://slack.com/api/"
_CONNECT_SECONDS = 10.0
_CONNECTIONS = 256
_TRANSPORT = (aiohttp.ClientError, TimeoutError, OSError)
_DETAIL_LIMIT = 200
# Methods that read their arguments from a form only (Web API, "POST bodies").
_FORM = frozenset(
    {
        "apps.connections.open",
        "auth.test",
        "conversations.info",
        "conversations.replies",
        "files.getUploadURLExternal",
        "files.info",
        "users.info",
    }
)

# The SDK logs whole requests at debug level, with what people wrote in them.
SDK_LOG: Final = logging.getLogger("adapters.slack.sdk")
SDK_LOG.setLevel(logging.ERROR)


class ApiClient:
    """One app's calls. The pool is open while somebody uses it: ``in_use`` keeps it open between calls."""

    def __init__(self, *, bot_token: str, app_token: str = "", api_base_url: str | None = None) -> None:
        self._bot_token = bot_token
        self._app_token = app_token
        self._base_url = f"{(api_base_url or SLACK_API).rstrip('/')}/"
        self._users = 0
        self._session: aiohttp.ClientSession | None = None

    @property
    def bot_token(self) -> str:
        """The token files are fetched with."""
        return self._bot_token

    @property
    def base_url(self) -> str:
        """Where the methods are, with a slash at its end."""
        return self._base_url

    @property
    def own_server(self) -> str:
        """Host and port of a Web API other than Slack's; empty for Slack's own."""
        return "" if self._base_url == SLACK_API else urlsplit(self._base_url).netloc

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
            # Small images have no certificates of their own.
            tls = ssl.create_default_context(cafile=certifi.where())
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=_CONNECTIONS, ssl=tls, ttl_dns_cache=600),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    async def _close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def call(
        self, method: str, params: Mapping[str, Any], *, timeout_seconds: float = CALL_SECONDS
    ) -> dict[str, Any]:
        """The method's answer.

        Raises Refused for an error Slack names, PlatformBusy when no connection came about, and
        PlatformUnclear when no answer came or it is not the Web API's.
        """
        return await self._call(method, params, self._bot_token, timeout_seconds)

    async def open_socket_url(self) -> str:
        """The address of a new Socket Mode connection; it holds a ticket. Raises as ``call``."""
        answer = await self._call("apps.connections.open", {}, self._app_token, CALL_SECONDS)
        url = answer.get("url")
        if not isinstance(url, str):
            raise PlatformUnclear("apps.connections.open: the answer holds no address")
        return url

    async def _call(
        self, method: str, params: Mapping[str, Any], token: str, timeout_seconds: float
    ) -> dict[str, Any]:
        async with self.in_use() as session:
            outcome = await self._answer(session, method, dict(params), token, timeout_seconds)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def _answer(
        self,
        session: aiohttp.ClientSession,
        method: str,
        params: dict[str, Any],
        token: str,
        timeout_seconds: float,
    ) -> dict[str, Any] | Refused | DeliveryError:
        """A failure is returned, not raised, so that no error carries the SDK's as its context."""
        web = AsyncWebClient(
            token=token, base_url=self._base_url, session=session, retry_handlers=[], logger=SDK_LOG
        )
        try:
            async with asyncio.timeout(timeout_seconds):
                if method in _FORM:
                    response = await web.api_call(method, data=params)
                else:
                    response = await web.api_call(method, json=params)
        except SlackApiError as exc:
            return _refusal(method, exc.response)
        except _TRANSPORT as exc:
            return transport_error(method, exc)
        except (AttributeError, TypeError, ValueError):
            return PlatformUnclear(f"{method}: the answer is not the Web API's")
        return response.data if isinstance(response.data, dict) else {}


def _refusal(method: str, response: Any) -> Refused | PlatformUnclear:
    """What an error answer says; ``response`` is the SDK's, or aiohttp's for a body that is no JSON."""
    status: int = getattr(response, "status_code", 0) or getattr(response, "status", 0)
    data = getattr(response, "data", None)
    error = data.get("error") if isinstance(data, dict) else None
    if status == 429:
        return Refused(method, "ratelimited", status=429, retry_after_seconds=_retry_after(response.headers))
    if not isinstance(error, str):
        return PlatformUnclear(f"{method}: HTTP {status} with a body that is not the Web API's")
    return Refused(
        method,
        error,
        status=status,
        retry_after_seconds=_retry_after(response.headers),
        detail=_detail(data),
    )


def _retry_after(headers: Mapping[str, str]) -> float | None:
    written = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    return float(written) if written.isascii() and written.isdecimal() else None


def _detail(data: Any) -> str:
    metadata = data.get("response_metadata")
    messages = metadata.get("messages") if isinstance(metadata, dict) else None
    parts = [str(data[name]) for name in ("needed",) if name in data]
    parts += [str(line) for line in messages] if isinstance(messages, list) else []
    return "; ".join(parts)[:_DETAIL_LIMIT]

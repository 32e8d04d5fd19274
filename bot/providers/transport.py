"""Opens the HTTP client for the provider: httpx's interface on aiohttp's connections.

aiohttp's client costs a quarter of the CPU of httpx's own per stream. Its limit of 100 connections is lifted
on purpose, since every chat that is being answered holds one. Leaving a response early closes its socket.
"""

from __future__ import annotations

import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

__all__ = ["NETWORK_ERRORS", "describe_network_error", "open_http"]

# The transport does not translate every aiohttp exception, and it calls a lost connection a ConnectTimeout.
NETWORK_ERRORS: Final = (httpx.RequestError, aiohttp.ClientError, OSError)

_KEEP_ALIVE_SECONDS: Final = 60.0
_DNS_CACHE_SECONDS: Final = 60
_LONGEST_REASON: Final = 160


@asynccontextmanager
async def open_http(*, connect_seconds: float = 10.0) -> AsyncIterator[httpx.AsyncClient]:
    """A client without redirects that honours the proxies of the environment; closed on leaving.

    Only finding the host and connecting are limited in time: the caller limits its answers.
    """
    ssl_context = httpx.create_ssl_context()
    connector = aiohttp.TCPConnector(
        limit=0,
        keepalive_timeout=_KEEP_ALIVE_SECONDS,
        ttl_dns_cache=_DNS_CACHE_SECONDS,
        ssl=ssl_context,
    )
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=bool(urllib.request.getproxies()),
    ) as session:
        # httpx's "pool" is aiohttp's limit over looking up the host, waiting for a connection and opening it.
        timeout = httpx.Timeout(None, connect=connect_seconds, pool=connect_seconds)
        transport = AiohttpTransport(client=session, verify=ssl_context)
        async with httpx.AsyncClient(transport=transport, timeout=timeout, follow_redirects=False) as client:
            yield client


def describe_network_error(exc: BaseException) -> str:
    """What went wrong on the wire, by the name of the error that aiohttp met first."""
    cause = exc.__cause__ or exc
    reason = str(cause).strip()[:_LONGEST_REASON]
    return f"{type(cause).__name__}: {reason}" if reason else type(cause).__name__

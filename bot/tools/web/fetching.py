"""Fetches one page from the public web, and can be led nowhere else.

Names are resolved here, every address is checked, and the connection is made to a checked address itself:
a name that resolves to something else a moment later changes nothing. Each redirect is checked the same way.
No proxy, cookie, credential or referrer takes part.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import Final

import httpx

from bot.errors import ToolFailed, ToolRetry
from bot.tools.web.addresses import WEB_PORTS, Address, is_public_web
from bot.tools.web.location import join_location, parse_location, port_of
from bot.tools.web.resolving import Resolver, resolve
from bot.tools.web.unpacking import ACCEPTED_CODINGS, Unpacker, unpacker

__all__ = ["Fetched", "WebFetcher"]

_MOST_REDIRECTS: Final = 5
_MOST_ADDRESSES_TRIED: Final = 3
_CONNECT_SECONDS: Final = 5.0
_ACCEPT: Final = "text/html, application/xhtml+xml, text/plain, application/json;q=0.9, */*;q=0.1"
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A page as it came, without its compression. ``cut`` says that there was more than may be read."""

    url: str
    content_type: str
    body: bytes
    cut: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WebFetcher:
    """Fetches pages, each within ``total_seconds``, reading at most so many bytes before and after unpacking.

    ``allows`` decides over each address and port; the default lets only the public web pass.
    """

    resolver: Resolver = resolve
    allows: Callable[[Address, int], bool] = is_public_web
    total_seconds: float = 15.0
    most_wire_bytes: int = 3_000_000
    most_bytes: int = 3_000_000
    tls: ssl.SSLContext | None = None

    async def fetch(self, url: str, *, languages: str = "en") -> Fetched:
        """The page at ``url``, after at most five redirects.

        Raises ToolRetry for an address of the wrong form and ToolFailed when there is no page to be had.
        """
        try:
            async with asyncio.timeout(self.total_seconds):
                return await self._follow(parse_location(url), languages)
        except TimeoutError as exc:
            raise ToolFailed(f"the page did not come within {self.total_seconds:g} seconds.") from exc
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            raise ToolFailed("the connection to the web server failed.") from exc

    async def _follow(self, url: httpx.URL, languages: str) -> Fetched:
        seen: set[httpx.URL] = set()
        while len(seen) <= _MOST_REDIRECTS and url not in seen:
            seen.add(url)
            async with self._response(url, languages) as response:
                target = response.headers.get("location")
                if response.status_code not in _REDIRECTS or target is None:
                    return await self._read(url, response)
                url = _redirected(url, target)
        raise ToolFailed("the address redirects in a circle, or too often.")

    @asynccontextmanager
    async def _response(self, url: httpx.URL, languages: str) -> AsyncIterator[httpx.Response]:
        addresses = await self._checked_addresses(url)
        async with httpx.AsyncHTTPTransport(verify=self.tls or _tls(), trust_env=False) as transport:
            response = await _first_answer(transport, url, addresses, languages)
            try:
                yield response
            finally:
                await response.aclose()

    async def _checked_addresses(self, url: httpx.URL) -> Sequence[Address]:
        """Where to connect for ``url``; one forbidden address among several is enough to refuse them all."""
        port = port_of(url)
        addresses = await self.resolver(url.host, port)
        if not addresses:
            raise ToolFailed(f"no address is known for the host {url.host!r}.")
        if not all(self.allows(address, port) for address in addresses):
            raise ToolFailed(
                f"{url.host!r} at port {port} is not on the public web: only public hosts are fetched, "
                f"at the ports {', '.join(map(str, sorted(WEB_PORTS)))}."
            )
        return addresses[:_MOST_ADDRESSES_TRIED]

    async def _read(self, url: httpx.URL, response: httpx.Response) -> Fetched:
        _check_status(response.status_code)
        unpack = unpacker(response.headers.get("content-encoding", ""))
        body, cut = await self._body(response, unpack)
        return Fetched(
            url=str(url), content_type=response.headers.get("content-type", ""), body=body, cut=cut
        )

    async def _body(self, response: httpx.Response, unpack: Unpacker) -> tuple[bytes, bool]:
        body, wire_bytes = bytearray(), 0
        async for piece in response.aiter_raw():
            wire_bytes += len(piece)
            body += unpack(piece, self.most_bytes + 1 - len(body))
            if len(body) > self.most_bytes or wire_bytes > self.most_wire_bytes:
                return bytes(body[: self.most_bytes]), True
        return bytes(body), False


def _redirected(url: httpx.URL, target: str) -> httpx.URL:
    try:
        return join_location(url, target)
    except ToolRetry as exc:
        raise ToolFailed(f"the page redirects to where it cannot be followed. {exc}") from exc


async def _first_answer(
    transport: httpx.AsyncHTTPTransport, url: httpx.URL, addresses: Sequence[Address], languages: str
) -> httpx.Response:
    """From the first address that takes the connection."""
    *others, last = addresses
    for address in others:
        try:
            return await transport.handle_async_request(_request(url, address, languages))
        except (httpx.ConnectError, httpx.ConnectTimeout):
            continue
    return await transport.handle_async_request(_request(url, last, languages))


def _request(url: httpx.URL, address: Address, languages: str) -> httpx.Request:
    """To ``address`` itself, in the name of the host: in the Host header, in TLS and for its certificate."""
    headers = {
        "Host": url.netloc.decode("ascii"),
        "User-Agent": "Mozilla/5.0 (compatible; Parley; fetches a page for a person who asked)",
        "Accept": _ACCEPT,
        "Accept-Language": languages,
        "Accept-Encoding": ACCEPTED_CODINGS,
        "Connection": "close",
    }
    name = url.raw_host.decode("ascii").rstrip(".")
    extensions = {"sni_hostname": name, "timeout": {"connect": _CONNECT_SECONDS}}
    return httpx.Request("GET", url.copy_with(host=str(address)), headers=headers, extensions=extensions)


def _check_status(status: int) -> None:
    if status in {HTTPStatus.OK, HTTPStatus.NON_AUTHORITATIVE_INFORMATION}:
        return
    known = status in HTTPStatus.__members__.values()
    phrase = f" ({HTTPStatus(status).phrase})" if known else ""
    raise ToolFailed(f"the web server answered with status {status}{phrase} and no page.")


@cache
def _tls() -> ssl.SSLContext:
    """Made once, on first use: reading the certificates takes a while."""
    return httpx.create_ssl_context(trust_env=False)

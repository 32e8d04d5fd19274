"""Lets in only the browser of whoever runs the service: right host, same origin, and the key.

A page elsewhere on the web can make a browser send requests here. It cannot choose the Host header's name
(unless it rebinds its own name to this machine, which the check of that name refuses), it cannot hide its
Origin, and it does not get the cookie, which is set once, by the link that the service prints.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

__all__ = ["Guard", "Refused", "refuse", "secured"]

_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
_YEAR_SECONDS: Final = 365 * 86_400
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types parley"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Refused(Exception):
    """A request is not served. ``reason`` is what the page makes a sentence of."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def refuse(refused: Refused) -> web.Response:
    """The answer to a request that is not served."""
    return web.json_response({"error": refused.reason}, status=refused.status)


def secured(response: web.StreamResponse) -> None:
    """Add to a response what keeps everybody else's code out of the page, unless it has stricter rules."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)


class Guard:
    """``host`` is the address the server listens on; ``session`` gives the secret that the cookie holds.

    ``key`` is the secret in the printed link. It is as old as the process: a link of an earlier start, from a
    log or a browser's history, opens nothing.
    """

    def __init__(self, *, host: str, session: Callable[[], Awaitable[str]]) -> None:
        bracketed = f"[{host}]" if ":" in host and not host.startswith("[") else host
        self._hosts = _LOCAL | {bracketed.lower()}
        self._session = session
        self.key = secrets.token_urlsafe(24)

    def check_host(self, request: web.Request) -> None:
        """Raises Refused for a name that is not this machine's: another site's, rebound to it."""
        if _name_in(request.host).lower() not in self._hosts:
            raise Refused(403, "host")

    async def check_person(self, request: web.Request, *, takes: str = "application/json") -> None:
        """Raises Refused unless the request comes from our own page in a browser that has the key.

        ``takes`` is the type of its body: one that no form of another page can send without asking first.
        """
        self.check_host(request)
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            raise Refused(403, "origin")
        if request.method not in ("GET", "HEAD"):
            _check_origin(request, takes)
        cookie = request.cookies.get(_cookie_name(request), "")
        if not _same(cookie, await self._session()):
            raise Refused(401, "key")

    async def sign_in(self, request: web.Request) -> web.Response:
        """What the printed link leads to: the page, with the cookie where the key is right."""
        self.check_host(request)
        response = web.Response(status=303, headers={"Location": "/chat/"})
        if _same(request.query.get("key", ""), self.key):
            response.set_cookie(
                _cookie_name(request),
                await self._session(),
                path="/chat",
                max_age=_YEAR_SECONDS,
                httponly=True,
                samesite="Strict",
            )
        return response


def _check_origin(request: web.Request, takes: str) -> None:
    # Every browser names the origin of a POST; the port counts, so other services here are strangers too.
    if request.headers.get("Origin", "") not in (f"http://{request.host}", f"https://{request.host}"):
        raise Refused(403, "origin")
    if request.content_type != takes:
        raise Refused(415, "wrong_type")


def _name_in(host: str) -> str:
    """A Host header without its port."""
    name, _, port = host.rpartition(":")
    return name if name and port.isdigit() else host


def _cookie_name(request: web.Request) -> str:
    # Browsers keep one jar for all ports of a host; two services there must not overwrite each other.
    port = request.host.rpartition(":")[2]
    return f"parley_{port}" if port.isdigit() else "parley"


def _same(given: str, wanted: str) -> bool:
    return secrets.compare_digest(given.encode("utf-8", "replace"), wanted.encode())

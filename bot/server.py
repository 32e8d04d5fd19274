"""The service's one HTTP server: its health for those who run it, and the adapters' own routes."""

from __future__ import annotations

import errno
import socket
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web

from bot.errors import ConfigurationError

__all__ = ["HttpServer", "Readiness", "Route"]

Route = tuple[str, str, Callable[[Any], Awaitable[Any]]]
"""(method, path, handler), as ports.Routed gives them."""

LARGEST_BODY_BYTES: Final = 1_048_576
SHUTDOWN_SECONDS: Final = 5.0


@dataclass(slots=True)
class Readiness:
    """Which parts of the service are not ready, and why. A part counts from its first ``wait_for``."""

    _reasons: dict[str, str] = field(default_factory=dict)
    _optional: set[str] = field(default_factory=set)

    def wait_for(self, part: str, reason: str = "starting", *, optional: bool = False) -> None:
        """``part`` is not ready. Messages are served without an ``optional`` one."""
        self._reasons[part] = reason
        (self._optional.add if optional else self._optional.discard)(part)

    def ready(self, part: str) -> None:
        """``part`` is ready."""
        self._reasons.pop(part, None)

    @property
    def pending(self) -> dict[str, str]:
        """The parts that are not ready, each with its reason."""
        return dict(self._reasons)

    @property
    def serving(self) -> bool:
        """Whether messages can be served."""
        return self._reasons.keys() <= self._optional


class HttpServer:
    """Serves /healthz, /readyz and ``routes``; ``start`` opens the port, ``close`` ends what is open.

    Bodies above one megabyte are refused with 413.
    """

    def __init__(self, *, host: str, port: int, readiness: Readiness, routes: Iterable[Route] = ()) -> None:
        self._host = host
        self._port = port
        self._readiness = readiness
        self._runner = web.AppRunner(
            self._application(routes), access_log=None, shutdown_timeout=SHUTDOWN_SECONDS
        )

    @property
    def port(self) -> int:
        """The port in use; the wanted one before ``start``."""
        return self._port

    @property
    def url(self) -> str:
        """Where the server is reached from this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self._host, self._host)  # noqa: S104 (compared)
        return f"http://{f'[{host}]' if ':' in host and host[0] != '[' else host}:{self._port}"

    async def start(self) -> None:
        """Listen. Raises ConfigurationError when the address cannot be had."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as exc:
            await self._runner.cleanup()
            raise ConfigurationError(self._explain(exc)) from exc
        self._port = self._runner.addresses[0][1]

    async def close(self) -> None:
        """Stop listening and give open requests a few seconds; may be called twice."""
        await self._runner.cleanup()

    def _application(self, routes: Iterable[Route]) -> web.Application:
        application = web.Application(client_max_size=LARGEST_BODY_BYTES)
        application.router.add_get("/healthz", self._health)
        application.router.add_get("/readyz", self._ready)
        for method, path, handler in routes:
            application.router.add_route(method, path, handler)
        return application

    async def _health(self, _: web.Request) -> web.Response:
        if self._readiness.serving:
            return web.Response(text="ok")
        return web.Response(text="not serving yet: see /readyz", status=503)

    async def _ready(self, _: web.Request) -> web.Response:
        pending = self._readiness.pending
        return web.json_response(
            {"ready": not pending, "waiting_for": pending}, status=503 if pending else 200
        )

    def _explain(self, exc: OSError) -> str:
        if isinstance(exc, socket.gaierror) or exc.errno == errno.EADDRNOTAVAIL:
            return (
                f"PARLEY_HTTP__HOST: {self._host!r} is no address of this machine; "
                "for example PARLEY_HTTP__HOST=127.0.0.1"
            )
        if exc.errno == errno.EACCES:
            return (
                f"PARLEY_HTTP__PORT: this user may not listen on port {self._port}; "
                "for example PARLEY_HTTP__PORT=8080"
            )
        if exc.errno == errno.EADDRINUSE:
            return (
                f"PARLEY_HTTP__PORT: port {self._port} on {self._host} is taken by another program; "
                f"for example PARLEY_HTTP__PORT={self._port % 65535 + 1}, or 0 for any free one"
            )
        return f"PARLEY_HTTP__PORT: cannot listen on {self._host} port {self._port}: {exc.strerror or exc}"

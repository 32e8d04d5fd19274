"""Receives events, pressed buttons and slash commands as HTTP requests; 200 only after they were stored."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_sdk.signature import Clock as SignatureClock
from slack_sdk.signature import SignatureVerifier

from bot.ports import Clock

from .bolt import Gate

__all__ = ["PATH", "Requests"]

log = structlog.get_logger(__name__)

PATH = "/slack/events"
_BODY_BYTES = 1024 * 1024


class Requests:
    """One bot's HTTP side."""

    def __init__(self, *, signing_secret: str, clock: Clock) -> None:
        self._verifier = SignatureVerifier(signing_secret, _Wall(clock))
        self._gate: Gate | None = None

    async def run(self, gate: Gate, ready: Callable[[], None]) -> None:
        """Serve until cancelled."""
        self._gate = gate
        try:
            ready()
            await asyncio.Event().wait()
        finally:
            self._gate = None

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one request.

        401 for a signature that does not hold, 413 and 400 for what cannot be parsed, 503 while it cannot be
        stored (Slack then sends it again), else 200.
        """
        body = await _read(request)
        if body is None:
            log.warning("slack_request_too_large", remote=request.remote)
            return web.Response(status=413)
        if not self._is_signed(request, body):
            log.warning("slack_request_forged", remote=request.remote)
            return web.Response(status=401)
        if self._gate is None:
            return web.Response(status=503)
        answer = await self._gate.http(body.decode(), request.query_string, request.headers)
        return await to_aiohttp_response(answer)

    def _is_signed(self, request: web.Request, body: bytes) -> bool:
        timestamp = request.headers.get("X-Slack-Request-Timestamp")
        signature = request.headers.get("X-Slack-Signature")
        try:
            return self._verifier.is_valid(body, timestamp, signature)
        except (ValueError, TypeError, OverflowError):
            return False  # a time that is no number, a signature or body that is no text


class _Wall(SignatureClock):
    """The service's clock, as the SDK asks for it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock.now().timestamp()


async def _read(request: web.Request) -> bytes | None:
    """The body; None when it is too large."""
    body = bytearray()
    async for chunk in request.content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > _BODY_BYTES:
            return None
    return bytes(body)

"""Receives updates as HTTP requests; 200 is answered only after the update was stored."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import structlog
from aiohttp import web

from bot.errors import ConfigurationError, DeliveryError
from bot.ports import Clock, Submit

from .addressing import Identity
from .backoff import Backoff
from .client import ApiClient, load_json
from .errors import Refused, delivery_error
from .intake import is_stored
from .updates import ALLOWED_UPDATES, read_update, update_id_of

__all__ = ["Webhook"]

log = structlog.get_logger(__name__)

_SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the header's name
_BODY_BYTES = 1024 * 1024
_CONNECTIONS = 100
_RETRY_AFTER_SECONDS = "2"


class Webhook:
    """One bot's webhook. It stays set at shutdown: Telegram keeps updates for the next start."""

    def __init__(self, *, client: ApiClient, url: str, secret: str, clock: Clock, backoff: Backoff) -> None:
        # A Bot API server of one's own also posts to plain http.
        schemes = ("https://", "http://") if client.is_own_server else ("https://",)
        if not url.startswith(schemes) or not secret:
            raise ConfigurationError(
                "webhook mode needs an https URL and a secret, "
                "for example PARLEY_TELEGRAM__WEBHOOK_URL=https://bot.example.org/telegram"
            )
        self._client = client
        self._url = url
        self._secret = secret.encode()
        self._clock = clock
        self._backoff = backoff
        self._submit: Submit | None = None
        self._me: Identity | None = None

    @property
    def path(self) -> str:
        """The path of the URL, to be served."""
        return urlsplit(self._url).path or "/"

    async def run(self, me: Identity, submit: Submit, ready: Callable[[], None]) -> None:
        """Set the webhook and serve until cancelled."""
        self._me, self._submit = me, submit
        try:
            await self._set()
            ready()
            await asyncio.Event().wait()
        finally:
            self._submit = None

    async def _set(self) -> None:
        """Raises ConfigurationError when Telegram will never take this URL."""
        params = {
            "url": self._url,
            "secret_token": self._secret.decode(),
            "max_connections": _CONNECTIONS,
            "allowed_updates": ALLOWED_UPDATES,
        }
        while True:
            at_least = 0.0
            try:
                await self._client.call("setWebhook", params)
            except Refused as exc:
                if exc.code == 400:
                    raise ConfigurationError(f"Telegram refuses the webhook {self._url!r}: {exc}") from exc
                at_least = exc.retry_after_seconds or 0.0
                log.warning("telegram_webhook_not_set", error=str(delivery_error(exc)))
            except DeliveryError as exc:
                log.warning("telegram_webhook_not_set", error=str(exc))
            else:
                return
            await self._clock.sleep(self._backoff.next_seconds(at_least=at_least))

    async def handle(self, request: web.Request) -> web.Response:
        """Take one update in.

        403 for a wrong secret, 413 and 400 for what is no update, 503 while it cannot be stored (Telegram
        then sends it again), else 200.
        """
        if not self._is_from_telegram(request):
            log.warning("telegram_webhook_forged", remote=request.remote)
            return web.Response(status=403)
        body = await _read(request)
        if body is None:
            return web.Response(status=413)
        raw = load_json(body)
        if update_id_of(raw) is None:
            log.warning("telegram_webhook_malformed")
            return web.Response(status=400)
        return await self._take_in(raw)

    def _is_from_telegram(self, request: web.Request) -> bool:
        given = request.headers.get(_SECRET_HEADER, "")
        return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self._secret)

    async def _take_in(self, raw: dict[str, Any]) -> web.Response:
        if self._submit is None or self._me is None:
            return _try_again()
        event = read_update(raw, self._me)
        if event is None or await is_stored(self._submit, event):
            return web.Response()
        return _try_again()


def _try_again() -> web.Response:
    return web.Response(status=503, headers={"Retry-After": _RETRY_AFTER_SECONDS})


async def _read(request: web.Request) -> bytes | None:
    """The body; None when it is too large."""
    body = bytearray()
    async for chunk in request.content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > _BODY_BYTES:
            return None
    return bytes(body)

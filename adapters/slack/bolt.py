"""Bolt as the way in: it reads requests and envelopes; a global middleware stores what they hold.

The middleware answers everything itself, so no listener is ever run: Bolt runs listeners in tasks that nobody
keeps, after the answer, and leaves what no listener wants unanswered, which Slack then sends again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from .client import SDK_LOG, ApiClient
from .identity import Identity
from .receiver import Taken
from .wire import Payload, as_map

__all__ = ["Gate"]

log = structlog.get_logger(__name__)

Headers = Mapping[str, str]


class Gate:
    """One bot's Bolt app around ``take``."""

    def __init__(
        self, *, client: ApiClient, me: Identity, take: Callable[[Payload], Awaitable[Taken]]
    ) -> None:
        self._take = take
        self._app = AsyncApp(
            name="parley",
            logger=SDK_LOG,
            client=AsyncWebClient(base_url=client.base_url, logger=SDK_LOG),
            authorize=_as(me),
            # Signatures are checked before anything is parsed; envelopes carry none.
            request_verification_enabled=False,
            # Which events are our own is for the translation to say: some of them are wanted.
            ignoring_self_events_enabled=False,
        )
        self._app.middleware(self._store)

    async def _store(self, req: AsyncBoltRequest) -> BoltResponse:
        taken = await self._take(as_map(req.body))
        if not taken.stored:
            return BoltResponse(status=503, body="")
        if taken.text:
            return BoltResponse(status=200, body={"response_type": "ephemeral", "text": taken.text})
        return BoltResponse(status=200, body="")

    async def http(self, body: str, query: str, headers: Headers) -> BoltResponse:
        """Answer a request whose signature holds; 400 for what is no payload."""
        return await self._dispatched(body=body, query=query, headers=dict(headers), mode="http")

    async def envelope(self, payload: Payload, headers: Headers) -> BoltResponse:
        """Answer an envelope's payload."""
        return await self._dispatched(body=payload, headers=dict(headers), mode="socket_mode")

    async def _dispatched(self, **arguments: Any) -> BoltResponse:
        try:
            request = AsyncBoltRequest(**arguments)
        except ValueError as exc:
            log.warning("slack_payload_malformed", reason=type(exc).__name__)
            return BoltResponse(status=400, body="")
        except Exception as exc:  # noqa: BLE001 - whatever a payload is made of, Bolt must not fail on it
            return _unreadable(type(exc).__name__)
        if not isinstance(request.body.get("event", {}), dict):
            return _unreadable("the event is no object")
        return await self._app.async_dispatch(request)


def _unreadable(reason: str) -> BoltResponse:
    """Taken as done, else Slack would send it again and again."""
    log.warning("slack_payload_malformed", reason=reason)
    return BoltResponse(status=200, body="")


def _as(me: Identity) -> Callable[..., Awaitable[AuthorizeResult]]:
    """Bolt's own check would ask auth.test, and answer 200 to what it then throws away."""
    result = AuthorizeResult(
        enterprise_id=me.enterprise_id or None,
        team_id=me.team_id,
        bot_user_id=me.user_id,
        bot_id=me.bot_id,
        bot_token="",
    )

    async def authorize(**_: Any) -> AuthorizeResult:
        return result

    return authorize

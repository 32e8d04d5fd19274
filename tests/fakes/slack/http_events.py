"""Events over HTTP: signed requests to the app's URL, answered within three seconds.

Sources: docs.slack.dev, "Verifying requests from Slack" (``v0`` signatures) and "Events API" (retry headers).
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import aiohttp
import orjson

from .delivery import Ack, Attempt, Delivery, Refusal

__all__ = ["HttpAnswer", "HttpEvents", "encode_body", "sign"]

FORM, JSON = "application/x-www-form-urlencoded", "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """What the app answered a request with."""

    status: int
    headers: Mapping[str, str]
    body: str


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """The X-Slack-Signature of a request."""
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


def encode_body(delivery: Delivery) -> tuple[bytes, str]:
    """Body and content type: JSON for events, a form for everything people do."""
    match delivery.kind:
        case "events_api":
            return orjson.dumps(delivery.payload), JSON
        case "interactive":
            return urlencode({"payload": orjson.dumps(delivery.payload)}).encode(), FORM
        case "slash_commands":
            return urlencode(delivery.payload).encode(), FORM


class HttpEvents:
    """Posts to the app's request URL. Close it to end its session."""

    def __init__(self, url: str, secret: str) -> None:
        self.url = url
        self._secret = secret
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    async def close(self) -> None:
        """End the session."""
        await self._session.close()

    async def verify(self, challenge: str, timeout_seconds: float) -> HttpAnswer:
        """Ask the URL for its challenge, as when it is entered in the app's configuration."""
        body = orjson.dumps({"token": "unused", "challenge": challenge, "type": "url_verification"})
        return await self.post(body, content_type=JSON, timeout_seconds=timeout_seconds)

    async def carry(self, delivery: Delivery, attempt: Attempt, timeout_seconds: float) -> Ack | Refusal:
        """Post once; everything but 2xx in time is a refusal with Slack's reason for it."""
        body, content_type = encode_body(delivery)
        retry = {"X-Slack-Retry-Num": str(attempt.number), "X-Slack-Retry-Reason": attempt.reason}
        try:
            answer = await self.post(
                body,
                content_type=content_type,
                headers=retry if attempt.number else {},
                timeout_seconds=timeout_seconds,
            )
        except TimeoutError:
            return Refusal(reason="http_timeout")
        except (aiohttp.ClientError, OSError):
            return Refusal(reason="connection_failed")
        if 200 <= answer.status < 300:
            return Ack(payload=_read_answer(answer))
        final = answer.headers.get("X-Slack-No-Retry") == "1"
        return Refusal(reason="http_error", final=final)

    async def post(
        self,
        body: bytes,
        *,
        content_type: str = JSON,
        headers: Mapping[str, str] | None = None,
        timestamp: str | None = None,
        signature: str | None = None,
        timeout_seconds: float = 10.0,
    ) -> HttpAnswer:
        """Post a body, signed unless a signature is given. Raises aiohttp.ClientError or TimeoutError."""
        stamp = str(int(time.time())) if timestamp is None else timestamp
        signed = {
            "Content-Type": content_type,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": sign(self._secret, stamp, body) if signature is None else signature,
            **(headers or {}),
        }
        timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        async with self._session.post(
            self.url, data=BytesIO(body), headers=signed, timeout=timeout
        ) as answer:
            text = await answer.text(errors="replace")
            return HttpAnswer(status=answer.status, headers=answer.headers.copy(), body=text)


def _read_answer(answer: HttpAnswer) -> dict[str, Any]:
    """What the body means to Slack: an object, a line of text to show, or nothing."""
    try:
        parsed = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return {"text": answer.body} if answer.body else {}
    return parsed if isinstance(parsed, dict) else {}

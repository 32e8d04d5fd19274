"""Every way the stand-in says no, as the bytes the real API would send.

The wording is the provider's where it has been seen in public (facts: SiliconFlow §15, §17); where only a
code is known, the sentence is ours and the code is theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from bot.errors import BotError

JSON = "application/json"
TEXT = "text/plain"
HTML = "text/html"


class SandboxError(BotError):
    """The stand-in cannot start or serve. The text names the cause and the next step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer that is not a completion: a status and the exact bytes of its body."""

    status: int
    body: bytes
    content_type: str = JSON


class Refused(Exception):
    """Raised while a request is read, to end it with ``refusal``."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.body.decode(errors="replace"))
        self.refusal = refusal


def json_refusal(status: int, body: Any) -> Refusal:
    """A JSON body: an object, or a bare string as the gateway sends it."""
    return Refusal(status=status, body=orjson.dumps(body))


def coded(code: int, message: str, *, status: int = 400) -> Refused:
    """The usual error object ``{"code", "message", "data": null}``, ready to raise."""
    return Refused(json_refusal(status, {"code": code, "message": message, "data": None}))


def invalid_parameter(message: str) -> Refused:
    """20015, the API's catch-all for a request it cannot take."""
    return coded(20015, message)


MISSING_TOKEN = json_refusal(401, "Invalid token")
BAD_KEY = json_refusal(401, "Api key is invalid")
NOT_FOUND = Refusal(status=404, body=b"404 page not found", content_type=TEXT)
TOO_LARGE = json_refusal(413, {"code": 20043, "message": "Payload must not exceed 500 MB.", "data": None})

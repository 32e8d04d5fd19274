"""Turns what the provider says when it fails into ProviderErrors, and never repeats the key.

Bodies come as an object, a bare JSON string, plain text or a gateway's HTML page; codes decide before the
HTTP status does (facts: SiliconFlow §15). The same table serves errors inside a stream (status 200).

ProviderUnavailable
├── StreamCut        the stream broke off before its proper end
├── EmptyAnswer      the stream ended properly and said nothing
└── StartedOver      asked for the rest, the model wrote another answer from the beginning
ContextOverflow
└── AnswerTooLong    prompt and max_tokens together do not fit; a smaller max_tokens may (excess_tokens)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import orjson

from bot.errors import (
    ContextOverflow,
    ProviderAccountError,
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
)

__all__ = [
    "CHECK_URL",
    "GENERIC_BAD_PARAMETER",
    "INVALID_PARAMETER",
    "MODEL_GONE",
    "TRACE_HEADER",
    "AnswerTooLong",
    "EmptyAnswer",
    "Fault",
    "Source",
    "StartedOver",
    "StreamCut",
    "fault_of",
    "parse_fault",
    "parse_retry_after",
    "redact",
    "to_error",
]

TRACE_HEADER: Final = "x-siliconcloud-trace-id"
MODEL_GONE: Final = frozenset({20012, 30003})
INVALID_PARAMETER: Final = 20015
GENERIC_BAD_PARAMETER: Final = "parameter is invalid"

_REAL_NAME_NEEDED: Final = 20051
_MESSAGE_LIMIT: Final = 400
# A shorter "key" is a word of a test set-up, which would be blotted out inside other words.
_SHORTEST_SECRET: Final = 6
_SECRET: Final = re.compile(r"\b(sk-|Bearer\s+)[A-Za-z0-9._~+/=-]{6,}")
# Validators quote what they refuse; that may be a person's words.
_REPEATED_INPUT: Final = re.compile(r"\binput(?:_value)?['\"]?\s*[=:].*", re.IGNORECASE | re.DOTALL)
_TITLE: Final = re.compile(r"<title[^>]*>\s*(.*?)\s*</title>", re.IGNORECASE | re.DOTALL)
# facts: SiliconFlow §17 #9
_PROMPT_TOO_LONG: Final = re.compile(
    r"prompt_tokens\s*\(?(\d+)\)?\s*must be less than(?: or equal to)?\s*max_seq_len\s*\(?(\d+)"
)
_TOTAL_TOO_LONG: Final = re.compile(
    r"max_total_tokens\s*\(?(\d+)\)?\s*must be less than(?: or equal to)?\s*max_seq_len\s*\(?(\d+)"
)

_CHECK_KEY: Final = (
    "check SILICONFLOW_API_KEY, and that it belongs to the site in SILICONFLOW_BASE_URL "
    "(api.siliconflow.cn and api.siliconflow.com have separate keys)"
)
_CHECK_BALANCE: Final = "top up the account's balance (Pro/ models take the charged balance only)"
_CHECK_PERMISSION: Final = "check the account's real-name verification, permissions and allowed addresses"
CHECK_URL: Final = (
    "check SILICONFLOW_BASE_URL: it should be like https://api.siliconflow.cn/v1, with /v1 once"
)


class StreamCut(ProviderUnavailable):
    """The stream broke off before its proper end."""


class EmptyAnswer(ProviderUnavailable):
    """The stream ended properly and said nothing."""


class StartedOver(ProviderUnavailable):
    """Asked for the rest of an answer, the model wrote another one from the beginning."""


class AnswerTooLong(ContextOverflow):
    """Prompt and wished-for answer together do not fit; ``excess_tokens`` is by how much."""

    def __init__(
        self, text: str, *, limit_tokens: int, excess_tokens: int, model: str, trace_id: str
    ) -> None:
        super().__init__(text, limit_tokens=limit_tokens, model=model, trace_id=trace_id)
        self.excess_tokens = excess_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What a failed call's body says: ``code`` is 0 where it names none."""

    code: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Which call failed. ``status`` 200 means inside a stream; ``secret`` is never repeated."""

    model: str = ""
    trace_id: str = ""
    status: int = 200
    retry_after_seconds: float | None = None
    secret: str = ""


def parse_fault(body: bytes) -> Fault:
    """Read an error body, whatever its form."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return Fault(message=_flatten_text(body.decode(errors="replace")))
    return fault_of(value)


def fault_of(value: Any) -> Fault:
    """Read an error that is JSON already: an object (also under "error"), or a bare string."""
    if not isinstance(value, Mapping):
        return Fault(message=_flatten_text(str(value)))
    inner = value.get("error")
    if isinstance(inner, Mapping):
        return fault_of(inner)
    message = inner if isinstance(inner, str) else value.get("message")
    return Fault(code=_number(value.get("code")), message=_flatten_text(str(message or "")))


def to_error(fault: Fault, source: Source) -> ProviderError:
    """The error to raise for ``fault``: by its code, else by the HTTP status."""
    overflow = _find_overflow(fault, source)
    if overflow is not None:
        return overflow
    kind, hint = _classify(fault, source.status)
    return kind(
        _describe(fault, source, hint),
        model=source.model,
        trace_id=source.trace_id,
        status=source.status,
        code=fault.code,
        retry_after_seconds=source.retry_after_seconds,
    )


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds to wait by a Retry-After header (a number or a date), or None."""
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    except (TypeError, ValueError):
        return None


def redact(text: str, secret: str = "") -> str:
    """``text`` without the key, anything that looks like one, and what a validator repeats of the request."""
    if len(secret) >= _SHORTEST_SECRET:
        text = text.replace(secret, "[key]")
    return _REPEATED_INPUT.sub("input=[…]", _SECRET.sub(r"\1[key]", text))


def _classify(fault: Fault, status: int) -> tuple[type[ProviderError], str]:
    return _by_code(fault.code) or _by_status(fault, status)


def _by_code(code: int) -> tuple[type[ProviderError], str] | None:
    if code in MODEL_GONE:
        return ProviderRefused, "this site does not serve the model; check its name"
    if code in {30001, 30011}:
        return ProviderAccountError, _CHECK_BALANCE
    if code in {30012, 30014}:
        return ProviderAccountError, _CHECK_KEY
    if 30000 <= code < 31000 or code == _REAL_NAME_NEEDED:
        return ProviderAccountError, _CHECK_PERMISSION
    if 50000 <= code < 51000 or 60000 <= code < 61000:
        return ProviderUnavailable, ""
    if 20000 < code < 21000:
        return ProviderRefused, ""
    return None


def _by_status(fault: Fault, status: int) -> tuple[type[ProviderError], str]:
    if status == 401:
        return ProviderAccountError, _CHECK_KEY
    if status == 402 or (status == 403 and "balance" in fault.message.lower()):
        return ProviderAccountError, _CHECK_BALANCE
    if status == 403:
        return ProviderAccountError, _CHECK_PERMISSION
    if status in {404, 405} or 300 <= status < 400:
        return ProviderAccountError, CHECK_URL
    if status in {408, 425, 429, 499} or status >= 500 or status == 200:
        return ProviderUnavailable, ""
    return ProviderRefused, ""


def _find_overflow(fault: Fault, source: Source) -> ContextOverflow | None:
    text = _describe(fault, source, "")
    found = _PROMPT_TOO_LONG.search(fault.message)
    if found:
        limit = int(found[2])
        return ContextOverflow(text, limit_tokens=limit, model=source.model, trace_id=source.trace_id)
    found = _TOTAL_TOO_LONG.search(fault.message)
    if not found:
        return None
    total, limit = int(found[1]), int(found[2])
    return AnswerTooLong(
        text,
        limit_tokens=limit,
        excess_tokens=total - limit,
        model=source.model,
        trace_id=source.trace_id,
    )


def _describe(fault: Fault, source: Source, hint: str) -> str:
    where = "in the stream" if source.status == 200 else f"HTTP {source.status}"
    code = f", code {fault.code}" if fault.code else ""
    said = redact(fault.message, source.secret) or "no reason given"
    return f"{said!r} ({where}{code}{', model ' + source.model if source.model else ''})" + (
        f": {hint}" if hint else ""
    )


def _flatten_text(text: str) -> str:
    if "<html" in text[:1000].lower() or text.lstrip()[:9].lower() == "<!doctype":
        title = _TITLE.search(text)
        text = f"an HTML page{': ' + title[1] if title else ''}"
    return " ".join(text.split())[:_MESSAGE_LIMIT]


def _number(value: Any) -> int:
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0

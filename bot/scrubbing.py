"""No secret passes: a Scrubber masks the configured secrets, and whatever is shaped like one, in any text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final
from urllib.parse import quote

import orjson

__all__ = ["MASK", "Scrubber"]

MASK: Final = "***"

SHORTEST_SECRET: Final = 4
"""Masking shorter texts would hide half of every line and protect nothing."""

_Substitute = tuple[Callable[[str], object], re.Pattern[str], str]


def _literal(*words: str) -> Callable[[str], object]:
    """Whether the text holds one of the words, whatever its case: far cheaper than the expression itself."""
    return lambda lowered: any(word in lowered for word in words)


# Telegram: <bot id>:<35 characters>, in download URLs as /file/bot<token>/…; the colon may be quoted.
_TELEGRAM_HINT: Final = re.compile(r"(?::|%3a)[a-z0-9_-]{30}").search
_SHAPES: Final[tuple[_Substitute, ...]] = (
    (_TELEGRAM_HINT, re.compile(r"(\d{3,20})(:|%3A)[A-Za-z0-9_-]{30,}", re.IGNORECASE), rf"\1\2{MASK}"),
    (
        _literal("xox", "xapp-"),
        re.compile(r"(?<![A-Za-z0-9])((?:xox[a-z](?:\.xox[a-z])?|xapp)-)[A-Za-z0-9-]{4,}", re.IGNORECASE),
        rf"\1{MASK}",
    ),
    (_literal("sk-"), re.compile(r"(?<![A-Za-z0-9])(sk-)[A-Za-z0-9_-]{12,}", re.IGNORECASE), rf"\1{MASK}"),
    (
        _literal("authorization"),
        re.compile(
            r"(authorization\\?[\"']?\s*[:=,]\s*(?:b?\\?[\"'])?)((?:(?:bearer|basic|digest|token)\s+)?+)"
            r"(?!\*\*\*)[^\s\"'\\,;})\]]+",
            re.IGNORECASE,
        ),
        rf"\1\2{MASK}",
    ),
    (
        _literal("bearer"),
        re.compile(r"(bearer\s+)(?!\*\*\*)[A-Za-z0-9._~+/=-]+", re.IGNORECASE),
        rf"\1{MASK}",
    ),
)


class Scrubber:
    """Masks in text. ``secrets`` of four characters and more are found plain, escaped and URL-quoted."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets for form in _forms(secret)}
        self._forms = sorted(forms, key=len, reverse=True)
        self._configured = re.compile("|".join(map(re.escape, self._forms)) or r"(?!)")

    def scrub(self, text: str) -> str:
        """The text with every secret masked; the same object when there is none."""
        if any(form in text for form in self._forms):
            text = self._configured.sub(MASK, text)
        lowered = text.lower()
        for suspects, shape, replacement in _SHAPES:
            if suspects(lowered):
                text = shape.sub(replacement, text)
        return text


def _forms(secret: str) -> Iterator[str]:
    """The ways a value shows up in a log line: as it is, in JSON, in a repr, in a URL."""
    if len(secret) < SHORTEST_SECRET:
        return
    yield secret
    yield orjson.dumps(secret).decode()[1:-1]
    yield repr(secret)[1:-1]
    yield quote(secret, safe="")

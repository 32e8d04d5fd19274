"""Which addresses may become links, and how an address is written down."""

from __future__ import annotations

import re
from urllib.parse import quote

__all__ = ["MAX_URL_LENGTH", "encode_url", "is_linkable", "is_safe"]

MAX_URL_LENGTH = 2048

_UNSAFE = re.compile(r"^(?:javascript|vbscript|file):", re.IGNORECASE)
_TO_ENCODE = re.compile(r"[\x00-\x20\x7f-\xa0\u2000-\u200f\u2028-\u202f\u3000\ufffd\"<>\\^`{|}]")
_WEB = re.compile(
    r"https?://(?:[^\s/?#@:]+(?::[^\s/?#@]*)?@)?"  # user and password
    r"(?P<host>[\w-]+(?:\.[\w-]+)+)\.?(?::\d{1,5})?(?:[/?#]\S*)?",
    re.IGNORECASE,
)
_TELEGRAM = re.compile(r"tg://[a-z_]+(?:[/?#]\S*)?", re.IGNORECASE)


def encode_url(url: str) -> str:
    """The address with spaces, controls and markup characters percent-encoded; the rest as written."""
    return _TO_ENCODE.sub(lambda match: quote(match[0], safe=""), url.strip())


def is_safe(url: str) -> bool:
    """Whether a reader may be given the address as a link at all."""
    return _UNSAFE.match(url) is None


def is_linkable(url: str) -> bool:
    """Whether Telegram makes a link of the address.

    It takes http, https and tg; a web host needs a dot. ``mailto:`` and ``tel:`` it would turn into a web
    address (yagop/node-telegram-bot-api#295), while it finds plain addresses and numbers by itself.
    """
    if len(url) > MAX_URL_LENGTH:
        return False
    return _WEB.fullmatch(url) is not None or _TELEGRAM.fullmatch(url) is not None

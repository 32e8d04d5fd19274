"""The entities a Telegram client finds by itself in what a person types: commands, mentions, links, tags."""

from __future__ import annotations

import re
from typing import Any

from .utf16 import code_units

__all__ = ["detect_entities"]

_FOUND = re.compile(
    r"(?P<url>https?://[^\s<>\"]+|(?<![\w@./-])(?:[\w-]+\.)+(?:com|org|net|io|dev|cn|ru|de|me)(?:/[^\s<>\"]*)?)"
    r"|(?P<email>(?<![\w.])[\w.+-]+@[\w-]+\.[\w.-]*\w)"
    r"|(?P<bot_command>(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@\w{3,32})?(?![\w/]))"
    r"|(?P<mention>(?<![\w@])@[A-Za-z]\w{2,31}\b)"
    r"|(?P<hashtag>(?<![\w#])#[^\W\d]\w{0,255})"
    r"|(?P<cashtag>(?<![\w$])\$[A-Z]{3,8}\b)"
)


def detect_entities(text: str) -> list[dict[str, Any]]:
    """Find entities in order, with offsets in UTF-16 code units."""
    return [
        {
            "type": match.lastgroup,
            "offset": code_units(text[: match.start()]),
            "length": code_units(
                match.group().rstrip(".,;:!?") if match.lastgroup == "url" else match.group()
            ),
        }
        for match in _FOUND.finditer(text)
    ]

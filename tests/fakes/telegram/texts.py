"""The text parameters of a call: markup parsed, length checked, entities made sound."""

from __future__ import annotations

from typing import Any

from .call import Call
from .entities import Report, finish_text
from .errors import bad_request
from .markup_html import parse_html
from .markup_v2 import parse_markdown_v2

__all__ = ["MAX_CAPTION_CHARACTERS", "MAX_TEXT_CHARACTERS", "read_caption", "read_draft_text", "read_text"]

MAX_TEXT_CHARACTERS = 4096  # counted in Unicode code points, after parsing
MAX_CAPTION_CHARACTERS = 1024
MAX_SOURCE_BYTES = 32_768
_PARSERS = {"html": parse_html, "markdownv2": parse_markdown_v2}

Text = tuple[str, list[dict[str, Any]]]


def read_text(call: Call, report: Report) -> Text:
    """The text of a message, 1-4096 characters after parsing; raises ApiError (400)."""
    text, entities = read_draft_text(call, report)
    if not text:
        raise bad_request("message text is empty")
    return text, entities


def read_draft_text(call: Call, report: Report) -> Text:
    """The text of a draft, which may be empty; raises ApiError (400)."""
    text, entities = _parse(call.text("text"), call.text("parse_mode"), call.json("entities"), report)
    if len(text) > MAX_TEXT_CHARACTERS:
        raise bad_request("message is too long")
    return text, entities


def read_caption(caption: str, mode: str, entities: Any, report: Report) -> Text:
    """A caption, 0-1024 characters after parsing; raises ApiError (400)."""
    text, found = _parse(caption, mode, entities, report)
    if len(text) > MAX_CAPTION_CHARACTERS:
        raise bad_request("message caption is too long")
    return text, found


def _parse(source: str, mode: str, entities: Any, report: Report) -> Text:
    if len(source) > MAX_SOURCE_BYTES or (not source.isascii() and len(source.encode()) > MAX_SOURCE_BYTES):
        raise bad_request("text is too long")
    if mode:
        parser = _PARSERS.get(mode.lower())
        if parser is None:
            raise bad_request("unsupported parse_mode")
        text, found = parser(source)
    else:
        text, found = source, entities or []
    if not isinstance(found, list):
        raise bad_request("can't parse entities JSON object: expected an Array")
    return finish_text(text, found, report)

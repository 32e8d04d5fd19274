"""What a person reads in a message: its blocks, its markdown and its mrkdwn as text on the screen."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

__all__ = ["read_blocks", "read_mrkdwn"]

Wire = dict[str, Any]


def read_mrkdwn(text: str) -> str:
    """Slack's own markup with its three entities resolved; marks of formatting stay as they were written."""
    return html.unescape(text) if "&" in text else text


def read_blocks(blocks: list[Wire]) -> str:
    """The text of the blocks, one under the other; buttons and menus are not text."""
    return "\n".join(part for block in blocks for part in _read_block(block) if part)


def _read_block(block: Wire) -> Iterator[str]:
    match block.get("type"):
        case "markdown":
            yield str(block.get("text", ""))
        case "section":
            yield _read_text(block.get("text"))
            yield from map(_read_text, _items(block, "fields"))
        case "header" | "alert":
            yield _read_text(block.get("text"))
        case "context":
            yield " ".join(filter(None, map(_read_text, _items(block, "elements"))))
        case "rich_text" | "rich_text_list" | "rich_text_quote":
            yield from ("".join(_read_rich(element)) for element in _items(block, "elements"))
        case "table":
            yield from (" | ".join(map(_read_cell, row)) for row in block["rows"] if isinstance(row, list))
        case "image":
            yield str(block.get("alt_text", ""))
        case "input":
            yield _read_text(block.get("label"))
        case "card":
            yield from (_read_text(block.get(name)) for name in ("title", "subtitle", "body"))
        case "task_card" | "plan":
            yield str(block.get("title", ""))
        case "container" | "carousel":
            yield read_blocks([*_items(block, "blocks"), *_items(block, "elements")])
        case _:
            return


def _items(block: Wire, name: str) -> list[Wire]:
    value = block.get(name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _read_text(value: Any) -> str:
    if not isinstance(value, dict):
        return ""
    text = str(value.get("text", ""))
    return read_mrkdwn(text) if value.get("type") == "mrkdwn" else text


def _read_cell(cell: Any) -> str:
    if isinstance(cell, dict) and cell.get("type") == "rich_text":
        return read_blocks([cell])
    return str(cell.get("text", "")) if isinstance(cell, dict) else ""


def _read_rich(element: Wire) -> Iterator[str]:
    match element.get("type"):
        case "text" | "link":
            yield str(element.get("text") or element.get("url", ""))
        case "user":
            yield f"<@{element.get('user_id')}>"
        case "emoji":
            yield f":{element.get('name')}:"
        case _:
            for child in _items(element, "elements"):
                yield from _read_rich(child)

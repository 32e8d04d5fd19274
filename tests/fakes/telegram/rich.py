"""Rich messages: the limits of an InputRichMessage, and the blocks Telegram makes of it.

Markdown goes through a CommonMark parser with tables and strikethrough; HTML is reduced to paragraphs.
Enough to tell what a person reads and to answer with a sound RichMessage, not a copy of Telegram's renderer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from .errors import ApiError, bad_request

__all__ = ["BLOCK_FIELDS", "Rich", "plain_text", "read_rich"]

MAX_CHARACTERS = 32_768  # Bot API "Rich messages": text, blocks, media, table columns
MAX_BLOCKS = 500
MAX_MEDIA = 50
MAX_COLUMNS = 20
MAX_DEPTH = 16

#: Required fields of each block a bot may send, by its ``type``; media blocks are not carried.
BLOCK_FIELDS: dict[str, tuple[str, ...]] = {
    "paragraph": ("text",),
    "heading": ("text", "size"),
    "pre": ("text",),
    "footer": ("text",),
    "divider": (),
    "mathematical_expression": ("expression",),
    "anchor": ("name",),
    "list": ("items",),
    "blockquote": ("blocks",),
    "expandable_blockquote": ("text",),
    "pullquote": ("text",),
    "table": ("cells",),
    "details": ("summary", "blocks"),
    "buttons": ("buttons",),
    "thinking": ("text",),
}
_INLINE = {
    "strong": "bold",
    "em": "italic",
    "s": "strikethrough",
}
_TAG = re.compile(r"<[^>]*>")
_PARAGRAPH = re.compile(r"</(?:p|h[1-6]|li|pre|blockquote|tr)>|<br\s*/?>|\n\s*\n", re.IGNORECASE)
_PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])

Blocks = list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rich:
    """An accepted rich message: what the bot sent, and the blocks the platform keeps."""

    source: dict[str, Any]
    blocks: Blocks

    def wire(self) -> dict[str, Any]:
        """The RichMessage object."""
        wire: dict[str, Any] = {"blocks": self.blocks}
        if self.source.get("is_rtl"):
            wire["is_rtl"] = True
        return wire


def read_rich(value: Any, *, draft: bool = False) -> Rich:
    """Check an InputRichMessage; raises ApiError (400) for what Telegram refuses.

    A draft in markdown or HTML keeps one paragraph with its source: nothing on the wire shows its blocks.
    """
    if not isinstance(value, dict):
        raise bad_request("can't parse InputRichMessage: expected an Object")
    given = [name for name in ("markdown", "html", "blocks") if value.get(name)]
    if len(given) != 1:
        raise bad_request("RICH_MESSAGE_CONTENT_REQUIRED")
    if len(value.get("media") or ()) > MAX_MEDIA:
        raise bad_request("RICH_MESSAGE_MEDIA_TOO_MUCH")
    content = value[given[0]]
    if isinstance(content, str) and (not content.strip() or len(content) > MAX_CHARACTERS):
        raise bad_request("RICH_MESSAGE_CONTENT_REQUIRED" if not content.strip() else "message is too long")
    blocks = _paragraph(content) if draft and isinstance(content, str) else _blocks(given[0], content, draft)
    _check_size(blocks)
    return Rich(source=value, blocks=blocks)


def _blocks(form: str, content: Any, draft: bool) -> Blocks:
    if form == "markdown":
        return _from_markdown(content)
    if form == "html":
        return _from_html(content)
    return [_sound_block(block, draft, 1) for block in content]


def _check_size(blocks: Blocks) -> None:
    if sum(_count(block) for block in blocks) > MAX_BLOCKS:
        raise bad_request("RICH_MESSAGE_BLOCKS_TOO_MUCH")
    if len(plain_text(blocks)) > MAX_CHARACTERS:
        raise bad_request("message is too long")


def _count(block: Any) -> int:
    """Blocks with everything inside them that counts: list items, table rows, nested blocks."""
    inner = [*block.get("blocks", ()), *block.get("items", ())]
    return 1 + len(block.get("cells", ())) + sum(_count(child) for child in inner)


def _sound_block(block: Any, draft: bool, depth: int) -> dict[str, Any]:
    kind = block.get("type") if isinstance(block, dict) else None
    if kind not in BLOCK_FIELDS or (kind == "thinking" and not draft):
        raise _bad_block(f"unsupported block type {kind!r}")
    missing = [name for name in BLOCK_FIELDS[kind] if name not in block]
    if missing:
        raise _bad_block(f'Can\'t find field "{missing[0]}"')
    if depth > MAX_DEPTH:
        raise _bad_block("blocks are nested too deep")
    sound = dict(block)
    if "blocks" in sound:
        sound["blocks"] = [_sound_block(child, draft, depth + 1) for child in sound["blocks"]]
    if kind == "list":
        sound["items"] = [_sound_item(item, draft, depth) for item in sound["items"]]
    if kind == "table":
        sound["cells"] = [_sound_row(row) for row in sound["cells"]]
    return sound


def _sound_item(item: Any, draft: bool, depth: int) -> dict[str, Any]:
    if not isinstance(item, dict) or "blocks" not in item:
        raise _bad_block('Can\'t find field "blocks"')
    blocks = [_sound_block(child, draft, depth + 1) for child in item["blocks"]]
    return {**item, "label": f"{item['value']}." if "value" in item else "•", "blocks": blocks}


def _sound_row(row: Any) -> list[dict[str, Any]]:
    if len(row) > MAX_COLUMNS:
        raise _bad_block("too many table columns")
    return [{"align": "left", "valign": "middle", **cell} for cell in row]


def _bad_block(reason: str) -> ApiError:
    return bad_request(f"can't parse InputRichBlock: {reason}")


def _paragraph(text: Any) -> Blocks:
    return [{"type": "paragraph", "text": text}]


def _from_html(source: str) -> Blocks:
    pieces = (_TAG.sub("", piece).strip() for piece in _PARAGRAPH.split(source))
    return [block for piece in pieces if piece for block in _paragraph(piece)]


def _from_markdown(source: str) -> Blocks:
    tree = SyntaxTreeNode(_PARSER.parse(source))
    return [block for node in tree.children for block in _block_of(node)]


def _block_of(node: SyntaxTreeNode) -> Blocks:
    match node.type:
        case "heading":
            return [{"type": "heading", "text": _inline(node), "size": int(node.tag[1])}]
        case "fence" | "code_block":
            language = {"language": node.info.strip()} if node.info.strip() else {}
            return [{"type": "pre", "text": node.content.rstrip("\n"), **language}]
        case "hr":
            return [{"type": "divider"}]
        case "blockquote":
            return [{"type": "blockquote", "blocks": _children(node)}]
        case "bullet_list" | "ordered_list":
            return [{"type": "list", "items": _items(node)}]
        case "table":
            return [{"type": "table", "cells": _rows(node)}]
        case "html_block":
            return _from_html(node.content)
        case _:
            return _paragraph(_inline(node))


def _children(node: SyntaxTreeNode) -> Blocks:
    return [block for child in node.children for block in _block_of(child)]


def _items(node: SyntaxTreeNode) -> list[dict[str, Any]]:
    first = int(node.attrs.get("start", 1))
    ordered = node.type == "ordered_list"
    return [
        {
            "label": f"{first + index}." if ordered else "•",
            "blocks": _children(item),
            **({"value": first + index} if ordered else {}),
        }
        for index, item in enumerate(node.children)
    ]


def _rows(node: SyntaxTreeNode) -> list[list[dict[str, Any]]]:
    rows = [row for part in node.children for row in part.children]
    if any(len(row.children) > MAX_COLUMNS for row in rows):
        raise _bad_block("too many table columns")
    return [[_cell(cell) for cell in row.children] for row in rows]


def _cell(node: SyntaxTreeNode) -> dict[str, Any]:
    cell = {"text": _inline(node), "align": "left", "valign": "middle"}
    return {**cell, "is_header": True} if node.type == "th" else cell


def _inline(node: SyntaxTreeNode) -> Any:
    """The RichText of a node: a string where it is plain, else a list."""
    pieces = [piece for child in node.children for piece in _inline_pieces(child)]
    if all(isinstance(piece, str) for piece in pieces):
        return "".join(pieces)
    return pieces


def _inline_pieces(node: SyntaxTreeNode) -> list[Any]:
    match node.type:
        case "inline":
            return [piece for child in node.children for piece in _inline_pieces(child)]
        case "softbreak" | "hardbreak":
            return ["\n"]
        case "code_inline":
            return [{"type": "code", "text": node.content}]
        case "link":
            return [{"type": "url", "text": _inline(node), "url": str(node.attrs.get("href", ""))}]
        case kind if kind in _INLINE:
            return [{"type": _INLINE[kind], "text": _inline(node)}]
        case _:
            return [node.content]


def plain_text(value: Any) -> str:
    """What a person reads in blocks or in a RichText, one line a block."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        separator = "\n" if value and all(_is_block(item) for item in value) else ""
        return separator.join(plain_text(item) for item in value)
    if not isinstance(value, dict):
        return ""
    if "cells" in value:
        return "\n".join(" | ".join(plain_text(cell) for cell in row) for row in value["cells"])
    inner = (
        value.get(name) for name in ("summary", "text", "expression", "alternative_text", "blocks", "items")
    )
    joined = "\n".join(plain_text(part) for part in inner if part is not None)
    return f"{value['label']} {joined}" if "label" in value else joined


def _is_block(value: Any) -> bool:
    return isinstance(value, dict) and (value.get("type") in BLOCK_FIELDS or "label" in value)

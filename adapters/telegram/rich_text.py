"""Reads a rich message: its blocks as the Markdown a model understands, and the media between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from aiogram import types
from aiogram.types import RichBlockListItem, RichMessage
from aiogram.types.rich_block import RichBlock

__all__ = ["media_of", "rich_text"]

_MEDIA = ("photo", "video", "animation", "audio", "voice_note", "document")


def rich_text(message: RichMessage) -> str:
    """All that can be read in the message; media leave their caption."""
    return _blocks(message.blocks)


def media_of(message: RichMessage) -> Iterator[tuple[str, Any]]:
    """(field name, media value) of every block that shows a file, in order."""
    for block in _walk(message.blocks):
        for name in _MEDIA:
            value = getattr(block, name, None)
            if value is not None:
                yield name, value


def _walk(blocks: Sequence[RichBlock]) -> Iterator[RichBlock]:
    for block in blocks:
        yield block
        yield from _walk(getattr(block, "blocks", ()))
        for item in getattr(block, "items", ()):
            yield from _walk(item.blocks)


def _blocks(blocks: Sequence[RichBlock]) -> str:
    return "\n\n".join(text for text in map(_block, blocks) if text)


def _block(block: RichBlock) -> str:
    match block:
        case types.RichBlockSectionHeading():
            return f"{'#' * max(1, min(block.size, 6))} {_inline(block.text)}"
        case types.RichBlockPreformatted():
            return f"```{block.language or ''}\n{_plain(block.text)}\n```"
        case types.RichBlockMathematicalExpression():
            return f"$${block.expression}$$"
        case types.RichBlockDivider():
            return "---"
        case types.RichBlockList():
            return "\n".join(_item(item) for item in block.items)
        case types.RichBlockTable():
            return "\n".join(
                " | ".join(_inline(cell.text) if cell.text is not None else "" for cell in row)
                for row in block.cells
            )
        case types.RichBlockBlockQuotation():
            return _quoted(_blocks(block.blocks))
        case types.RichBlockExpandableBlockQuotation() | types.RichBlockPullQuotation():
            return _quoted(_inline(block.text))
        case types.RichBlockDetails():
            return f"{_inline(block.summary)}\n\n{_blocks(block.blocks)}"
        case types.RichBlockButtons():
            return " ".join(f"[{_inline(button.text)}]" for button in block.buttons)
        case types.RichBlockMap():
            return f"{block.location.latitude}, {block.location.longitude}"
        case _:
            return _other(block)


def _other(block: RichBlock) -> str:
    """Paragraphs, footers, groups of media, captions: whatever has text or blocks."""
    caption = getattr(block, "caption", None)
    pieces = (
        _inline(getattr(block, "text", None)),
        _blocks(getattr(block, "blocks", ())),
        _inline(getattr(caption, "text", caption)),
    )
    return "\n".join(piece for piece in pieces if piece)


def _item(item: RichBlockListItem) -> str:
    label = item.label or "-"
    if item.has_checkbox:
        label = f"{label} [{'x' if item.is_checked else ' '}]"
    return f"{label} {_blocks(item.blocks)}".replace("\n", "\n  ")


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.split("\n"))


def _inline(text: Any) -> str:
    """A RichText, a string, a list of RichTexts or an object that holds one, with targets and code."""
    match text:
        case types.RichTextUrl():
            shown = _inline(text.text)
            return shown if shown == text.url else f"{shown} ({text.url})"
        case types.RichTextCode():
            return f"`{_plain(text.text)}`"
        case types.RichTextMathematicalExpression():
            return f"${text.expression}$"
        case list():
            return "".join(map(_inline, text))
        case _:
            return _plain(text, _inline)


def _plain(text: Any, inner: Any = None) -> str:
    """The characters of a RichText alone; ``inner`` reads what an object holds."""
    inner = inner or _plain
    match text:
        case None:
            return ""
        case str():
            return text
        case list():
            return "".join(map(inner, text))
        case types.RichTextCustomEmoji():
            return text.alternative_text
        case types.RichTextButton():
            return f"[{inner(text.button.text)}]"
        case _:
            return str(inner(getattr(text, "text", None)))

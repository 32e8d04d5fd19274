"""Says whether a document fits into one rich message, a little below the platform's own limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.rendering.document import Block, Collapsed, Columns, Document, List, Quote, Table

__all__ = ["fits_rich"]

# Bot API "Rich messages": 32,768 characters, 500 blocks (list items and rows among them), 20 columns,
# 16 levels. A little less: the server counts what it makes of the Markdown.
_MOST_CHARACTERS = 32_000
_MOST_BLOCKS = 480
_MOST_COLUMNS = 20
_MOST_LEVELS = 12


def fits_rich(document: Document, markdown: str) -> bool:
    """Whether the platform will take ``markdown``, made of ``document``, in one message."""
    if not markdown.strip() or len(markdown) > _MOST_CHARACTERS:
        return False
    blocks = 0
    for block, level in _walk(document.blocks, 1):
        blocks += _weight(block)
        is_wide = isinstance(block, Table) and len(block.header) > _MOST_COLUMNS
        if blocks > _MOST_BLOCKS or level > _MOST_LEVELS or is_wide:
            return False
    return True


def _walk(blocks: Sequence[Block], level: int) -> Iterator[tuple[Block, int]]:
    for block in blocks:
        yield block, level
        if isinstance(block, Quote | Collapsed):
            yield from _walk(block.blocks, level + 1)
        if isinstance(block, Columns):
            yield from _walk(block.stacked, level)
        if isinstance(block, List):
            for item in block.items:
                yield from _walk(item.blocks, level + 2)


def _weight(block: Block) -> int:
    if isinstance(block, List):
        return 1 + len(block.items)
    return 2 + len(block.rows) if isinstance(block, Table) else 1

"""A document in documents that each fit a message, cut between blocks where possible; nothing is lost.

Where a chunk ends depends only on the blocks up to its limit. So a chunk that is followed by another never
changes while the document grows, which is what lets a reply be sent message by message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import assert_never

from .cuts import cut_inlines, cut_text, most
from .document import (
    Block,
    Bold,
    CodeBlock,
    Collapsed,
    Columns,
    Document,
    Heading,
    Inline,
    LineBreak,
    List,
    MathBlock,
    Paragraph,
    Quote,
    Rule,
    Table,
    Text,
)
from .flatten import flatten
from .inlines import trimmed

__all__ = ["chunks"]

Measure = Callable[[Document], int]

_GAP = 2  # what stands between two blocks at most: a blank line
_MOVES_WHOLE = 0.6  # a chunk this full is left as it is rather than cut the block that follows
_CODE_MOVES_WHOLE = 0.25
_DEEPEST = 12  # blocks in blocks; what lies deeper is cut as plain text


def chunks(
    document: Document, *, measure: Measure, limit: int, max_blocks: int = 1000
) -> tuple[Document, ...]:
    """Documents of at most ``limit`` by ``measure`` and ``max_blocks`` blocks; one, perhaps empty, at least.

    ``measure`` must grow with the content, and that of some blocks must not pass the sum of theirs and of
    blank lines between them. A block that does not fit is divided: a table repeats its header, code stays
    code, quoted lines stay quoted. Raises ValueError for a limit below 256.
    """
    if limit < 256 or max_blocks < 1:
        raise ValueError(f"limit {limit!r} must be at least 256 and max_blocks {max_blocks!r} at least 1")
    packer = _Packer(measure=measure, limit=limit, max_blocks=max_blocks)
    return tuple(packer.pack(_stacked(document.blocks))) or (Document(),)


def _stacked(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """Without columns: one after the other they can be cut like everything else."""
    if not any(isinstance(block, Columns) for block in blocks):
        return blocks
    return tuple(
        inner for block in blocks for inner in (block.stacked if isinstance(block, Columns) else (block,))
    )


@dataclass(slots=True, kw_only=True)
class _Packer:
    measure: Measure
    limit: int
    max_blocks: int

    def pack(self, blocks: tuple[Block, ...]) -> Iterator[Document]:
        waiting = list(reversed(blocks))
        packed: list[Block] = []
        used = 0
        while waiting:
            block = waiting.pop()
            room = self.limit - used - (_GAP if packed else 0)
            size = self._size(block)
            if size <= room and len(packed) < self.max_blocks:
                packed.append(block)
                used = self.limit - room + size
                continue
            head, tail = (
                self._divided(block, room) if self._is_worth_cutting(block, packed, used) else ((), ())
            )
            if not head and not packed:
                told = self._told(block, tail, room)
                waiting.extend(reversed(told))
                if told:
                    continue
                head = (block,)
            elif head:
                waiting.extend(reversed(tail))
            else:
                waiting.append(block)
                waiting.extend(reversed(_dangling(packed)))
            yield Document(blocks=(*packed, *head))
            packed, used = [], 0
        if packed:
            yield Document(blocks=tuple(packed))

    def _told(self, block: Block, tail: tuple[Block, ...], room: int) -> tuple[Block, ...]:
        """A block of which nothing fits, in other blocks; nothing when it cannot be told in another way."""
        if tail != (block,):
            return tail
        head, rest = self._as_text(block, room)
        return () if (*head, *rest) == (block,) else (*head, *rest)

    def _is_worth_cutting(self, block: Block, packed: list[Block], used: int) -> bool:
        if not packed:
            return True
        threshold = _CODE_MOVES_WHOLE if isinstance(block, CodeBlock) else _MOVES_WHOLE
        return used < self.limit * threshold and len(packed) < self.max_blocks

    def _size(self, *blocks: Block) -> int:
        return self.measure(Document(blocks=blocks))

    def _fits(self, block: Block, room: int) -> bool:
        return self._size(block) <= room

    # --- dividing: what fits into the room, and the rest ------------------------------------------------

    def _divided(
        self, block: Block, room: int, depth: int = 0
    ) -> tuple[tuple[Block, ...], tuple[Block, ...]]:
        """The head fits; it is empty when nothing of the block would, and never for a room of the limit."""
        if depth >= _DEEPEST:
            return self._as_text(block, room)
        match block:
            case Paragraph():
                return self._paragraph(block.children, room)
            case Heading():
                return self._divided(Paragraph(children=(Bold(children=_unbold(block.children)),)), room)
            case CodeBlock():
                return self._code(block, room)
            case MathBlock():
                return self._divided(CodeBlock(language="latex", text=block.text), room)
            case Quote() | Collapsed():
                return self._container(block, room, depth)
            case List():
                return self._list(block, room, depth)
            case Table():
                return self._table(block, room)
            case Rule():
                return (), (block,)
            case Columns():
                return (), block.stacked
            case _:
                assert_never(block)

    def _paragraph(
        self, children: tuple[Inline, ...], room: int
    ) -> tuple[tuple[Block, ...], tuple[Block, ...]]:
        head, tail = cut_inlines(children, lambda nodes: self._fits(Paragraph(children=trimmed(nodes)), room))
        return _paragraphs(head), _paragraphs(tail)

    def _code(self, block: CodeBlock, room: int) -> tuple[tuple[Block, ...], tuple[Block, ...]]:
        head, tail = cut_text(block.text, lambda text: self._fits(replace(block, text=text), room))
        return (
            (replace(block, text=head),) if head else (),
            (replace(block, text=tail),) if tail else (),
        )

    def _container(
        self, block: Quote | Collapsed, room: int, depth: int
    ) -> tuple[tuple[Block, ...], tuple[Block, ...]]:
        def rewrapped(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
            return (replace(block, blocks=blocks),) if blocks else ()

        head, tail = self._run(
            block.blocks, lambda blocks: self._fits(replace(block, blocks=blocks), room), room, depth
        )
        if not head and room >= self.limit:
            return self._as_text(block, room)
        return rewrapped(head), rewrapped(tail)

    def _run(
        self,
        blocks: tuple[Block, ...],
        fits: Callable[[tuple[Block, ...]], bool],
        room: int,
        depth: int,
    ) -> tuple[tuple[Block, ...], tuple[Block, ...]]:
        """Of blocks within a block: as many as fit, and of the next the part that does."""
        count = most(len(blocks), lambda count: fits(blocks[:count]))
        whole, rest = blocks[:count], blocks[count:]
        if not rest or isinstance(rest[0], Rule):
            return whole, rest
        # What surrounds the inner block costs room, and more with every line: try with less until it fits.
        left = room - (self._size(*whole) + _GAP if whole else 0)
        while left > room // 8:
            head, tail = self._divided(rest[0], left, depth + 1)
            if not head:
                break
            if fits((*whole, *head)):
                return (*whole, *head), (*tail, *rest[1:])
            left -= max(room // 8, 16)
        return whole, rest

    def _list(self, block: List, room: int, depth: int) -> tuple[tuple[Block, ...], tuple[Block, ...]]:
        count = most(
            len(block.items), lambda count: self._fits(replace(block, items=block.items[:count]), room)
        )
        if count:
            return (replace(block, items=block.items[:count]),), (replace(block, items=block.items[count:]),)
        return self._item(block, room, depth)

    def _item(self, block: List, room: int, depth: int) -> tuple[tuple[Block, ...], tuple[Block, ...]]:
        """The first item alone is too large: its rest follows as ordinary blocks, then the other items."""
        first = block.items[0]

        def alone(blocks: tuple[Block, ...]) -> List:
            return replace(block, items=(replace(first, blocks=blocks),))

        head, tail = self._run(first.blocks, lambda blocks: self._fits(alone(blocks), room), room, depth)
        if not head:
            return self._as_text(block, room) if room >= self.limit else ((), (block,))
        others = (replace(block, items=block.items[1:]),) if block.items[1:] else ()
        return (alone(head),), (*tail, *others)

    def _table(self, block: Table, room: int) -> tuple[tuple[Block, ...], tuple[Block, ...]]:
        count = most(len(block.rows), lambda count: self._fits(replace(block, rows=block.rows[:count]), room))
        if count:
            return (replace(block, rows=block.rows[:count]),), (replace(block, rows=block.rows[count:]),)
        if room < self.limit:
            return (), (block,)
        # A row that no message holds is told cell by cell.
        rows = block.rows or ((),)
        cells = [_cell(block.header, row, place) for row in rows for place in range(len(block.header))]
        return (), tuple(cell for cell in cells if cell.children)

    def _as_text(self, block: Block, room: int) -> tuple[tuple[Block, ...], tuple[Block, ...]]:
        lines = flatten(Document(blocks=(block,))).text.split("\n")
        nodes = [node for line in lines for node in (LineBreak(), Text(text=line)) if line]
        return self._paragraph(trimmed(nodes), room)


def _dangling(packed: list[Block]) -> list[Block]:
    """The headings at the end of a chunk, taken out of it: they belong to what follows."""
    count = 0
    while count < len(packed) - 1 and isinstance(packed[-1 - count], Heading):
        count += 1
    taken = packed[len(packed) - count :]
    del packed[len(packed) - count :]
    return taken


def _paragraphs(nodes: tuple[Inline, ...]) -> tuple[Block, ...]:
    children = trimmed(nodes)
    return (Paragraph(children=children),) if children else ()


def _unbold(nodes: tuple[Inline, ...]) -> tuple[Inline, ...]:
    return tuple(child for node in nodes for child in (node.children if isinstance(node, Bold) else (node,)))


def _cell(
    header: tuple[tuple[Inline, ...], ...], row: tuple[tuple[Inline, ...], ...], place: int
) -> Paragraph:
    cell = row[place] if place < len(row) else ()
    if not cell:
        return Paragraph(children=())
    title = (Bold(children=_unbold(header[place])), Text(text=": ")) if header[place] else ()
    return Paragraph(children=trimmed((*title, *cell)))

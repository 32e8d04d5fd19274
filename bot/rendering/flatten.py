"""A Document as text and spans for chats that know no blocks: nothing is lost, everything stays readable."""

from __future__ import annotations

from typing import assert_never

from .composer import Composer
from .document import (
    Block,
    Bold,
    Code,
    CodeBlock,
    Collapsed,
    Columns,
    Document,
    Heading,
    Image,
    Inline,
    Italic,
    LineBreak,
    Link,
    List,
    ListItem,
    Math,
    MathBlock,
    Paragraph,
    Quote,
    Rule,
    Strike,
    Table,
    Text,
)
from .inlines import plain_text
from .layout import aligned_table
from .text import FormattedText, SpanKind
from .urls import is_linkable

__all__ = ["flatten"]

_BULLETS = "•◦▪"
_STEP = "   "
_RULE = "──────────"
_IMAGE = "🖼 "
_HEADING_SIGNS = {1: "▍", 2: "", 3: ""}
_LOW_HEADING_SIGN = "› "
_LONGEST_DATA_URL = 64


def flatten(document: Document) -> FormattedText:
    """The document as one formatted text without blanks at its ends; empty if there is nothing to show."""
    composer = Composer()
    _Flattener(composer).blocks(document.blocks, gap="\n\n")
    return composer.finish()


class _Flattener:
    """Walks the blocks once. ``_depth`` counts lists, for their bullets; ``_quoted`` knows an open quote."""

    def __init__(self, composer: Composer) -> None:
        self._out = composer
        self._depth = 0
        self._quoted = False

    def blocks(self, blocks: tuple[Block, ...], *, gap: str) -> None:
        previous: Block | None = None
        for block in blocks:
            if previous is not None:
                self._out.separate("\n" if isinstance(previous, Heading) else gap)
            self._block(block, gap)
            previous = block

    def _block(self, block: Block, gap: str) -> None:
        match block:
            case Paragraph():
                self._inlines(block.children)
            case Heading():
                self._heading(block)
            case List():
                self._list(block)
            case Quote():
                self._quote(block, gap)
            case CodeBlock():
                self._out.write_pre(block.text, block.language)
            case MathBlock():
                self._out.write_pre(block.text, "latex")
            case Table():
                self._table(block)
            case Rule():
                self._out.write(_RULE)
            case Collapsed():
                self._collapsed(block)
            case Columns():
                self.blocks(block.stacked, gap=gap)
            case _:
                assert_never(block)

    def _heading(self, heading: Heading) -> None:
        if not heading.children:
            return
        start = self._out.begin()
        self._out.write(_HEADING_SIGNS.get(heading.level, _LOW_HEADING_SIGN))
        self._inlines(heading.children)
        self._out.mark(SpanKind.BOLD, start)
        if heading.level > 2:
            self._out.mark(SpanKind.ITALIC, start)

    def _list(self, block: List) -> None:
        bullet = _BULLETS[min(self._depth, len(_BULLETS) - 1)]
        outer = self._out.indent
        self._depth += 1
        for place, item in enumerate(block.items):
            if place:
                self._out.write("\n")
            self._item(item, bullet, outer)
        self._depth -= 1

    def _item(self, item: ListItem, bullet: str, outer: str) -> None:
        goes_on = bool(item.blocks) and isinstance(item.blocks[0], Paragraph | Heading | List | Rule)
        marker = _marker(item, bullet)
        self._out.write(marker if goes_on else marker.rstrip())
        self._out.indent = outer + _STEP
        if not goes_on:
            self._out.separate("\n")
        self.blocks(item.blocks, gap="\n")
        self._out.indent = outer

    def _quote(self, quote: Quote, gap: str) -> None:
        outer = self._out.indent
        if self._quoted:
            self._out.indent = outer + "> "
            self.blocks(quote.blocks, gap=gap)
        else:
            self._out.indent = ""
            self._quoted = True
            start = self._out.begin_block()
            self.blocks(quote.blocks, gap="\n")
            self._out.mark(SpanKind.BLOCKQUOTE, start)
            self._quoted = False
        self._out.indent = outer

    def _collapsed(self, block: Collapsed) -> None:
        outer, was_quoted = self._out.indent, self._quoted
        self._out.indent, self._quoted = "", True
        start = self._out.begin()
        self._out.write(block.title)
        self._out.mark(SpanKind.BOLD, start)
        if block.title:
            self._out.separate("\n")
        self.blocks(block.blocks, gap="\n")
        if not was_quoted:
            self._out.mark(SpanKind.EXPANDABLE_BLOCKQUOTE, start)
        self._out.indent, self._quoted = outer, was_quoted

    def _table(self, table: Table) -> None:
        aligned = aligned_table(table)
        if aligned is not None:
            self._out.write_pre(aligned, None)
        elif table.rows:
            self._rows(table)
        else:
            self._row_cells(table.header, (), " | ")

    def _rows(self, table: Table) -> None:
        outer = self._out.indent
        for place, row in enumerate(table.rows):
            if place:
                self._out.write("\n")
            self._out.write("• ")
            self._out.indent = outer + _STEP
            self._row_cells(row, table.header, "\n")
            self._out.indent = outer

    def _row_cells(
        self, cells: tuple[tuple[Inline, ...], ...], header: tuple[tuple[Inline, ...], ...], gap: str
    ) -> None:
        shown = [place for place, cell in enumerate(cells) if cell]
        for place in shown:
            if place != shown[0]:
                self._out.write(gap)
            if place < len(header) and header[place]:
                self._inlines((Bold(children=header[place]), Text(text=": ")))
            self._inlines(cells[place])

    def _inlines(self, nodes: tuple[Inline, ...]) -> None:
        for node in nodes:
            self._inline(node)

    def _inline(self, node: Inline) -> None:
        match node:
            case Text():
                self._out.write(node.text)
            case LineBreak():
                self._out.write("\n")
            case Bold():
                self._styled(SpanKind.BOLD, node.children)
            case Italic():
                self._styled(SpanKind.ITALIC, node.children)
            case Strike():
                self._styled(SpanKind.STRIKETHROUGH, node.children)
            case Code() | Math():
                self._styled(SpanKind.CODE, (Text(text=node.text),))
            case Link():
                self._link(node.url, node.children)
            case Image():
                label = node.alt or node.title
                self._link(node.url, (Text(text=_IMAGE + (label or _shown_url(node.url))),))
            case _:
                assert_never(node)

    def _styled(self, kind: SpanKind, children: tuple[Inline, ...]) -> None:
        start = self._out.begin()
        self._inlines(children)
        self._out.mark(kind, start)

    def _link(self, url: str, children: tuple[Inline, ...]) -> None:
        start = self._out.begin()
        self._inlines(children)
        if is_linkable(url):
            self._out.mark(SpanKind.TEXT_LINK, start, url=url)
        elif (address := _shown_url(url)) and address not in plain_text(children):
            self._out.write(f" ({address})")


def _marker(item: ListItem, bullet: str) -> str:
    box = "" if item.checked is None else "☑ " if item.checked else "☐ "
    if item.number is not None:
        return f"{item.number}. {box}"
    return box or f"{bullet} "


def _shown_url(url: str) -> str:
    """The address as a person reads it; the bytes of an embedded image are no use to anyone."""
    if url.lower().startswith("data:") and len(url) > _LONGEST_DATA_URL:
        return url[:_LONGEST_DATA_URL] + "…"
    return url.removeprefix("mailto:").removeprefix("tel:")

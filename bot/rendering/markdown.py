"""A Document as canonical GitHub-flavoured Markdown that parses back to the same Document."""

from __future__ import annotations

import re
from typing import assert_never

from .document import (
    Align,
    Block,
    Bold,
    CodeBlock,
    Collapsed,
    Columns,
    Document,
    Heading,
    Inline,
    List,
    ListItem,
    MathBlock,
    Paragraph,
    Quote,
    Rule,
    Table,
    Text,
)
from .escapes import inline_markdown

__all__ = ["to_markdown"]

_DELIMITER_CELLS = {Align.NONE: "---", Align.LEFT: ":--", Align.CENTER: ":-:", Align.RIGHT: "--:"}
_LOOKS_LIKE_RULE = re.compile(r"(?:-[ ]*){3,}|(?:\*[ ]*){3,}")
_Single = Paragraph | Heading | Quote | Collapsed | CodeBlock | MathBlock | Table | Rule
_RULE = "___"  # "---" would underline a heading, and "***" within an item would be read as part of its marker


def to_markdown(document: Document) -> str:
    """The Markdown of a document, without a final line end.

    ``parse`` of the result gives the document back. What Markdown lacks is told with what it has: a
    ``Collapsed`` as a quote under its title in bold, ``Columns`` one after the other under headings.
    """
    return "\n".join(_lines(document.blocks))


def _lines(blocks: tuple[Block, ...]) -> list[str]:
    lines: list[str] = []
    previous: Block | None = None
    marker = ""
    for block in blocks:
        if previous is not None and not _joins(previous, block):
            lines.append("")
        if isinstance(block, Columns):
            lines += _lines(block.stacked)
        elif isinstance(block, List):
            marker, written = _list(block, avoid=marker if isinstance(previous, List) else "")
            lines += written
        else:
            lines += _block(block)
        previous = block
    return lines


def _list(block: List, *, avoid: str) -> tuple[str, list[str]]:
    """The marker taken, and the lines. Only another marker keeps a list apart from the one before."""
    markers = (".", ")") if block.ordered else ("-", "*", "+")
    for marker in (marker for marker in markers if marker != avoid):
        lines = [line for item in block.items for line in _item(item, marker)]
        if not any(_LOOKS_LIKE_RULE.fullmatch(line) for line in lines):
            break
    return marker, lines


def _joins(previous: Block, block: Block) -> bool:
    """Whether no blank line is needed: text is followed at once by a list whose first marker allows it."""
    if not isinstance(previous, Paragraph) or not isinstance(block, List):
        return False
    first = block.items[0]
    return block.start == 1 and bool(first.blocks) and isinstance(first.blocks[0], Paragraph)


def _block(block: _Single) -> list[str]:
    match block:
        case Paragraph():
            return inline_markdown(block.children).split("\n")
        case Heading():
            return [f"{'#' * block.level} {inline_markdown(block.children, one_line=True)}".rstrip()]
        case Quote():
            return _quoted(block.blocks)
        case Collapsed():
            return _quoted((Paragraph(children=(Bold(children=(Text(text=block.title),)),)), *block.blocks))
        case CodeBlock():
            return _fenced(block.text, block.language or "")
        case MathBlock():
            return _formula(block.text)
        case Table():
            return _table(block)
        case Rule():
            return [_RULE]
        case _:
            assert_never(block)


def _item(item: ListItem, marker: str) -> list[str]:
    marker = marker if item.number is None else f"{item.number}{marker}"
    indent = " " * (len(marker) + 1)
    box = "" if item.checked is None else "[x] " if item.checked else "[ ] "
    lines = _lines(item.blocks) or [""]
    first = f"{marker} {box}{lines[0]}" if box or lines[0] else marker
    return [first, *(indent + line if line else "" for line in lines[1:])]


def _quoted(blocks: tuple[Block, ...]) -> list[str]:
    return [f"> {line}" if line else ">" for line in _lines(blocks) or [""]]


def _fenced(text: str, info: str) -> list[str]:
    longest = max((len(run) for run in re.findall("`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return [fence + info, *(text.split("\n") if text else []), fence]


def _formula(text: str) -> list[str]:
    if "$$" in text or not text or re.search(r"\n[ \t]*\n", text):
        return _fenced(text, "math")
    return ["$$", *text.split("\n"), "$$"]


def _table(table: Table) -> list[str]:
    delimiter = " | ".join(_DELIMITER_CELLS[align] for align in table.align)
    return [_row(table.header), f"| {delimiter} |", *(_row(row) for row in table.rows)]


def _row(cells: tuple[tuple[Inline, ...], ...]) -> str:
    return "| " + " | ".join(inline_markdown(cell, in_table=True) for cell in cells) + " |"

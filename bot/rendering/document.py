"""The tree every reply is rendered from: blocks that hold inlines, and nothing about any platform."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "Align",
    "Block",
    "Bold",
    "Code",
    "CodeBlock",
    "Collapsed",
    "Column",
    "Columns",
    "Document",
    "Heading",
    "Image",
    "Inline",
    "Italic",
    "LineBreak",
    "Link",
    "List",
    "ListItem",
    "Math",
    "MathBlock",
    "Paragraph",
    "Quote",
    "Rule",
    "Strike",
    "Table",
    "Text",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Plain characters without a line break."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bold:
    """Strong emphasis. Never holds another Bold."""

    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Italic:
    """Emphasis. Never holds another Italic."""

    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """Text struck through. Never holds another Strike."""

    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """Code inside a line, verbatim."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link with its visible content. The URL is as written, only spaces and controls percent-encoded."""

    url: str
    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image by address; ``alt`` is what a reader without images sees."""

    alt: str
    url: str
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Math:
    """A formula inside a line: its LaTeX source, without delimiters."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineBreak:
    """A line end inside a block; hard and soft breaks are not told apart."""


Inline = Text | Bold | Italic | Strike | Code | Link | Image | Math | LineBreak


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """Running text."""

    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A heading of level 1 to 6."""

    level: int
    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListItem:
    """One entry of a list. ``number`` is set in ordered lists; ``checked`` makes it a task."""

    blocks: tuple[Block, ...]
    checked: bool | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class List:
    """A list. The numbers of an ordered one grow from item to item, though not always by one."""

    ordered: bool
    items: tuple[ListItem, ...]

    @property
    def start(self) -> int:
        """The first item's number; 1 for a list that counts nothing."""
        return self.items[0].number or 0 if self.ordered and self.items else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """Quoted blocks."""

    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeBlock:
    """Lines of code without the final line end; ``language`` is the bare name or None."""

    language: str | None
    text: str


class Align(StrEnum):
    """How a table column is set."""

    NONE = "none"
    LEFT = "left"
    CENTER = "center"
    RIGHT = "right"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table. ``align`` has one entry a column; a row may be shorter than the header, never longer."""

    header: tuple[tuple[Inline, ...], ...]
    rows: tuple[tuple[tuple[Inline, ...], ...], ...]
    align: tuple[Align, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A thematic break."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MathBlock:
    """A displayed formula: its LaTeX source, without delimiters."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Collapsed:
    """Blocks that a reader opens on demand. Made by our code (a model's thinking), never by the parser."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One of several texts to be compared, under its title."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Texts to be seen side by side. Made by our code at the top of a document, never by the parser."""

    columns: tuple[Column, ...]

    @property
    def stacked(self) -> tuple[Block, ...]:
        """The same one after the other, each under its title as a heading, for where there is no room."""
        return tuple(
            block
            for column in self.columns
            for block in (Heading(level=2, children=(Text(text=column.title),)), *column.blocks)
        )


Block = Paragraph | Heading | List | Quote | CodeBlock | Table | Rule | MathBlock | Collapsed | Columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A whole reply, or what is known of it so far."""

    blocks: tuple[Block, ...] = ()

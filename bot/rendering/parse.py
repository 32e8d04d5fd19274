"""Markdown of any shape becomes a Document: no input raises, and nothing that a reader should see is lost."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from markdown_it.token import Token

from .document import (
    Align,
    Block,
    CodeBlock,
    Document,
    Heading,
    Inline,
    Link,
    List,
    ListItem,
    MathBlock,
    Paragraph,
    Quote,
    Rule,
    Table,
    Text,
)
from .inlines import parse_inlines, plain_inlines, trimmed
from .syntax import block_tokens
from .unfinished import hold_back_lines, settle_inlines

__all__ = ["ParsedSource", "clean", "parse", "parse_source"]

_MAX_NUMBER = 999_999_999  # CommonMark: an item's number has at most nine digits
_LANGUAGE = re.compile(r"[\w.#+-]+")
_LINE_ENDS = re.compile(r"\r\n?|[\x85\u2028\u2029]")
_REFUSED = re.compile(r"[\x00\ud800-\udfff]")
_CONTROLS = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_UNCLEAN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028\u2029\u2060-\u2064\ufeff\ud800-\udfff]"
)
_INVISIBLE_FLOOD = re.compile(r"([\u200b-\u200f\u2060-\u2064\ufeff]{8})[\u200b-\u200f\u2060-\u2064\ufeff]+")
# Whatever may begin anything but a paragraph of plain text. "-" and digits only matter at a line's start.
_NOT_PLAIN = re.compile(
    r"[!$&*<\[\\\]_`~|]|^(?:\t| {1,3}\t| {4})|^[ \t]*(?:[#>+=-]|\d{1,9}(?:[.)]|[ \t]*$))", re.MULTILINE
)
_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedSource:
    """The blocks of a source. Only what follows its first ``closed_length`` characters changes as it grows.

    ``closed`` are the blocks before that place. ``has_definitions``: some link depends on a line elsewhere,
    so no block can be judged by itself.
    """

    blocks: tuple[Block, ...]
    closed: tuple[Block, ...]
    closed_length: int
    has_definitions: bool = False


def parse(markdown: str) -> Document:
    """The tree of a whole Markdown text. For a text still being written see ``StreamingParser``."""
    return Document(blocks=parse_source(clean(markdown), partial=False).blocks)


def clean(text: str) -> str:
    """The text as the parser takes it: one kind of line end, no surrogates, controls or invisible floods."""
    if _UNCLEAN.search(text) is None:
        return text
    text = _REFUSED.sub("\ufffd", _LINE_ENDS.sub("\n", text))
    return _INVISIBLE_FLOOD.sub(r"\1", _CONTROLS.sub(" ", text))


def parse_source(source: str, *, partial: bool) -> ParsedSource:
    """Parse a clean source. ``partial``: it will go on, so close what is open and hold back the undecided."""
    if _NOT_PLAIN.search(source) is None:
        return _plain_paragraphs(source)
    return _parse_marked(hold_back_lines(source) if partial else source, partial=partial)


def _plain_paragraphs(source: str) -> ParsedSource:
    blocks: list[Block] = []
    starts = [0, 0]
    start = 0
    for end in (*(match.start() for match in _BLANK_LINES.finditer(source)), len(source)):
        children = plain_inlines(source[start:end].strip("\n"))
        if children:
            blocks.append(Paragraph(children=children))
            starts.append(start)
        start = end
    return ParsedSource(blocks=tuple(blocks), closed=tuple(blocks[:-2]), closed_length=starts[-2])


def _parse_marked(source: str, *, partial: bool) -> ParsedSource:
    env: dict[str, Any] = {"partial": partial}
    tokens = block_tokens(source, env)
    if partial:
        _settle_end(tokens, source)
    placed = _Builder(tokens, env).top_level()
    if "references" in env:
        placed = _Builder(tokens, env).top_level()  # now it is known which definitions no link uses
    blocks = tuple(block for _, block in placed if block is not None)
    first_open = _first_open_line([line for line, _ in placed], source)
    return ParsedSource(
        blocks=blocks,
        closed=tuple(block for line, block in placed if block is not None and line < first_open),
        closed_length=_offset_of_line(source, first_open),
        has_definitions="references" in env,
    )


def _first_open_line(starts: list[int], source: str) -> int:
    """The line from which on blocks may change: where the last but one begins.

    The last one may still turn out to continue it (an open ``$$``). While the last one's first line grows, it
    may even continue the one before: ``#`` is a heading and ends a paragraph, ``#tag`` continues it.
    """
    is_growing = bool(starts) and starts[-1] == source.count("\n")
    kept = 3 if is_growing else 2
    return starts[-kept] if len(starts) >= kept else 0


def _offset_of_line(source: str, line: int) -> int:
    offset = 0
    for _ in range(line):
        offset = source.index("\n", offset) + 1
    return offset


def _settle_end(tokens: list[Token], source: str) -> None:
    """Make the inline content that the source ends in presentable, if it may go on."""
    index = len(tokens) - 1
    while index >= 0 and tokens[index].nesting < 0:
        index -= 1
    if index < 0 or re.search(r"\n[ \t]*\n[ \t]*$", source):
        return
    leaf = tokens[index]
    if leaf.type == "inline" and not (source.endswith("\n") and tokens[index + 1].type == "heading_close"):
        leaf.content = settle_inlines(leaf.content)
        leaf.meta["open_end"] = True
    elif leaf.type == "table" and not source.endswith("\n") and leaf.meta["rows"][-1]:
        row = leaf.meta["rows"][-1]
        row[-1] = settle_inlines(row[-1])
        leaf.meta["open_end"] = True


class _Builder:
    """Reads a token sequence once, from left to right, into blocks."""

    def __init__(self, tokens: list[Token], env: dict[str, Any]) -> None:
        self._tokens = tokens
        self._env = env
        self._at = 0
        self._shown: set[str] = set()

    def top_level(self) -> list[tuple[int, Block | None]]:
        """The line each top-level block begins in, and the block; None where nothing is to be shown."""
        placed = []
        while self._at < len(self._tokens):
            lines = self._tokens[self._at].map
            placed.append((lines[0] if lines else 0, self._block()))
        return placed

    def _blocks(self) -> tuple[Block, ...]:
        blocks = []
        while self._tokens[self._at].nesting >= 0:
            if (block := self._block()) is not None:
                blocks.append(block)
        self._at += 1
        return tuple(blocks)

    def _take(self) -> Token:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _block(self) -> Block | None:
        token = self._take()
        match token.type:
            case "paragraph_open":
                children = self._content()
                return Paragraph(children=children) if children else None
            case "heading_open":
                return Heading(level=int(token.tag[1]), children=self._content())
            case "bullet_list_open" | "ordered_list_open":
                return self._list(ordered=token.tag == "ol")
            case "blockquote_open":
                return Quote(blocks=self._blocks())
            case "table":
                return self._table(token)
            case "definition":
                return self._definition(token)
            case _:
                return _leaf(token)

    def _content(self) -> tuple[Inline, ...]:
        token = self._take()
        self._at += 1
        return self._inlines(token.content, open_end="open_end" in token.meta)

    def _inlines(self, content: str, *, open_end: bool = False) -> tuple[Inline, ...]:
        self._env["open_end"] = open_end
        return parse_inlines(content, self._env)

    def _list(self, *, ordered: bool) -> List:
        items: list[ListItem] = []
        while self._tokens[self._at].nesting > 0:
            token = self._take()
            previous = items[-1].number if items else None
            number = _number(token.info, previous) if ordered else None
            items.append(ListItem(blocks=self._blocks(), checked=token.meta.get("checked"), number=number))
        self._at += 1
        return List(ordered=ordered, items=tuple(items))

    def _table(self, token: Token) -> Table:
        rows: list[list[str]] = token.meta["rows"]
        open_end = "open_end" in token.meta
        cells = [
            tuple(
                self._inlines(cell, open_end=open_end and row is rows[-1] and index == len(row) - 1)
                for index, cell in enumerate(row)
            )
            for row in rows
        ]
        align: list[Align] = token.meta["align"]
        return Table(header=cells[0], rows=tuple(cells[1:]), align=tuple(align))

    def _definition(self, token: Token) -> Block | None:
        """A definition that no link uses is there to be read, such as a list of sources."""
        label = token.meta["id"]
        if label in self._env.get("used", ()) and label not in self._shown:
            self._shown.add(label)
            return None
        url, title = token.meta["url"], " ".join(token.meta["title"].split())
        children: list[Inline] = [Text(text=f"[{' '.join(token.meta['label'].split())}]: ")]
        if url:
            children.append(Link(url=url, children=(Text(text=url),)))
        if title:
            children.append(Text(text=f' "{title}"'))
        return Paragraph(children=trimmed(children))


def _number(written: str, previous: int | None) -> int:
    """The item's number as written, or counted on where the writing does not count (1. 1. 1.)."""
    number = int(written)
    if previous is None or number > previous:
        return number
    return min(previous + 1, _MAX_NUMBER)


def _leaf(token: Token) -> Block:
    match token.type:
        case "hr":
            return Rule()
        case "math_block":
            return MathBlock(text=token.content)
        case "fence":
            language = _LANGUAGE.match(token.info.strip())
            return _fenced(language[0] if language else None, token.content.removesuffix("\n"))
        case _:
            return CodeBlock(language=None, text=token.content.removesuffix("\n"))


def _fenced(language: str | None, text: str) -> Block:
    if language == "math":
        return MathBlock(text=text.strip())
    return CodeBlock(language=language, text=text)

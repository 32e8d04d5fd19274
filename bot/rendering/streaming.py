"""A growing answer as a Document at every moment, at a cost in proportion to its last block."""

from __future__ import annotations

from .document import Block, Document
from .parse import clean, parse, parse_source
from .unfinished import without_empty_end

__all__ = ["StreamingParser"]


class StreamingParser:
    """Parses one answer again and again while it grows; keeps the blocks that can no longer change.

    What is open is shown closed (a fence, ``**``); what is undecided is held back (a table before its second
    row, an unfinished link, a marker alone). A source that does not continue the one before starts anew.
    """

    def __init__(self) -> None:
        self._closed_source = ""
        self._closed_blocks: tuple[Block, ...] = ()

    def parse(self, source: str, *, final: bool = False) -> Document:
        """The document so far; with ``final`` it is ``parse(source)``. Never raises, whatever it is given."""
        if final:
            return parse(source)
        source = clean(source)
        if not source.startswith(self._closed_source):
            self._forget()
        parsed = parse_source(source[len(self._closed_source) :], partial=True)
        if parsed.has_definitions:
            self._forget()
            return Document(blocks=without_empty_end(parse_source(source, partial=True).blocks))
        blocks = self._closed_blocks + parsed.blocks
        self._closed_source = source[: len(self._closed_source) + parsed.closed_length]
        self._closed_blocks += parsed.closed
        return Document(blocks=without_empty_end(blocks))

    def _forget(self) -> None:
        self._closed_source = ""
        self._closed_blocks = ()

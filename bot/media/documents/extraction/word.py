"""Reads Word documents: everything a reader of the printed page sees, then the notes and comments.

Content controls, text boxes and tables within tables are read where they stand; deleted text, field codes
and the second copy of a text box that is kept for old programs are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from .archives import Archive
from .found import DocumentFault, Part, Unusable
from .prose import Prose
from .xml_events import walk

__all__ = ["MAIN_PART", "read_word"]

MAIN_PART: Final = "word/document.xml"
_STYLES: Final = "word/styles.xml"
_BESIDE: Final = {
    "word/footnotes.xml": "footnotes",
    "word/endnotes.xml": "endnotes",
    "word/comments.xml": "comments",
}
_HEADING: Final = re.compile(r"heading (\d)", re.IGNORECASE)
_LISTS: Final = ("List Bullet", "List Number")
_BREAKS: Final = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}


def read_word(archive: Archive) -> Iterator[Part]:
    """The document's parts, in reading order. Raises Unusable."""
    data = archive.read(MAIN_PART)
    if not data:
        raise Unusable(DocumentFault.CORRUPT, "a Word file without its document")
    styles = _Styles()
    if style_sheet := archive.read(_STYLES):
        walk(style_sheet, styles)
    yield from _parts(data, "", styles)
    for name, label in _BESIDE.items():
        if beside := archive.read(name):
            yield from _parts(beside, label, styles)


def _parts(data: bytes, label: str, styles: _Styles) -> list[Part]:
    text = _Text(label, styles)
    walk(data, text)
    text.prose.end_part()
    return text.prose.parts


class _Styles:
    """Which styles are headings, of which level, and which lists: ids are translated, names are not."""

    def __init__(self) -> None:
        self.levels: dict[str, int] = {}
        self.lists: set[str] = set()
        self._style = ""

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "style":
            self._style = attributes.get("styleId", "")
        elif name == "name" and self._style:
            self._name(attributes.get("val", ""))

    def end(self, name: str) -> None:
        if name == "style":
            self._style = ""

    def _name(self, name: str) -> None:
        if heading := _HEADING.fullmatch(name):
            self.levels[self._style] = int(heading[1])
        elif name.startswith(_LISTS):
            self.lists.add(self._style)

    def text(self, text: str) -> None:
        pass


class _Text:
    """What the elements of WordprocessingML mean to a reader."""

    def __init__(self, label: str, styles: _Styles) -> None:
        self.prose = Prose.labelled(label)
        self._styles = styles
        self._level = 0
        self._listed = False
        self._in_text = False
        self._skipped = 0

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "Fallback" or self._skipped:
            self._skipped += 1
        elif name == "t":
            self._in_text = True
        elif name in _BREAKS:
            self.prose.add(_BREAKS[name])
        elif name == "pStyle":
            style = attributes.get("val", "")
            self._level, self._listed = self._styles.levels.get(style, 0), style in self._styles.lists
        elif name == "numPr":
            self._listed = True
        elif name == "tr":
            self.prose.begin_row()

    def end(self, name: str) -> None:
        if self._skipped:
            self._skipped -= 1
        elif name == "t":
            self._in_text = False
        elif name == "p":
            self.prose.end_paragraph(level=self._level, listed=self._listed)
            self._level, self._listed = 0, False
        elif name == "tc":
            self.prose.end_cell()
        elif name == "tr":
            self.prose.end_row()

    def text(self, text: str) -> None:
        if self._in_text and not self._skipped:
            self.prose.add(text)

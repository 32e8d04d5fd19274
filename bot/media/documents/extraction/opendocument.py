"""Reads OpenDocument texts and presentations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from .archives import Archive
from .found import DocumentFault, Findings, Part, Unusable
from .prose import Prose
from .xml_events import walk

__all__ = ["MAIN_PART", "read_opendocument"]

MAIN_PART: Final = "content.xml"
_MANIFEST: Final = "META-INF/manifest.xml"
_MOST_SPACES: Final = 100
_PARAGRAPHS: Final = frozenset({"p", "h"})
# Who changed what; and the name of the slide's or the text's author.
_UNSEEN: Final = frozenset({"tracked-changes", "annotation"})


def read_opendocument(archive: Archive, findings: Findings) -> Iterator[Part]:
    """The document's parts; those of a presentation are its slides. Raises Unusable."""
    if b"encryption-data" in archive.read(_MANIFEST):
        raise Unusable(DocumentFault.ENCRYPTED, "its content is encrypted")
    data = archive.read(MAIN_PART)
    if not data:
        raise Unusable(DocumentFault.CORRUPT, "an OpenDocument file without content")
    text = _Text()
    walk(data, text)
    text.prose.end_part()
    findings.pages = text.slides
    yield from text.prose.parts


class _Text:
    """What the elements of an OpenDocument text mean to a reader."""

    def __init__(self) -> None:
        self.prose = Prose()
        self.slides = 0
        self._level = 0
        self._lists = 0
        self._depth = 0
        self._skipped = 0

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name in _UNSEEN or self._skipped:
            self._skipped += 1
        elif name == "page":
            self.slides += 1
            self.prose.end_part(f"slide {self.slides}")
        elif name in _PARAGRAPHS:
            self._depth += 1
            self._level = _number(attributes.get("outline-level", "")) if name == "h" else 0
        elif name == "s" and self._depth:
            self.prose.add(" " * min(_number(attributes.get("c", "1")), _MOST_SPACES))
        elif name in ("tab", "line-break"):
            self.prose.add("\t" if name == "tab" else "\n")
        elif name == "list":
            self._lists += 1
        elif name == "table-row":
            self.prose.begin_row()

    def end(self, name: str) -> None:
        if self._skipped:
            self._skipped -= 1
        elif name in _PARAGRAPHS:
            self._depth -= 1
            self.prose.end_paragraph(level=self._level, listed=self._lists > 0)
            self._level = 0
        elif name == "list":
            self._lists -= 1
        elif name == "table-cell":
            self.prose.end_cell()
        elif name == "table-row":
            self.prose.end_row()

    def text(self, text: str) -> None:
        if self._depth and not self._skipped:
            self.prose.add(text)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 9 else 1

"""Reads presentations: slide by slide in the order they are shown, each with its speaker's notes."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Final

from .archives import Archive
from .found import DocumentFault, Findings, Part, Unusable
from .prose import Prose
from .xml_events import attributes_of, walk

__all__ = ["MAIN_PART", "read_slides"]

MAIN_PART: Final = "ppt/presentation.xml"
_MOST_SLIDES: Final = 5000


def read_slides(archive: Archive, findings: Findings) -> Iterator[Part]:
    """The slides that have text. Raises Unusable."""
    slides = _slides(archive)
    findings.pages = len(slides)
    if len(slides) > _MOST_SLIDES:
        raise Unusable(DocumentFault.TOO_MANY_PAGES, f"{len(slides)} slides")
    for number, slide in enumerate(slides, start=1):
        text = _text_of(archive, slide)
        for notes in _related(archive, slide, "/notesSlide").values():
            if said := _text_of(archive, notes, notes=True):
                text = f"{text}\n\nNotes: {said}".strip()
        if text:
            yield Part(label=f"slide {number}", text=text)


def _slides(archive: Archive) -> list[str]:
    """The slides' names in the order of the presentation."""
    data = archive.read(MAIN_PART)
    if not data:
        raise Unusable(DocumentFault.CORRUPT, "a presentation without its list of slides")
    files = _related(archive, MAIN_PART, "/slide")
    order = (attributes.get("id", "") for attributes in _slide_ids(data))
    return [files[relation] for relation in order if relation in files]


def _slide_ids(data: bytes) -> list[dict[str, str]]:
    # Both a plain and a relationship's id are called "id" here; the latter comes last and wins.
    return attributes_of(data, "sldId")


def _related(archive: Archive, name: str, kind: str) -> dict[str, str]:
    """The parts that a part refers to, of one kind, by the relationship's id."""
    folder, file = posixpath.split(name)
    data = archive.read(f"{folder}/_rels/{file}.rels")
    return {
        relation.get("Id", ""): posixpath.normpath(posixpath.join(folder, relation.get("Target", ""))).lstrip(
            "/"
        )
        for relation in attributes_of(data, "Relationship")
        if relation.get("Type", "").endswith(kind) and relation.get("TargetMode") != "External"
    }


def _text_of(archive: Archive, name: str, *, notes: bool = False) -> str:
    data = archive.read(name)
    if not data:
        return ""
    text = _Text(notes=notes)
    walk(data, text)
    text.prose.end_part()
    return "\n".join(part.text for part in text.prose.parts)


class _Text:
    """What the elements of a slide mean to a reader. On a page of notes the slide's number is left out."""

    def __init__(self, *, notes: bool) -> None:
        self.prose = Prose()
        self._notes = notes
        self._in_text = False
        self._field = 0
        self._skipped = 0

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "Fallback" or self._skipped:
            self._skipped += 1
        elif name == "t":
            self._in_text = True
        elif name == "br":
            self.prose.add("\n")
        elif name == "fld" and attributes.get("type") == "slidenum":
            self._field += 1
        elif name == "tr":
            self.prose.begin_row()

    def end(self, name: str) -> None:
        if self._skipped:
            self._skipped -= 1
        elif name == "t":
            self._in_text = False
        elif name == "fld":
            self._field = 0
        elif name == "p":
            self.prose.end_paragraph()
        elif name == "tc":
            self.prose.end_cell()
        elif name == "tr":
            self.prose.end_row()

    def text(self, text: str) -> None:
        if self._in_text and not self._field and not self._skipped:
            self.prose.add(text)

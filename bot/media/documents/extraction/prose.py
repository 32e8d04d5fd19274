"""Gathers running text from XML events: paragraphs, headings, lists and tables, as light Markdown."""

from __future__ import annotations

from dataclasses import dataclass, field

from .found import Part, clean

__all__ = ["Prose"]

_CUT_AT_LEVEL = 2


@dataclass(slots=True)
class Prose:
    """Text being gathered. Each heading of the first two levels begins a part, which it names."""

    parts: list[Part] = field(default_factory=list)
    _label: str = ""
    _lines: list[str] = field(default_factory=list)
    _pieces: list[str] = field(default_factory=list)
    _cells: list[list[str]] = field(default_factory=list)

    def add(self, text: str) -> None:
        """More of the present paragraph."""
        self._pieces.append(text)

    def end_paragraph(self, *, level: int = 0, listed: bool = False) -> None:
        """The paragraph is over; ``level`` makes a heading of it, ``listed`` an item of a list."""
        text = "".join(self._pieces).strip()
        self._pieces.clear()
        if not text:
            return
        if self._cells:
            self._cells[-1].append(text)
            return
        if 0 < level <= _CUT_AT_LEVEL:
            self.end_part(" ".join(text.split())[:80])
        mark = "#" * min(level, 6) + " " if level else "- " if listed else ""
        self._lines.append(f"{mark}{text}")

    def begin_row(self) -> None:
        """A row of a table begins, perhaps within a cell of another."""
        self._cells.append([])

    def end_cell(self) -> None:
        """The text gathered since the last cell was one cell."""
        self.end_paragraph()
        if self._cells:
            self._cells[-1].append("|")

    def end_row(self) -> None:
        """The row is over."""
        if not self._cells:
            return
        row = " ".join(self._cells.pop()).removesuffix("|").strip()
        if self._cells:
            self._cells[-1].append(row)
        elif row.strip("| "):
            self._lines.append(row)

    def end_part(self, next_label: str = "") -> None:
        """What was gathered is a part; what follows is called ``next_label``."""
        if text := clean("\n".join(self._lines)):
            self.parts.append(Part(label=self._label, text=text))
        self._lines.clear()
        self._label = next_label

    @classmethod
    def labelled(cls, label: str) -> Prose:
        """Empty, its first part called ``label``."""
        prose = cls()
        prose._label = label
        return prose

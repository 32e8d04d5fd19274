"""What comes out of a document, and why nothing does."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

__all__ = ["DocumentFault", "DocumentKind", "Findings", "Part", "Scan", "Source", "Unusable", "clean"]


class DocumentKind(StrEnum):
    """What a document is by its content."""

    PDF = "pdf"
    DOCX = "docx"
    PPTX = "pptx"
    ODT = "odt"
    ODP = "odp"
    SPREADSHEET = "spreadsheet"
    RTF = "rtf"
    HTML = "html"
    TABLE = "table"
    JSON = "json"
    TEXT = "text"


class DocumentFault(StrEnum):
    """Why a document cannot be read."""

    EMPTY = "empty"
    ENCRYPTED = "encrypted"
    CORRUPT = "corrupt"
    BOMB = "bomb"
    TOO_LARGE = "too_large"
    TOO_MANY_PAGES = "too_many_pages"
    TOO_SLOW = "too_slow"
    OLD_FORMAT = "old_format"
    UNKNOWN = "unknown"
    NO_TEXT = "no_text"


class Unusable(Exception):
    """The document cannot be read. The text is for the log."""

    def __init__(self, fault: DocumentFault, text: str) -> None:
        super().__init__(text)
        self.fault = fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of a document; ``label`` says which: "page 3", "sheet Sales, rows 1-90"; or is empty."""

    label: str = ""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """A page without text, as a JPEG at ``path``."""

    page: int
    path: Path
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The file to read: its first bytes, and the name it was sent under, which proves nothing."""

    path: Path
    name: str
    head: bytes

    @property
    def suffix(self) -> str:
        """The ending of the name, in small letters, with its dot."""
        return Path(self.name).suffix.lower()


@dataclass(slots=True, kw_only=True)
class Findings:
    """What was found beside the parts, while they are read. ``scans_into`` takes pages that are pictures."""

    scans_into: Path
    most_scans: int
    pages: int = 0
    scanned: list[int] = field(default_factory=list)
    scans: list[Scan] = field(default_factory=list)


_UNFIT: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\ufffe\uffff]")
_BREAKS: Final = re.compile(r"\r\n?|\x0c|\u2028|\u2029|\x85")
_LINE_ENDS: Final = re.compile(r"[ \t\u00a0]+\n")
_GAPS: Final = re.compile(r"\n{4,}")


def clean(text: str) -> str:
    """The text without what no reader sees: control characters, half characters, trailing blanks, gaps."""
    whole = text.encode("utf-8", "replace").decode()
    plain = _UNFIT.sub("", _BREAKS.sub("\n", whole))
    return _GAPS.sub("\n\n\n", _LINE_ENDS.sub("\n", plain)).strip("\n ")

"""Documents: bytes in, text in parts out."""

from bot.media.documents.extraction.found import DocumentFault, DocumentKind, Part
from bot.media.documents.faults import UnusableDocument
from bot.media.documents.reading import (
    MOST_CHARACTERS,
    MOST_DOCUMENT_BYTES,
    Document,
    Documents,
    HtmlReader,
    ScannedPage,
)

__all__ = [
    "MOST_CHARACTERS",
    "MOST_DOCUMENT_BYTES",
    "Document",
    "DocumentFault",
    "DocumentKind",
    "Documents",
    "HtmlReader",
    "Part",
    "ScannedPage",
    "UnusableDocument",
]

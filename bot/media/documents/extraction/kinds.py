"""Tells what a document is by its bytes; its name decides only between kinds of text."""

from __future__ import annotations

from typing import Final

from . import opendocument, slides, word
from .archives import open_archive
from .found import DocumentFault, DocumentKind, Source, Unusable

__all__ = ["binary_kind"]

_PDF: Final = b"%PDF-"
_PDF_WITHIN: Final = 1024
_ZIPS: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_RTF: Final = b"{\\rtf"
# The names of streams in an OLE file, as its directory writes them.
_OLE_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_OLE_WORKBOOKS: Final = ("Workbook".encode("utf-16-le"), "Book\x00".encode("utf-16-le"))
_OPEN_DOCUMENT: Final = b"application/vnd.oasis.opendocument."
_OPEN_KINDS: Final = {
    b"text": DocumentKind.ODT,
    b"presentation": DocumentKind.ODP,
    b"spreadsheet": DocumentKind.SPREADSHEET,
}


def binary_kind(source: Source) -> DocumentKind | None:
    """The kind of a document that is not just text; None for what may be text. Raises Unusable."""
    head = source.head
    if _PDF in head[:_PDF_WITHIN]:
        return DocumentKind.PDF
    if head.startswith(_ZIPS):
        return _zipped_kind(source)
    if head.startswith(_OLE):
        return _ole_kind(source)
    return DocumentKind.RTF if head.lstrip().startswith(_RTF) else None


def _zipped_kind(source: Source) -> DocumentKind:
    with open_archive(source.path) as archive:
        if word.MAIN_PART in archive:
            return DocumentKind.DOCX
        if slides.MAIN_PART in archive:
            return DocumentKind.PPTX
        if any(name.startswith("xl/workbook.") for name in archive.names):
            return DocumentKind.SPREADSHEET
        mime = archive.read("mimetype")[:100].strip()
        kind = _OPEN_KINDS.get(mime.removeprefix(_OPEN_DOCUMENT))
        if kind is None or opendocument.MAIN_PART not in archive:
            raise Unusable(DocumentFault.UNKNOWN, "a zip that is no document")
        return kind


def _ole_kind(source: Source) -> DocumentKind:
    """Office files of before 2007, and those of today that have a password."""
    data = source.path.read_bytes()
    if _OLE_ENCRYPTED in data:
        raise Unusable(DocumentFault.ENCRYPTED, "an Office file with a password")
    if any(name in data for name in _OLE_WORKBOOKS):
        return DocumentKind.SPREADSHEET
    raise Unusable(DocumentFault.OLD_FORMAT, "an Office file of before 2007")

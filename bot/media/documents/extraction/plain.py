"""Reads whatever is text as it lies there: prose, code, tables with separators, JSON, web pages, RTF."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from .found import DocumentFault, DocumentKind, Part, Unusable, clean
from .tables import rows_in_parts

__all__ = ["kind_of_text", "read_json", "read_rtf", "read_table", "read_text"]

_HTML: Final = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.{0,2000}?-->\s*){0,20}<(?:!doctype\s+html|html|head|body)\b", re.I | re.S
)
_HTML_NAMES: Final = frozenset({".html", ".htm", ".xhtml"})
_TABLE_NAMES: Final = frozenset({".csv", ".tsv", ".tab", ".psv"})
_LONG_LINE: Final = 2000


def kind_of_text(text: str, suffix: str) -> DocumentKind:
    """What a text is: by itself where it says so, else by the name's ending."""
    if _HTML.match(text[:50_000]) or (suffix in _HTML_NAMES and "<" in text):
        return DocumentKind.HTML
    if suffix in _TABLE_NAMES:
        return DocumentKind.TABLE
    if suffix == ".json" or text[:200].lstrip()[:1] in ("{", "["):
        return DocumentKind.JSON
    return DocumentKind.TEXT


def read_text(text: str) -> Iterator[Part]:
    """The text as it is."""
    yield Part(text=clean(text))


def read_table(text: str) -> Iterator[Part]:
    """The lines of a table."""
    return rows_in_parts(line for line in clean(text).splitlines() if line.strip())


def read_json(text: str) -> Iterator[Part]:
    """JSON as it is if it has lines; written on one line, it gets some, so that it can be read in parts."""
    if any(len(line) > _LONG_LINE for line in text.splitlines()):
        with suppress(ValueError, RecursionError):  # then it is just a text
            text = json.dumps(json.loads(text), ensure_ascii=False, indent=1)
    yield Part(text=clean(text))


def read_rtf(data: bytes) -> Iterator[Part]:
    """The text of an RTF file. Raises Unusable."""
    from striprtf.striprtf import rtf_to_text

    try:
        text = rtf_to_text(data.decode("latin-1"), errors="replace")  # type: ignore[no-untyped-call]  # it has no types
    except Exception as exc:  # it promises nothing about files that are damaged
        raise Unusable(DocumentFault.CORRUPT, f"damaged RTF: {exc}") from exc
    yield Part(text=clean(text))

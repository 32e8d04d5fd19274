"""A document's bytes in, its text in parts out, off the event loop and within limits."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from bot.media.documents.child import extract
from bot.media.documents.extraction.found import DocumentFault, DocumentKind, Part
from bot.media.documents.faults import UnusableDocument

__all__ = [
    "MOST_CHARACTERS",
    "MOST_DOCUMENT_BYTES",
    "Document",
    "Documents",
    "HtmlReader",
    "ScannedPage",
    "document_in",
]

MOST_DOCUMENT_BYTES: Final = 50 << 20
MOST_CHARACTERS: Final = 2_000_000
_MOST_SCANS: Final = 20
_READ_SECONDS: Final = 60.0  # after which what was found is given
_TIMEOUT_SECONDS: Final = 90.0
_AT_ONCE: Final = 2

HtmlReader = Callable[[str], Awaitable[str]]
"""Gives the text of a web page, with Markdown for its structure. Raises UnusableDocument."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedPage:
    """A page without text, as a JPEG."""

    page: int
    data: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What a document says. ``cut`` says that its end was not read, for its length or for the time it took.

    ``pages`` counts pages, slides or sheets, and is 0 where there are none. ``scanned`` are the numbers of
    the pages without text, ``scans`` the first of them as pictures.
    """

    kind: DocumentKind
    parts: tuple[Part, ...]
    cut: bool = False
    pages: int = 0
    scanned: tuple[int, ...] = ()
    scans: tuple[ScannedPage, ...] = ()


class Documents:
    """Shared by all conversations; nothing to close. Two documents are read at a time, more wait."""

    def __init__(
        self,
        *,
        html: HtmlReader,
        most_bytes: int = MOST_DOCUMENT_BYTES,
        most_characters: int = MOST_CHARACTERS,
        most_scans: int = _MOST_SCANS,
        timeout_seconds: float = _TIMEOUT_SECONDS,
    ) -> None:
        self._html = html
        self._most_bytes = most_bytes
        self._most_characters = most_characters
        self._most_scans = most_scans
        self._timeout_seconds = timeout_seconds
        self._places = asyncio.Semaphore(_AT_ONCE)

    @asynccontextmanager
    async def keep(self, chunks: AsyncIterable[bytes]) -> AsyncIterator[Path]:
        """The bytes of a download as a file, which is deleted on leaving.

        Raises UnusableDocument (TOO_LARGE) as soon as more came than is read.
        """
        folder = await asyncio.to_thread(_new_folder)
        try:
            path = Path(folder.name) / "document"
            await _write(chunks, path, self._most_bytes)
            yield path
        finally:
            await asyncio.shield(asyncio.to_thread(folder.cleanup))

    async def read(self, path: Path, *, name: str) -> Document:
        """The document at ``path``; its name only tells kinds of text apart. Raises UnusableDocument.

        Cancellation ends the work at once.
        """
        async with self._places:
            folder = await asyncio.to_thread(_new_folder)
            try:
                return await self._read(path, name, Path(folder.name))
            finally:
                await asyncio.shield(asyncio.to_thread(folder.cleanup))

    async def _read(self, path: Path, name: str, folder: Path) -> Document:
        limits = (str(self._most_scans), str(self._most_characters), str(_READ_SECONDS))
        # A name may hold what no argument can.
        arguments = (str(path), name.replace("\x00", ""), str(folder), *limits)
        output = await extract(arguments, timeout_seconds=self._timeout_seconds)
        document = await asyncio.to_thread(document_in, output)
        if document.kind is not DocumentKind.HTML:
            return document
        text = await self._html("".join(part.text for part in document.parts))
        if not text.strip():
            raise UnusableDocument(DocumentFault.NO_TEXT, "a page without text")
        return Document(kind=DocumentKind.HTML, parts=(Part(text=text.strip()),), cut=document.cut)


def _new_folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="parley-document-", ignore_cleanup_errors=True)


async def _write(chunks: AsyncIterable[bytes], path: Path, most_bytes: int) -> None:
    size = 0
    with await asyncio.to_thread(path.open, "wb") as file:
        async for chunk in chunks:
            size += len(chunk)
            if size > most_bytes:
                raise UnusableDocument(DocumentFault.TOO_LARGE, f"more than {most_bytes} bytes")
            await asyncio.to_thread(file.write, chunk)


def document_in(output: bytes) -> Document:
    """What the extraction wrote, with the pictures read into memory. Blocking. Raises UnusableDocument."""
    found: dict[str, Any] = orjson.loads(output)
    if fault := found.get("fault"):
        raise UnusableDocument(DocumentFault(fault), found["detail"])
    return Document(
        kind=DocumentKind(found["kind"]),
        parts=tuple(Part(label=label, text=text) for label, text in found["parts"]),
        cut=found["cut"],
        pages=found["pages"],
        scanned=tuple(found["scanned"]),
        scans=tuple(
            ScannedPage(page=page, data=Path(path).read_bytes(), width=width, height=height)
            for page, path, width, height in found["scans"]
        ),
    )

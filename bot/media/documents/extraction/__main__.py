"""The program ``extraction FILE NAME FOLDER SCANS CHARACTERS SECONDS``: writes one JSON object.

Pages that are pictures go into FOLDER, at most SCANS of them. What is past CHARACTERS of text, or not
reached after SECONDS, is left out, and the object says so.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from .found import DocumentFault, DocumentKind, Findings, Part, Source, Unusable

_HEAD_BYTES: Final = 4096
_MOST_TEXT_BYTES: Final = 12_000_000
_MOST_CPU_SECONDS: Final = 180
_MOST_MEMORY_BYTES: Final = 1536 << 20
_MOST_FILE_BYTES: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class _Limits:
    characters: int
    seconds: float


def extracted(arguments: list[str]) -> bytes:
    """What is in the document, as the JSON object."""
    file, name, folder, scans, characters, seconds = arguments
    limits = _Limits(int(characters), time.monotonic() + float(seconds))
    findings = Findings(scans_into=Path(folder), most_scans=int(scans))
    try:
        result = _extract(Path(file), name, findings, limits)
    except Unusable as exc:
        result = {"fault": exc.fault, "detail": str(exc)}
    except MemoryError:
        result = {"fault": DocumentFault.TOO_LARGE, "detail": "it takes too much memory"}
    except RecursionError:
        result = {"fault": DocumentFault.CORRUPT, "detail": "it is nested too deeply"}
    return json.dumps(result, ensure_ascii=False).encode("utf-8", "replace")


def _extract(path: Path, name: str, findings: Findings, limits: _Limits) -> dict[str, Any]:
    with path.open("rb") as file:
        source = Source(path=path, name=name, head=file.read(_HEAD_BYTES))
    if not source.head.strip(b"\x00 \t\r\n"):
        raise Unusable(DocumentFault.EMPTY, "nothing is in it")
    kind, parts = _open(source, findings)
    kept, cut = _within(parts, limits)
    if not kept and not findings.scanned:
        raise Unusable(DocumentFault.NO_TEXT, f"a {kind} without text")
    return {
        "kind": kind,
        "parts": [(part.label, part.text) for part in kept],
        "cut": cut,
        "pages": findings.pages,
        "scanned": findings.scanned,
        "scans": [(scan.page, str(scan.path), scan.width, scan.height) for scan in findings.scans],
    }


def _open(source: Source, findings: Findings) -> tuple[DocumentKind, Iterator[Part]]:
    from .kinds import binary_kind

    kind = binary_kind(source)
    if kind is None:
        return _open_text(source)
    return kind, _binary_parts(kind, source, findings)


def _binary_parts(kind: DocumentKind, source: Source, findings: Findings) -> Iterator[Part]:
    match kind:
        case DocumentKind.PDF:
            from .pdf import read_pdf

            return read_pdf(source.path, findings)
        case DocumentKind.SPREADSHEET:
            from .sheets import read_sheets

            return read_sheets(source.path, findings)
        case DocumentKind.RTF:
            from .plain import read_rtf

            return read_rtf(source.path.read_bytes())
        case _:
            return _archived_parts(kind, source.path, findings)


def _archived_parts(kind: DocumentKind, path: Path, findings: Findings) -> Iterator[Part]:
    from .archives import open_archive
    from .opendocument import read_opendocument
    from .slides import read_slides
    from .word import read_word

    with open_archive(path) as archive:
        if kind is DocumentKind.DOCX:
            yield from read_word(archive)
        elif kind is DocumentKind.PPTX:
            yield from read_slides(archive, findings)
        else:
            yield from read_opendocument(archive, findings)


def _open_text(source: Source) -> tuple[DocumentKind, Iterator[Part]]:
    from .characters import decode
    from .plain import kind_of_text, read_json, read_table, read_text

    with source.path.open("rb") as file:
        text = decode(file.read(_MOST_TEXT_BYTES))
    if text is None:
        raise Unusable(DocumentFault.UNKNOWN, "neither a known kind of document nor text")
    kind = kind_of_text(text, source.suffix)
    read = {DocumentKind.TABLE: read_table, DocumentKind.JSON: read_json}.get(kind, read_text)
    # A page's markup is read by another program; it must come to it as it is.
    return kind, iter((Part(text=text),)) if kind is DocumentKind.HTML else read(text)


def _within(parts: Iterator[Part], limits: _Limits) -> tuple[list[Part], bool]:
    """The parts that are read in time and are not too long together, and whether that is not all."""
    kept: list[Part] = []
    room = limits.characters
    for part in parts:
        if part.text.strip():
            kept.append(Part(label=part.label, text=part.text[:room]))
            room -= len(part.text)
        if room < 0 or time.monotonic() > limits.seconds:
            return kept, room < 0 or next(parts, None) is not None
    return kept, False


def _limit_resources() -> None:
    """Where the system can, bound what a hostile document may cost; and let the service go first."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (_MOST_CPU_SECONDS, _MOST_CPU_SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY_BYTES, _MOST_MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_FSIZE, (_MOST_FILE_BYTES, _MOST_FILE_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.nice(5)


if __name__ == "__main__":
    _limit_resources()
    sys.stdout.buffer.write(extracted(sys.argv[1:]))

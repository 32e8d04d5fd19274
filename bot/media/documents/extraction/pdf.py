"""Reads PDFs: the text layer page by page; pages that are only a picture are given as pictures."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from pypdf import PdfReader
from pypdf.errors import DependencyError

from .found import DocumentFault, Findings, Part, Scan, Unusable, clean

if TYPE_CHECKING:
    from PIL.Image import Image
    from pypdf import PageObject

__all__ = ["read_pdf"]

_MOST_PAGES: Final = 5000
_LEAST_CHARACTERS: Final = 12  # less is a page number beside a scanned page
_MOST_PIXELS: Final = 80_000_000
_LEAST_SIDE: Final = 200
_LONGEST_SIDE: Final = 1792
_JPEG_QUALITY: Final = 80
_MOST_IMAGES: Final = 30


def read_pdf(path: Path, findings: Findings) -> Iterator[Part]:
    """The pages that have text; those without are noted in ``findings``. Raises Unusable."""
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    # Given the path, pypdf would read all of the file into memory.
    with path.open("rb") as file:
        yield from _pages(_open(file), findings)


def _pages(reader: PdfReader, findings: Findings) -> Iterator[Part]:
    findings.pages = _page_count(reader)
    if findings.pages > _MOST_PAGES:
        raise Unusable(DocumentFault.TOO_MANY_PAGES, f"{findings.pages} pages")
    broken = 0
    for number in range(1, findings.pages + 1):
        try:
            page = reader.pages[number - 1]
            text = clean(page.extract_text())
        except Exception:  # noqa: BLE001 - a damaged page is no reason to leave out the others
            broken += 1
            continue
        if len("".join(text.split())) < _LEAST_CHARACTERS and _keep_scan(page, number, findings):
            continue
        if text:
            yield Part(label=f"page {number}", text=text)
    if broken and broken == findings.pages:
        raise Unusable(DocumentFault.CORRUPT, "no page can be read")


def _open(file: BinaryIO) -> PdfReader:
    try:
        reader = PdfReader(file)
        # Some have a password only for those who want to change them.
        locked = reader.is_encrypted and not reader.decrypt("")
    except (DependencyError, NotImplementedError) as exc:
        raise Unusable(DocumentFault.ENCRYPTED, f"an encryption that is not known: {exc}") from exc
    except Exception as exc:  # damaged files raise whatever comes along
        raise Unusable(DocumentFault.CORRUPT, f"not a whole PDF: {exc}") from exc
    if locked:
        raise Unusable(DocumentFault.ENCRYPTED, "the PDF has a password")
    return reader


def _page_count(reader: PdfReader) -> int:
    """What the PDF says about itself first: to walk through a tree of a million pages takes minutes."""
    try:
        root: Any = reader.trailer["/Root"]
        said = int(root["/Pages"]["/Count"])
        return said if said > _MOST_PAGES else len(reader.pages)
    except Exception as exc:  # as above
        raise Unusable(DocumentFault.CORRUPT, f"no pages can be found: {exc}") from exc


def _keep_scan(page: PageObject, number: int, findings: Findings) -> bool:
    """Keep the page's picture, and tell whether there is one."""
    if len(findings.scans) >= findings.most_scans:
        found = _has_picture(page)
    else:
        scan = _scan(page, number, findings.scans_into)
        found = scan is not None
        if scan is not None:
            findings.scans.append(scan)
    if found:
        findings.scanned.append(number)
    return found


def _has_picture(page: PageObject) -> bool:
    with suppress(Exception):
        return bool(page.images.keys())
    return False


def _scan(page: PageObject, number: int, into: Path) -> Scan | None:
    picture = _largest_picture(page)
    if picture is None:
        return None
    with suppress(Exception):  # as above: Pillow's decoders too
        upright = picture.convert("RGB").rotate(-page.rotation, expand=True)
        upright.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
        path = into / f"{number}.jpg"
        upright.save(path, "JPEG", quality=_JPEG_QUALITY)
        return Scan(page=number, path=path, width=upright.width, height=upright.height)
    return None


def _largest_picture(page: PageObject) -> Image | None:
    largest: Image | None = None
    with suppress(Exception):
        for key in page.images.keys()[:_MOST_IMAGES]:
            picture = _picture(page, key)
            if picture is not None and (largest is None or _area(picture) > _area(largest)):
                largest = picture
    return largest


def _picture(page: PageObject, key: Any) -> Image | None:
    with suppress(Exception):
        picture: Image | None = page.images[key].image
        if picture is not None and min(picture.size) >= _LEAST_SIDE and _area(picture) <= _MOST_PIXELS:
            return picture
    return None


def _area(picture: Image) -> int:
    return picture.width * picture.height

"""Documents made to do harm, or merely broken, are refused with a reason, in bounded time and memory."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.media.documents import DocumentFault, Documents, UnusableDocument
from bot.media.documents.extraction.__main__ import extracted
from bot.media.documents.reading import document_in
from tests.unit.media.made_documents import deck, encrypted, paper, pdf, rezipped, sheet, zipped

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
LAUGHS = "".join(
    f'<!ENTITY l{level} "{f"&l{level - 1};" * 10}">' if level else '<!ENTITY l0 "laugh">'
    for level in range(10)
)


async def _as_it_is(html: str) -> str:
    return html


@pytest.fixture
def documents() -> Documents:
    """With the usual limits."""
    return Documents(html=_as_it_is)


async def fault_of(documents: Documents, data: bytes, folder: Path, name: str = "") -> DocumentFault:
    """Why the document cannot be read."""
    path = folder / "document"
    path.write_bytes(data)
    with pytest.raises(UnusableDocument) as caught:
        await documents.read(path, name=name)
    return caught.value.reason


def fault_here(data: bytes, folder: Path, name: str = "") -> DocumentFault | None:
    """Why the document cannot be read, as this process finds it; None when it can."""
    path = folder / "document"
    path.write_bytes(data)
    try:
        document_in(extracted([str(path), name, str(folder), "2", "100000", "60"]))
    except UnusableDocument as exc:
        return exc.reason
    return None


def word_of(xml: bytes) -> bytes:
    """A Word document with this as its text."""
    return zipped([("word/document.xml", xml)])


def many_pages(count: int) -> bytes:
    """A PDF that says it has so many pages, all of them the same."""
    kids = b" ".join([b"3 0 R"] * count)
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count %d/Kids[%s]>>" % (count, kids),
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
    )
    body, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(body))
        body += b"%d 0 obj%sendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 4\n0000000000 65535 f \n"
    return body + head + table + b"trailer<</Size 4/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % len(body)


def swollen(factor: int) -> bytes:
    """A Word document whose text is packed to a thousandth."""
    return word_of(f'<w:document xmlns:w="{WORD}">'.encode() + b" " * (factor << 20) + b"</w:document>")


def ole(*streams: str) -> bytes:
    """The beginning of an Office file of the old kind, with the names of its streams."""
    names = b"".join(name.encode("utf-16-le").ljust(128, b"\x00") for name in streams)
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(512, b"\x00") + names.ljust(4096, b"\x00")


HOSTILE = {
    "nothing": (b"", DocumentFault.EMPTY),
    "blanks": (b" \r\n\t\n", DocumentFault.EMPTY),
    "zip bomb": (swollen(100), DocumentFault.BOMB),
    "zip of far too many files": (zipped((f"f{n}", b"") for n in range(11_000)), DocumentFault.BOMB),
    "laughs in Word": (
        word_of(f"<!DOCTYPE d [{LAUGHS}]><d>&l9;</d>".encode()),
        DocumentFault.BOMB,
    ),
    "PDF of 100,000 pages": (many_pages(100_000), DocumentFault.TOO_MANY_PAGES),
    "PDF under a password": (encrypted(pdf("secret"), password="swordfish"), DocumentFault.ENCRYPTED),
    "Office under a password": (ole("Root Entry", "EncryptedPackage"), DocumentFault.ENCRYPTED),
    "Word of 1997": (ole("Root Entry", "WordDocument"), DocumentFault.OLD_FORMAT),
    "broken workbook of 1997": (ole("Root Entry", "Workbook"), DocumentFault.CORRUPT),
    "half a PDF": (pdf("whole")[:300], DocumentFault.CORRUPT),
    "only the beginning of a PDF": (b"%PDF-1.7\n", DocumentFault.CORRUPT),
    "half a zip": (sheet(Plan=[["x"]])[:900], DocumentFault.CORRUPT),
    "Word without text": (paper(lambda document: None), DocumentFault.NO_TEXT),
    "Word that is no XML": (word_of(b"<w:p>"), DocumentFault.CORRUPT),
    "a zip of anything": (zipped([("photo.jpg", b"\xff\xd8\xff")]), DocumentFault.UNKNOWN),
    "an empty zip": (zipped([]), DocumentFault.UNKNOWN),
    "bytes": (bytes(range(256)) * 64, DocumentFault.UNKNOWN),
    "a program": (b"\x7fELF\x02\x01\x01" + bytes(200) + b"\x00\x90\xff" * 500, DocumentFault.UNKNOWN),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_cannot_be_read_is_refused_with_its_reason(case: str, tmp_path: Path) -> None:
    """Whatever it calls itself."""
    data, fault = HOSTILE[case]
    assert fault_here(data, tmp_path, "innocent.pdf") is fault


@pytest.mark.parametrize("case", ["zip bomb", "PDF under a password", "nothing"])
async def test_the_reason_comes_from_the_process_that_reads(
    documents: Documents, case: str, tmp_path: Path
) -> None:
    """As an error with a reason."""
    data, fault = HOSTILE[case]
    assert await fault_of(documents, data, tmp_path) is fault


MADE = {
    "PDF": pdf("The rent is 812 euros.", "第二页写的是会议时间。"),
    "Word": paper(lambda document: document.add_paragraph("The rent is 812 euros.")),
    "slides": deck(("Plan", "rivers", "slowly")),
    "rich text": rb"{\rtf1\ansi Hello {\b bold} world\par second}",
    "text": "Größe, 你好, plain words".encode(),
}


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(sorted(MADE)),
    changes=st.lists(st.tuples(st.floats(0, 0.999), st.binary(max_size=6)), max_size=8),
    length=st.floats(0.1, 1.0),
)
def test_damage_of_any_sort_ends_in_text_or_a_reason(
    kind: str, changes: list[tuple[float, bytes]], length: float, tmp_path: Path
) -> None:
    """Nothing else ever comes out, wherever bytes are changed or missing."""
    data = bytearray(MADE[kind])
    for place, patch in changes:
        at = int(place * len(data))
        data[at : at + len(patch)] = patch
    fault_here(bytes(data[: int(length * len(data))]), tmp_path)


async def test_laughs_in_a_workbook_do_no_harm(documents: Documents, tmp_path: Path) -> None:
    """The entity is not put in, nor anything of what it would become."""

    def laugh(name: str, data: bytes) -> bytes:
        if name != "xl/sharedStrings.xml":
            return data
        head, _, rest = data.partition(b"?>")
        joined = (head + b"?>" + rest) if rest else head
        return f"<!DOCTYPE sst [{LAUGHS}]>".encode() + joined.replace(b"joke", b"&l9;")

    path = tmp_path / "document"
    path.write_bytes(rezipped(sheet(Plan=[["joke"], ["other"]]), laugh))
    read = await documents.read(path, name="")
    assert "laugh" not in str(read.parts)


async def test_a_workbook_with_one_cell_far_away_is_bounded(documents: Documents, tmp_path: Path) -> None:
    """Its sheet would take all memory; the process that reads it ends, and no other."""
    cells = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'

    def far(name: str, data: bytes) -> bytes:
        if name != "xl/worksheets/sheet1.xml":
            return data
        before, _, after = data.partition(b"<sheetData>")
        return before + f"<sheetData>{cells}</sheetData>".encode() + after.partition(b"</sheetData>")[2]

    data = rezipped(sheet(Plan=[["x"]]), far)
    assert await fault_of(documents, data, tmp_path) in (DocumentFault.TOO_LARGE, DocumentFault.CORRUPT)


async def test_a_zip_that_lies_about_its_size_is_not_unpacked_further(
    documents: Documents, tmp_path: Path
) -> None:
    """The directory says a hundred bytes, the member holds a hundred million."""
    data = bytearray(swollen(100))
    place = data.rindex(b"PK\x01\x02")
    struct.pack_into("<I", data, place + 24, 100)
    assert await fault_of(documents, bytes(data), tmp_path) is DocumentFault.CORRUPT


async def test_a_deeply_nested_document_is_no_trouble(documents: Documents, tmp_path: Path) -> None:
    """Neither XML, nor JSON on one line."""
    deep = b"<d>" * 100_000 + b"</d>" * 100_000
    assert await fault_of(documents, word_of(deep), tmp_path) is DocumentFault.NO_TEXT
    path = tmp_path / "document"
    path.write_bytes(b"[" * 50_000 + b"]" * 50_000)
    assert (await documents.read(path, name="x.json")).parts[0].text.startswith("[[[")


async def test_a_zip_in_a_document_is_left_alone(documents: Documents, tmp_path: Path) -> None:
    """However large it would become."""
    buffer = io.BytesIO(deck(("Plan", "rivers", "")))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("ppt/embeddings/inner.zip", swollen(10))
    path = tmp_path / "document"
    path.write_bytes(buffer.getvalue())
    assert (await documents.read(path, name="")).parts[0].text == "Plan\nrivers"


async def test_a_document_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    """The process is killed."""
    pipe = tmp_path / "document"
    os.mkfifo(pipe)
    with pytest.raises(UnusableDocument) as caught:
        await Documents(html=_as_it_is, timeout_seconds=0.2).read(pipe, name="")
    assert caught.value.reason is DocumentFault.TOO_SLOW

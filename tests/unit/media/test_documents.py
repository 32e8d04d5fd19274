"""Documents of every kind give their text in parts; what they are, their bytes say."""

from __future__ import annotations

import asyncio
import datetime
import io
import os
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pptx
import psutil
import pytest
from pypdf import PdfReader, PdfWriter

from bot.media.documents import (
    MOST_CHARACTERS,
    Document,
    DocumentFault,
    DocumentKind,
    Documents,
    UnusableDocument,
)
from bot.media.documents.extraction.__main__ import extracted
from bot.media.documents.extraction.found import Findings
from bot.media.documents.extraction.pdf import read_pdf
from bot.media.documents.reading import document_in
from tests.unit.media.made_documents import deck, encrypted, paper, pdf, scan, scanned_pdf, sheet, zipped


async def _as_it_is(html: str) -> str:
    return html


class Desk:
    """Reads documents that come as bytes, in this process, which sees more of how it is done."""

    def __init__(self, folder: Path, *, most_characters: int = MOST_CHARACTERS, most_scans: int = 20) -> None:
        self._folder = folder
        self._limits = (str(most_scans), str(most_characters), "60")

    async def read(self, data: bytes, name: str = "") -> Document:
        path = self._folder / "document"
        path.write_bytes(data)
        return document_in(extracted([str(path), name, str(self._folder), *self._limits]))

    async def text(self, data: bytes, name: str = "") -> str:
        return "\n".join(part.text for part in (await self.read(data, name)).parts)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk with the usual limits."""
    return Desk(tmp_path)


async def test_a_process_of_its_own_reads_a_document(tmp_path: Path) -> None:
    """Its text and its scanned pages come back; a web page goes through its reader."""
    path = tmp_path / "document"
    path.write_bytes(scanned_pdf(scan("one"), behind=pdf("A page with a text layer.")))
    documents = Documents(html=_as_it_is)
    read = await documents.read(path, name="")
    assert (read.parts[0].text, read.scanned) == ("A page with a text layer.", (2,))
    assert read.scans[0].data.startswith(b"\xff\xd8")
    path.write_bytes(b"<html><p>hi")
    assert (await documents.read(path, name="")).parts[0].text == "<html><p>hi"


async def test_a_pdf_is_read_page_by_page(desk: Desk) -> None:
    """Latin and Chinese; every part says its page."""
    read = await desk.read(pdf("The total is 4711 euros.", "第二页写的是会议时间和地点，请看。"))
    assert (read.kind, read.pages, read.scanned, read.cut) == (DocumentKind.PDF, 2, (), False)
    assert [(part.label, part.text) for part in read.parts] == [
        ("page 1", "The total is 4711 euros."),
        ("page 2", "第二页写的是会议时间和地点，请看。"),
    ]


def test_of_a_large_pdf_only_what_is_read_comes_into_memory(tmp_path: Path) -> None:
    """What else it holds stays on disk: here an attached file of 20 MB."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf("The total is 4711 euros."))))
    writer.add_attachment("measurements.bin", os.urandom(20 << 20))
    path = tmp_path / "large.pdf"
    writer.write(path)
    tracemalloc.start()
    try:
        (part,) = read_pdf(path, Findings(scans_into=tmp_path, most_scans=1))
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert part.text == "The total is 4711 euros."
    assert peak_bytes < 10 << 20


async def test_a_pdf_that_only_bars_changes_is_read(desk: Desk) -> None:
    """Its password for readers is empty."""
    assert await desk.text(encrypted(pdf("Open to readers."), password="")) == "Open to readers."


async def test_scanned_pages_come_as_pictures(desk: Desk) -> None:
    """Beside the pages with text, under their numbers, small enough for a model."""
    read = await desk.read(scanned_pdf(scan("one"), scan("two"), behind=pdf("A page with a text layer.")))
    assert [part.label for part in read.parts] == ["page 1"]
    assert read.scanned == (2, 3)
    assert [(page.page, page.width, page.height) for page in read.scans] == [(2, 1240, 1754), (3, 1240, 1754)]
    assert all(page.data.startswith(b"\xff\xd8") for page in read.scans)


async def test_only_the_first_scanned_pages_come_as_pictures(tmp_path: Path) -> None:
    """The others are counted."""
    read = await Desk(tmp_path, most_scans=1).read(scanned_pdf(scan("one"), scan("two"), scan("three")))
    assert read.scanned == (1, 2, 3)
    assert [page.page for page in read.scans] == [1]


async def test_a_page_that_is_turned_is_shown_upright(desk: Desk) -> None:
    """As a reader of the PDF sees it."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(scanned_pdf(scan("turned")))))
    writer.pages[0].rotate(90)
    buffer = io.BytesIO()
    writer.write(buffer)
    (page,) = (await desk.read(buffer.getvalue())).scans
    assert (page.width, page.height) == (1754, 1240)


async def test_a_word_document_is_read_in_the_order_of_its_pages(desk: Desk) -> None:
    """Headings make parts; lists and tables keep their form."""

    def fill(document: Any) -> None:
        document.add_paragraph("Before all headings.")
        document.add_heading("Rent", 1)
        document.add_paragraph("It is 812 euros.")
        document.add_paragraph("heating", style="List Bullet")
        table = document.add_table(2, 2)
        for row, words in enumerate((("month", "paid"), ("May", "yes"))):
            for column, word in enumerate(words):
                table.cell(row, column).text = word
        document.add_heading("Details", 3)
        document.add_paragraph("Small print.")

    read = await desk.read(paper(fill))
    assert read.kind is DocumentKind.DOCX
    assert [(part.label, part.text) for part in read.parts] == [
        ("", "Before all headings."),
        (
            "Rent",
            "# Rent\nIt is 812 euros.\n- heating\nmonth | paid\nMay | yes\n### Details\nSmall print.",
        ),
    ]


WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


async def test_word_text_in_controls_and_boxes_is_read_and_what_is_deleted_is_not(desk: Desk) -> None:
    """A text box is kept twice, for old programs too; it is read once."""
    body = (
        "<w:sdt><w:sdtContent><w:p><w:r><w:t>in a control</w:t></w:r></w:p></w:sdtContent></w:sdt>"
        "<w:p><w:del><w:r><w:delText>gone</w:delText></w:r></w:del><w:ins><w:r><w:t>new</w:t></w:r></w:ins></w:p>"
        '<w:p><w:r><mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
        "<mc:Choice><w:txbxContent><w:p><w:r><w:t>in a box</w:t></w:r></w:p></w:txbxContent></mc:Choice>"
        "<mc:Fallback><w:txbxContent><w:p><w:r><w:t>in a box</w:t></w:r></w:p></w:txbxContent></mc:Fallback>"
        "</mc:AlternateContent></w:r></w:p>"
    )
    note = "<w:footnote><w:p><w:r><w:t>a note</w:t></w:r></w:p></w:footnote>"
    notes = f'<w:footnotes xmlns:w="{WORD}">{note}</w:footnotes>'
    data = zipped(
        [
            (
                "word/document.xml",
                f'<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>'.encode(),
            ),
            ("word/footnotes.xml", notes.encode()),
        ]
    )
    read = await desk.read(data)
    assert [(part.label, part.text) for part in read.parts] == [
        ("", "in a control\nnew\nin a box"),
        ("footnotes", "a note"),
    ]


async def test_a_workbook_is_read_sheet_by_sheet(desk: Desk) -> None:
    """Numbers and dates as people write them; empty rows and cells at the end are left out."""
    rows = [["name", "amount", "due"], ["Ann", 3.0, datetime.date(2026, 5, 1)], [], ["Ben", 2.5, None]]
    read = await desk.read(sheet(Sales=rows, Empty=[], Plan=[["x"]]))
    assert read.kind is DocumentKind.SPREADSHEET
    assert [(part.label, part.text) for part in read.parts] == [
        ("sheet Sales", "name | amount | due\nAnn | 3 | 2026-05-01\nBen | 2.5"),
        ("sheet Plan", "x"),
    ]


async def test_a_long_sheet_is_cut_into_parts_under_its_heading(desk: Desk) -> None:
    """Each can be read alone, and no row is lost."""
    rows = [["id", "words"], *([number, "some words of a row"] for number in range(1, 2000))]
    read = await desk.read(sheet(Long=rows))
    assert len(read.parts) > 3
    assert all(part.text.startswith("id | words\n") for part in read.parts)
    assert read.parts[0].label.startswith("sheet Long, rows 1-")
    numbers = [int(line.partition(" ")[0]) for part in read.parts for line in part.text.splitlines()[1:]]
    assert numbers == list(range(1, 2000))


async def test_a_presentation_is_read_slide_by_slide_with_its_notes(desk: Desk) -> None:
    """In the order they are shown."""
    read = await desk.read(deck(("Plan", "rivers\nlakes", "speak slowly"), ("End", "thanks", "")))
    assert (read.kind, read.pages) == (DocumentKind.PPTX, 2)
    assert [(part.label, part.text) for part in read.parts] == [
        ("slide 1", "Plan\nrivers\nlakes\n\nNotes: speak slowly"),
        ("slide 2", "End\nthanks"),
    ]


OPEN_DOCUMENT = (
    '<o:document-content xmlns:o="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:t="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><o:body><o:text>'
    '<t:h t:outline-level="1">Rent</t:h><t:p>It is<t:s t:c="2"/>812.</t:p>'
    "<t:list><t:list-item><t:p>heating</t:p></t:list-item></t:list>"
    "</o:text></o:body></o:document-content>"
)


async def test_an_open_document_is_read(desk: Desk) -> None:
    """As LibreOffice writes it."""
    mime = b"application/vnd.oasis.opendocument.text"
    read = await desk.read(zipped([("mimetype", mime), ("content.xml", OPEN_DOCUMENT.encode())]))
    assert read.kind is DocumentKind.ODT
    assert [(part.label, part.text) for part in read.parts] == [("Rent", "# Rent\nIt is  812.\n- heating")]


OPEN_SLIDES = (
    '<o:document-content xmlns:o="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:d="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" '
    'xmlns:b="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:t="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><o:body><o:presentation>'
    "<d:page><t:p>Plan<t:tab/>A<t:line-break/>B</t:p><o:annotation><t:p>hidden</t:p></o:annotation></d:page>"
    "<d:page><b:table><b:table-row><b:table-cell><t:p>a</t:p></b:table-cell><b:table-cell><t:p>b</t:p>"
    "</b:table-cell></b:table-row></b:table></d:page></o:presentation></o:body></o:document-content>"
)


async def test_open_slides_are_read(desk: Desk) -> None:
    """One part a slide; remarks of reviewers are not on them."""
    mime = b"application/vnd.oasis.opendocument.presentation"
    read = await desk.read(zipped([("mimetype", mime), ("content.xml", OPEN_SLIDES.encode())]))
    assert (read.kind, read.pages) == (DocumentKind.ODP, 2)
    assert [(part.label, part.text) for part in read.parts] == [
        ("slide 1", "Plan\tA\nB"),
        ("slide 2", "a | b"),
    ]


async def test_a_table_on_a_slide_is_read(desk: Desk) -> None:
    """Row by row."""
    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[6])
    table = slide.shapes.add_table(1, 2, 0, 0, 9, 9).table
    table.cell(0, 0).text, table.cell(0, 1).text = "May", "paid"
    buffer = io.BytesIO()
    presentation.save(buffer)
    assert await desk.text(buffer.getvalue()) == "May | paid"


async def test_rich_text_is_read(desk: Desk) -> None:
    """Without its marks."""
    assert await desk.text(rb"{\rtf1\ansi Hello {\b bold} world\par second}") == "Hello bold world\nsecond"


@pytest.mark.parametrize(
    ("words", "codec"),
    [
        ("Größe: 3 Äpfel, naïve Übung", "utf-8"),
        ("Größe: 3 Äpfel", "utf-8-sig"),
        ("你好，我们明天下午开会，请把材料带上。", "gb18030"),
        ("好的，在的", "gb18030"),
        ("hello there, wide world", "utf-16"),
        ("hello there, wide world", "utf-16-le"),
        ("hello there, wide world", "utf-16-be"),
        ("hello there, wide world", "utf-32"),
        ("déjà vu à la crème brûlée, garçon; où êtes-vous allés hier?", "latin-1"),
        ("Привет, завтра встречаемся в три часа у входа в музей.", "cp1251"),
        ("本日は晴天なり。会議は三時から始まりますので、遅れないでください。", "shift_jis"),
    ],
)
async def test_plain_text_is_read_however_its_characters_are_written(
    desk: Desk, words: str, codec: str
) -> None:
    """With a mark, by its form, or by what is likely."""
    read = await desk.read(words.encode(codec), "notes.txt")
    assert (read.kind, read.parts[0].text) == (DocumentKind.TEXT, words)


@pytest.mark.parametrize(
    ("data", "name", "kind", "text"),
    [
        (b"a,b\n1,2\n", "t.csv", DocumentKind.TABLE, "a,b\n1,2"),
        (b"a\tb\r\n1\t2\r\n", "t.tsv", DocumentKind.TABLE, "a\tb\n1\t2"),
        (b'{"a": 1}', "", DocumentKind.JSON, '{"a": 1}'),
        (b"def f():\n    return 1\n", "f.py", DocumentKind.TEXT, "def f():\n    return 1"),
        (b"# Title\n\ntext", "README.md", DocumentKind.TEXT, "# Title\n\ntext"),
        (
            b"<!-- x -->\n<!DOCTYPE html><p>hi",
            "strange.txt",
            DocumentKind.HTML,
            "<!-- x -->\n<!DOCTYPE html><p>hi",
        ),
        (b"The free world", "free.mp4", DocumentKind.TEXT, "The free world"),
    ],
)
async def test_kinds_of_text_are_told_apart(
    desk: Desk, data: bytes, name: str, kind: DocumentKind, text: str
) -> None:
    """By themselves where they say what they are, else by their names."""
    read = await desk.read(data, name)
    assert (read.kind, "\n".join(part.text for part in read.parts)) == (kind, text)


async def test_json_on_one_line_gets_lines(desk: Desk) -> None:
    """So that it can be read in parts."""
    text = await desk.text(b"[" + b",".join(b'{"number": %d}' % number for number in range(300)) + b"]")
    assert text.splitlines()[:3] == ["[", " {", '  "number": 0']


@pytest.mark.parametrize("name", ["x.pdf", "x.docx", "../../x.txt", "-x", "x\x00.csv", ""])
async def test_a_name_proves_nothing(tmp_path: Path, name: str) -> None:
    """What is in the file decides, and the name opens nothing, nor is it an option."""
    path = tmp_path / "document"
    path.write_bytes(sheet(Plan=[["x"]]))
    read = await Documents(html=_as_it_is).read(path, name=name)
    assert read.kind is DocumentKind.SPREADSHEET


async def test_a_text_that_is_too_long_is_cut(tmp_path: Path) -> None:
    """And says so."""
    read = await Desk(tmp_path, most_characters=100).read(b"word " * 1000)
    assert (len(read.parts[0].text), read.cut) == (100, True)


async def _chunks(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def test_a_download_is_kept_for_as_long_as_it_is_read() -> None:
    """Then it is gone from the disk."""
    documents = Documents(html=_as_it_is)
    async with documents.keep(_chunks(b"one ", b"two")) as path:
        assert (await documents.read(path, name="")).parts[0].text == "one two"
    assert not path.exists()
    assert not path.parent.exists()


async def test_a_download_that_is_too_large_is_not_kept() -> None:
    """It ends as soon as that is seen."""
    documents = Documents(html=_as_it_is, most_bytes=10)
    with pytest.raises(UnusableDocument) as caught:
        async with documents.keep(_chunks(b"123456", b"7890a", b"never asked for")):
            raise AssertionError("kept")
    assert caught.value.reason is DocumentFault.TOO_LARGE


async def test_reading_that_is_given_up_leaves_no_process(tmp_path: Path) -> None:
    """Cancellation ends it at once; this one would never end by itself."""
    pipe = tmp_path / "document"
    os.mkfifo(pipe)
    task = asyncio.create_task(Documents(html=_as_it_is).read(pipe, name=""), name="reading")
    async with asyncio.timeout(60):
        while not _reading(tmp_path):  # noqa: ASYNC110 - a process rings no bell
            await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not _reading(tmp_path)


def _reading(folder: Path) -> list[psutil.Process]:
    """The processes that read a document in the folder."""
    children = psutil.Process().children()
    return [child for child in children if any(str(folder) in word for word in child.cmdline())]

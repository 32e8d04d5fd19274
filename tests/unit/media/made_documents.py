"""Documents as people's programs write them, made by libraries that have nothing to do with our readers."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import docx
import openpyxl
import pptx
from PIL import Image, ImageDraw
from pypdf import PdfReader, PdfWriter
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

__all__ = [
    "deck",
    "encrypted",
    "paper",
    "pdf",
    "rezipped",
    "scan",
    "scanned_pdf",
    "sheet",
    "zipped",
]

CHINESE_FONT = "STSong-Light"


def pdf(*pages: str) -> bytes:
    """A PDF with a page for each text, line by line."""
    pdfmetrics.registerFont(UnicodeCIDFont(CHINESE_FONT))
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4)
    for page in pages:
        canvas.setFont("Helvetica" if page.isascii() else CHINESE_FONT, 12)
        for number, line in enumerate(page.splitlines()):
            canvas.drawString(60, 780 - 16 * number, line)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def scan(text: str) -> Image.Image:
    """A page as a scanner gives it."""
    image = Image.new("RGB", (1240, 1754), "white")
    ImageDraw.Draw(image).text((100, 100), text, fill="black")
    return image


def scanned_pdf(*pages: Image.Image, behind: bytes = b"") -> bytes:
    """A PDF of pictures, after the pages of ``behind``."""
    buffer = io.BytesIO()
    first, *rest = pages
    first.save(buffer, "PDF", save_all=True, append_images=rest)
    if not behind:
        return buffer.getvalue()
    writer = PdfWriter()
    for one in (behind, buffer.getvalue()):
        writer.append(PdfReader(io.BytesIO(one)))
    return _written(writer.write)


def encrypted(data: bytes, *, password: str, owner: str = "owner") -> bytes:
    """The same PDF under a password, which may be empty."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    writer.encrypt(password, owner, algorithm="AES-256")
    return _written(writer.write)


def paper(fill: Callable[[Any], None]) -> bytes:
    """A Word document that ``fill`` writes."""
    document = docx.Document()
    fill(document)
    return _written(document.save)


def sheet(**sheets: Sequence[Any]) -> bytes:
    """An Excel workbook."""
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.worksheets[0])
    for name, rows in sheets.items():
        page = workbook.create_sheet(name)
        for row in rows:
            page.append(list(row))
    return _written(workbook.save)


def deck(*slides: tuple[str, str, str]) -> bytes:
    """A PowerPoint presentation: each slide's title, body and notes."""
    presentation = pptx.Presentation()
    for title, body, notes in slides:
        slide = presentation.slides.add_slide(presentation.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = body
        if notes:
            slide.notes_slide.notes_text_frame.text = notes
    return _written(presentation.save)


def zipped(members: Iterable[tuple[str, bytes]]) -> bytes:
    """A zip of these members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return buffer.getvalue()


def rezipped(data: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    """The zip with every member changed."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return zipped([(name, change(name, archive.read(name))) for name in archive.namelist()])


def _written(write: Callable[[Any], Any]) -> bytes:
    buffer = io.BytesIO()
    write(buffer)
    return buffer.getvalue()

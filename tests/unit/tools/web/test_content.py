"""What a body is and what it says, whatever the header claims."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ToolFailed
from bot.tools.web.content import Kind, decode_text, kind_of, media_type

PAGE = b"<!doctype html><p>hello"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("text/html", ("text/html", "")),
        ('Text/HTML; Charset="UTF-8"', ("text/html", "UTF-8")),
        ("text/html;charset=gb2312; x=y", ("text/html", "gb2312")),
        ("application/ld+json", ("application/ld+json", "")),
        ("", ("", "")),
        ("html", ("", "")),
        (";;;=\r\n x", ("", "")),
    ],
)
def test_the_type_and_charset_are_read_from_the_header(header: str, expected: tuple[str, str]) -> None:
    """In any case and order; nonsense is no type at all."""
    assert media_type(header) == expected


@given(st.text(max_size=200))
def test_no_header_breaks_the_reading_of_types(header: str) -> None:
    """Servers send anything."""
    name, charset = media_type(header)
    assert isinstance(name, str)
    assert isinstance(charset, str)


@pytest.mark.parametrize(
    ("name", "body", "kind"),
    [
        ("text/html", PAGE, Kind.HTML),
        ("application/xhtml+xml", PAGE, Kind.HTML),
        ("text/plain", PAGE, Kind.TEXT),
        ("application/json", b'{"a": 1}', Kind.TEXT),
        ("application/rss+xml", b"<rss/>", Kind.TEXT),
        ("text/xml", b"<a/>", Kind.TEXT),
        ("", PAGE, Kind.HTML),
        ("", b"\n<!-- x --><HTML>", Kind.HTML),
        ("", b"just words", Kind.TEXT),
        ("text/html", b"", Kind.HTML),
        ("text/plain", "hi".encode("utf-16"), Kind.TEXT),
    ],
)
def test_pages_and_texts_are_told_apart(name: str, body: bytes, kind: Kind) -> None:
    """By the header, and without one by the first bytes."""
    assert kind_of(name, body) is kind


@pytest.mark.parametrize("name", ["application/pdf", "text/html", ""])
def test_a_pdf_is_refused_with_a_sentence_of_its_own(name: str) -> None:
    """Also one that calls itself a page."""
    with pytest.raises(ToolFailed, match="PDF"):
        kind_of(name, b"%PDF-1.7 ...")


@pytest.mark.parametrize("name", ["text/html", "text/plain", "application/json", ""])
@pytest.mark.parametrize(
    "body",
    [
        b"\x89PNG\r\n\x1a\n",
        b"PK\x03\x04abc",
        b"GIF89a",
        b"\x7fELF\x02\x00",
        b"\xff\xd8\xff\xe0",
        b"a\x00b",
        b"\x1f\x8b\x08",
    ],
)
def test_a_file_that_calls_itself_text_is_refused(name: str, body: bytes) -> None:
    """The first bytes give it away."""
    with pytest.raises(ToolFailed, match="no text"):
        kind_of(name, body)


@pytest.mark.parametrize(
    "name", ["image/png", "video/mp4", "application/octet-stream", "application/zip", "text/css"]
)
def test_other_types_are_refused_by_name(name: str) -> None:
    """Whatever is inside."""
    with pytest.raises(ToolFailed, match=name):
        kind_of(name, b"words")


@pytest.mark.parametrize("charset", ["utf-8", "gbk", "gb2312", "gb18030", "big5", "utf-16", "shift_jis"])
def test_the_header_names_the_charset(charset: str) -> None:
    """Pages in Chinese and Japanese come in many."""
    text = "中文" if charset != "shift_jis" else "日本"
    assert decode_text(text.encode(charset), charset) == text


def test_gb2312_pages_may_use_characters_beyond_it() -> None:
    """They nearly always do, as browsers read them as the larger set."""
    assert decode_text("朱镕基".encode("gbk"), "gb2312") == "朱镕基"


@pytest.mark.parametrize(
    "head",
    [
        '<meta charset="gbk">',
        "<META HTTP-EQUIV='Content-Type' content='text/html; charset=gbk'>",
        '<?xml version="1.0" encoding="gbk"?>',
    ],
)
def test_the_page_names_the_charset_when_the_header_does_not(head: str) -> None:
    """In a meta element or an XML declaration."""
    assert decode_text((head + "中文").encode("gbk"), "") == head + "中文"


def test_a_byte_order_mark_wins_over_the_header() -> None:
    """It cannot be there by mistake."""
    assert decode_text(codecs.BOM_UTF8 + "中文".encode(), "gbk") == "中文"
    assert decode_text(codecs.BOM_UTF16_BE + "中文".encode("utf-16-be"), "utf-8") == "中文"


@pytest.mark.parametrize("text", ["中文 text", "naïve café", "plain"])
def test_without_any_name_utf_8_is_tried_first(text: str) -> None:
    """And a character that the limit cut in two does not change that."""
    assert decode_text(text.encode(), "") == text
    assert decode_text("中文".encode()[:-1], "") == "中"


def test_without_any_name_gbk_is_tried_next() -> None:
    """Old pages in Chinese."""
    assert decode_text("没有声明".encode("gbk"), "") == "没有声明"


@pytest.mark.parametrize(
    "charset", ["rot13", "base64", "zlib", "idna", "unicode_escape", "no-such", "\x00", "utf-7"]
)
def test_a_codec_that_is_no_charset_is_not_used(charset: str) -> None:
    """The name comes from a stranger."""
    assert decode_text(b"hello +AD4- \\u0041", charset) == "hello +AD4- \\u0041"


@given(
    st.binary(max_size=300),
    st.sampled_from(["", "utf-8", "gbk", "utf-16", "big5", "hz", "iso-2022-jp", "ascii"]),
)
def test_any_bytes_give_some_text(body: bytes, charset: str) -> None:
    """A broken charset is no reason to fail."""
    decode_text(body, charset).encode("utf-8")

"""What a body is and what it says: its kind by header and by its first bytes, and its text by its charset."""

from __future__ import annotations

import codecs
import re
from email.message import Message
from enum import StrEnum
from typing import Final

from bot.errors import ToolFailed

__all__ = ["Kind", "decode_text", "kind_of", "media_type"]

_SNIFFED_BYTES: Final = 1024
_HTML_TYPES: Final = frozenset({"text/html", "application/xhtml+xml"})
_TEXT_TYPES: Final = frozenset(
    {"text/plain", "text/markdown", "application/json", "text/xml", "application/xml"}
)
_BINARY_STARTS: Final = (
    b"PK\x03\x04",
    b"\x89PNG",
    b"GIF8",
    b"\xff\xd8\xff",
    b"\x1f\x8b",
    b"Rar!",
    b"7z\xbc\xaf",
)
# In the order in which a browser would find them out (WHATWG Encoding, "BOM sniff").
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_HTML_START: Final = re.compile(
    rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype html|html|head|body|title|meta|div|p)\b", re.I | re.S
)
_META_CHARSET: Final = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{1,40})", re.I)
_XML_CHARSET: Final = re.compile(rb"\A\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9_.:-]{1,40})", re.I)
# Pages in Chinese name the older, smaller sets and use the larger one (WHATWG Encoding, labels of gbk).
_WIDER: Final = {"gb2312": "gb18030", "gbk": "gb18030", "iso8859-1": "cp1252", "ascii": "cp1252"}
_CHARSETS: Final = (
    "utf-8",
    "utf-16",
    "gb",
    "hz",
    "big5",
    "iso",
    "cp",
    "koi8",
    "shift_jis",
    "euc",
    "ascii",
    "mac",
)
_GUESSES: Final = ("utf-8", "gb18030")


class Kind(StrEnum):
    """What can be read: HTML is made readable, text is shown as it is."""

    HTML = "html"
    TEXT = "text"


def media_type(header: str) -> tuple[str, str]:
    """The type of a Content-Type header, in lower case, and its charset; empty where there is none."""
    message = Message()
    message["content-type"] = header[:500].replace("\r", " ").replace("\n", " ")
    name = message.get_content_type() if "/" in header else ""
    charset = message.get_param("charset", "")
    return name, charset if isinstance(charset, str) else ""


def kind_of(name: str, body: bytes) -> Kind:
    """The kind that the type ``name`` and the first bytes agree on. Raises ToolFailed for any other."""
    start = body[:_SNIFFED_BYTES]
    if name == "application/pdf" or start.lstrip().startswith(b"%PDF-"):
        raise ToolFailed(
            "the address holds a PDF document, which cannot be read here; ask the user to send it."
        )
    if _is_binary(start):
        raise ToolFailed("the address holds a file and no text that could be read.")
    if not name:
        return Kind.HTML if _HTML_START.match(start) else Kind.TEXT
    if name in _HTML_TYPES:
        return Kind.HTML
    if name in _TEXT_TYPES or name.endswith(("+json", "+xml")):
        return Kind.TEXT
    raise ToolFailed(f"the address holds {name[:60]!r} and no web page or text.")


def _is_binary(start: bytes) -> bool:
    if start.startswith(tuple(mark for mark, _ in _MARKS)):
        return False
    return start.startswith(_BINARY_STARTS) or b"\x00" in start


def decode_text(body: bytes, charset: str) -> str:
    """The text, whatever it takes: a mark at its start wins, then the header, then the page, then a guess.

    Bytes that do not fit become U+FFFD. A page whose end was cut off loses at most its last character.
    """
    for mark, name in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace")
    for label in (charset, _declared(body)):
        if codec := _text_codec(label):
            return body.decode(codec, "replace")
    return _guessed(body)


def _declared(body: bytes) -> str:
    start = body[: _SNIFFED_BYTES * 4]
    found = _XML_CHARSET.search(start) or _META_CHARSET.search(start)
    return found[1].decode("ascii") if found else ""


def _text_codec(label: str) -> str:
    """Python's name for a charset; empty for an unknown one and for codecs that are none (rot13, idna)."""
    try:
        found = codecs.lookup(label.strip().strip("\"'"))
    except (LookupError, ValueError):
        return ""
    return _WIDER.get(found.name, found.name) if found.name.startswith(_CHARSETS) else ""


def _guessed(body: bytes) -> str:
    for codec in _GUESSES:
        try:
            return codecs.getincrementaldecoder(codec)().decode(body)
        except UnicodeDecodeError:
            continue
    return body.decode("cp1252", "replace")

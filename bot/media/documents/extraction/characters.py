"""Finds out how a text's characters are written: what it says itself, else what is likely."""

from __future__ import annotations

import codecs
import re
from typing import Final

from charset_normalizer import from_bytes

__all__ = ["decode"]

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark begins it
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED: Final = re.compile(
    rb"""<(?:meta[^>]{0,200}charset|\?xml[^>]{0,100}encoding)\s*=\s*["']?([\w.:-]{1,40})""", re.I
)
_LIKELY: Final = ("gb18030", "big5", "shift_jis", "euc_jp", "euc_kr", "cp1252", "cp1251")
_SAMPLE_BYTES: Final = 64_000
_CJK: Final = re.compile(r"[\u3000-\u303f\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff00-\uffef]")
# Characters that fill Chinese prose: bytes that are something else hardly ever decode to them.
_COMMON: Final = frozenset(
    "的一是不了在人有我他这中大来上个国到说们为子和你地出会也时要就可以。，、：；！？（）"
)
_UNPRINTED: Final = frozenset(map(chr, (*range(9), 11, *range(14, 27), *range(28, 32), 127)))
_MOST_UNPRINTED: Final = 0.02


def decode(data: bytes) -> str | None:
    """The text that ``data`` is; None when it is none."""
    text = _marked(data) or _utf8(data) or _wide(data)
    if text is None and b"\x00" not in data[:_SAMPLE_BYTES]:
        text = _declared(data) or _guessed(data)
    return text if text is not None and _is_text(text) else None


def _marked(data: bytes) -> str | None:
    for mark, codec in _MARKS:
        if data.startswith(mark):
            return data.decode(codec, "replace")
    return None


def _utf8(data: bytes) -> str | None:
    """Nothing but UTF-8 is ever valid UTF-8 for long; the last character may be cut off."""
    if b"\x00" in data[:_SAMPLE_BYTES]:
        return None
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return None


def _wide(data: bytes) -> str | None:
    """UTF-16 without its mark: every second byte of the spaces and line breaks is zero."""
    sample = data[:_SAMPLE_BYTES]
    if len(sample) < 4 or b"\x00" not in sample:
        return None
    for codec, zeroes, letters in (
        ("utf-16-le", sample[1::2], sample[::2]),
        ("utf-16-be", sample[::2], sample[1::2]),
    ):
        if zeroes.count(0) > len(zeroes) // 20 and letters.count(0) == 0:
            return data.decode(codec, "replace")
    return None


def _declared(data: bytes) -> str | None:
    """What a page or an XML file says about itself."""
    found = _DECLARED.search(data[:2048])
    if found is None:
        return None
    try:
        return data.decode(found[1].decode("ascii"))
    except (LookupError, UnicodeError):
        return None


def _guessed(data: bytes) -> str | None:
    if (chinese := _chinese(data)) is not None:
        return chinese
    best = from_bytes(data[:_SAMPLE_BYTES], cp_isolation=list(_LIKELY)).best()
    return data.decode(best.encoding if best is not None else "latin-1", "replace")


def _chinese(data: bytes) -> str | None:
    """As GB18030, if that makes Chinese: a short text gives statistics too little to go by."""
    try:
        text = codecs.getincrementaldecoder("gb18030")().decode(data)
    except UnicodeDecodeError:
        return None
    found = _CJK.findall(text[:_SAMPLE_BYTES])
    common = sum(1 for character in found if character in _COMMON)
    return text if common >= 2 and common * 12 >= len(found) else None


def _is_text(text: str) -> bool:
    sample = text[:_SAMPLE_BYTES]
    odd = sum(1 for character in sample if character in _UNPRINTED or character == "\ufffd")
    return odd <= len(sample) * _MOST_UNPRINTED

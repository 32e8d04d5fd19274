"""Turns the text of a Telegram message into the text the model reads: what was typed, with links and code."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aiogram.types import MessageEntity

__all__ = ["clean", "code_points", "marked_up", "utf16_length"]

_INVISIBLE = re.compile("[\u180e\u200b\u2060-\u2064\ufeff\U000e0001]|[\U000e0020-\U000e007f]{30,}")
_JOINERS = "\u200c-\u200f\u202a-\u202e\u2066-\u2069"
_JOINER_FLOOD = re.compile(f"([{_JOINERS}])[{_JOINERS}]+")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """The text without what nobody sees: control and zero-width characters, and halves of pairs.

    Single joiners stay: family emoji, Persian and Indic scripts are spelt with them. A text of nothing
    visible becomes empty.
    """
    if text.isascii() and text.isprintable():
        return text.strip()
    text = _SURROGATE.sub("\ufffd", text)
    text = _CONTROL.sub("", text.replace("\r\n", "\n"))
    text = _JOINER_FLOOD.sub(r"\1", _INVISIBLE.sub("", text)).strip()
    return text if any(_is_visible(char) for char in text) else ""


def _is_visible(char: str) -> bool:
    return not char.isspace() and unicodedata.category(char) not in ("Cf", "Cc", "Mn")


def utf16_length(text: str) -> int:
    """Length in Telegram's unit for offsets."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def code_points(text: str, offset: int) -> int:
    """The index into ``text`` of a UTF-16 ``offset``, moved to a bound when outside or within a pair."""
    if text.isascii():
        return max(0, min(offset, len(text)))
    head = text.encode("utf-16-le", "surrogatepass")[: max(0, offset) * 2]
    return len(head.decode("utf-16-le", "ignore"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark:
    """Something written into the text at ``index``; closing marks come before opening ones there."""

    index: int
    rank: int
    written: str


def marked_up(text: str, entities: Sequence[MessageEntity], *, start: int = 0) -> str:
    """``text`` from index ``start``, with the marks the model needs: link targets, code, code blocks."""
    marks = [mark for entity in entities for mark in _marks(text, entity) if mark.index >= start]
    if not marks:
        return text[start:]
    pieces: list[str] = []
    for mark in sorted(marks, key=lambda mark: (mark.index, mark.rank)):
        pieces += text[start : mark.index], mark.written
        start = mark.index
    return "".join(pieces) + text[start:]


def _marks(text: str, entity: MessageEntity) -> Iterator[_Mark]:
    if entity.type not in ("text_link", "code", "pre"):
        return
    begin = code_points(text, entity.offset)
    end = code_points(text, entity.offset + entity.length)
    if begin >= end:
        return
    inner = text[begin:end]
    if entity.type == "text_link":
        opening, closing = "", _target(entity.url or "", inner)
    elif entity.type == "code":
        opening = closing = "``" if "`" in inner else "`"
    else:
        opening, closing = _fences(text[:begin], inner, text[end:], entity.language or "")
    yield _Mark(index=begin, rank=1, written=opening)
    yield _Mark(index=end, rank=0, written=closing)


def _target(url: str, shown: str) -> str:
    return "" if url.rstrip("/") in ("", shown.rstrip("/")) else f" ({url})"


def _fences(before: str, inner: str, after: str, language: str) -> tuple[str, str]:
    fence = "````" if "```" in inner else "```"
    lead = "" if not before or before.endswith("\n") else "\n"
    tail = "" if not after or after.startswith("\n") else "\n"
    end = "" if inner.endswith("\n") else "\n"
    return f"{lead}{fence}{language}\n", f"{end}{fence}{tail}"

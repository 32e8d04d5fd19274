"""Cuts running text and code where a reader would: at a sentence, a line, a blank, else a whole character."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import assert_never

from wcwidth import grapheme_boundary_before

from .document import Bold, Code, Image, Inline, Italic, LineBreak, Link, Math, Strike, Text
from .inlines import plain_text

__all__ = ["cut_inlines", "cut_text", "most"]

_SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]]*(?=\s)|[。！？；][”’」』）】]*")
_EARLIEST = 0.6  # a boundary is looked for in the last 40 % of what fits
_BREAK = "\n"
_WHOLE = "\ufffc"  # what cannot be cut counts as one character
_LONGEST_DATA_URL = 64


def cut_text(text: str, fits: Callable[[str], bool]) -> tuple[str, str]:
    """What fits, and the rest: cut at a line end, which is left out, else after a whole character."""
    count = most(len(text), lambda end: fits(text[:end]))
    if count == len(text):
        return text, ""
    line_end = text.rfind("\n", 0, count + 1)
    if line_end > 0:
        return text[:line_end], text[line_end + 1 :]
    stop = _whole_character(text, count)
    return text[:stop], text[stop:]


def cut_inlines(
    nodes: tuple[Inline, ...], fits: Callable[[tuple[Inline, ...]], bool]
) -> tuple[tuple[Inline, ...], tuple[Inline, ...]]:
    """What fits, and the rest; marks and links go on in both halves.

    An image, a formula or a link's address too long for any message is told as text. The head is empty when
    not one character fits.
    """
    text = _shadow(nodes)
    count = most(len(text), lambda end: fits(_taken(nodes, 0, end)))
    if count == 0 and (told := _told(nodes)) != nodes:
        return cut_inlines(told, fits)
    if count == len(text):
        return nodes, ()
    stop = _boundary(text, count)
    return _taken(nodes, 0, stop), _taken(nodes, stop, len(text))


def most(count: int, fits: Callable[[int], bool]) -> int:
    """The largest number up to ``count`` that fits, or 0. What is far too long is never tried."""
    step = 512
    while step < count and fits(step):
        step *= 2
    low, high = 0, min(step, count)
    while low < high:
        middle = (low + high + 1) // 2
        if fits(middle):
            low = middle
        else:
            high = middle - 1
    return low


def _boundary(text: str, end: int) -> int:
    floor = int(end * _EARLIEST) + 1
    line_end = text.rfind(_BREAK, floor, end + 1)
    if line_end >= 0:
        return line_end
    ends = [floor + match.end() for match in _SENTENCE_END.finditer(text[floor : end + 1])]
    ends = [place for place in ends if place <= end]
    if ends:
        return ends[-1]
    blank = next((place for place in range(end, floor - 1, -1) if text[place].isspace()), None)
    return _whole_character(text, end) if blank is None else blank


def _whole_character(text: str, end: int) -> int:
    start = max(0, end - 64)  # longer than any character people mean; what is longer is cut
    before: int = grapheme_boundary_before(text[start : end + 1], end + 1 - start)
    return start + before if before else end


def _shadow(nodes: tuple[Inline, ...]) -> str:
    """One character for each place where the nodes can be cut."""
    parts = []
    for node in nodes:
        match node:
            case Text() | Code():
                parts.append(node.text)
            case LineBreak():
                parts.append(_BREAK)
            case Math() | Image():
                parts.append(_WHOLE)
            case Bold() | Italic() | Strike() | Link():
                parts.append(_shadow(node.children) or _WHOLE)
            case _:
                assert_never(node)
    return "".join(parts)


def _taken(nodes: tuple[Inline, ...], start: int, stop: int) -> tuple[Inline, ...]:
    """The nodes between two places of their shadow."""
    result: list[Inline] = []
    at = 0
    for node in nodes:
        length = len(_shadow((node,)))
        first, last = max(start - at, 0), min(stop - at, length)
        if first < last:
            result.append(_clipped(node, first, last, length))
        at += length
        if at >= stop:
            break
    return tuple(result)


def _clipped(node: Inline, first: int, last: int, length: int) -> Inline:
    if (first, last) == (0, length):
        return node
    match node:
        case Text() | Code():
            return replace(node, text=node.text[first:last])
        case Bold() | Italic() | Strike() | Link():
            return replace(node, children=_taken(node.children, first, last))
        case LineBreak() | Math() | Image():
            return node
        case _:
            assert_never(node)


def _told(nodes: tuple[Inline, ...]) -> tuple[Inline, ...]:
    """The first node in words, where it is one that cannot be cut."""
    if not nodes:
        return nodes
    match nodes[0]:
        case Math(text=text) if text:
            told: Inline = Text(text=text)
        case Image(alt=alt, url=url):
            told = Text(text=f"{alt} {_shown_url(url)}".strip())
        case Link(url=url, children=children):
            told = Text(text=f"{plain_text(children)} {_shown_url(url)}".strip())
        case Bold(children=children) | Italic(children=children) | Strike(children=children):
            return (*_told(children), *nodes[1:])
        case _:
            return nodes
    return (told, *nodes[1:])


def _shown_url(url: str) -> str:
    """The address; the bytes of an embedded image are no use to anyone."""
    if url.lower().startswith("data:") and len(url) > _LONGEST_DATA_URL:
        return url[:_LONGEST_DATA_URL] + "…"
    return url

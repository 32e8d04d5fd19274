"""Inlines as Markdown that parses back to them: text stays text, and marks open and close where meant.

CommonMark lets ``**`` open or close only between certain characters. Where it would refuse, the character in
the way is written as a numeric reference (``&#35831;``), which counts as punctuation and reads the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import assert_never

from .document import Bold, Code, Image, Inline, Italic, LineBreak, Link, Math, Strike, Text
from .latex import closes_early, is_dollar_math
from .urls import encode_url

__all__ = ["inline_markdown"]

_SPECIAL = re.compile(r"[\\`*_\[<~$|#&]|!(?=\[|$)")
_LINE_START = re.compile(r"^(?:([>=-]|\+(?=\s|$)|:(?=[-:| ]*$))|(\d{1,9})([.)])(?=\s|$))", re.MULTILINE)
_AUTOLINK = re.compile(r"(?:https?|tg|ftp)://[^\s<>\\]+", re.IGNORECASE)
_ENTITY_LIKE = re.compile(r"&(?=#|\w)")


@dataclass(slots=True, kw_only=True)
class _Characters:
    """Text to be escaped. What stands at ``encoded``, and all ``references``, are written as numbers."""

    text: str
    references: str
    encoded: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Raw:
    """Markdown that is written as it is."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Delimiter:
    """A mark's begin or end."""

    text: str
    opens: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Formula:
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Break:
    pass


_Piece = _Characters | _Raw | _Delimiter | _Formula | _Break


def inline_markdown(nodes: tuple[Inline, ...], *, one_line: bool = False, in_table: bool = False) -> str:
    """The Markdown of a block's inlines; line ends are ``<br>`` where there is but ``one_line``."""
    pieces = list(_pieces(nodes, references=""))
    if any(_ends_formula(piece) for piece in pieces):
        pieces = list(_pieces(nodes, references="["))  # "\[" would begin a formula that ends there
    while sum(_make_way(pieces, place) for place in range(len(pieces))):
        pass
    written = "".join(_write(pieces, place, one_line or in_table, in_table) for place in range(len(pieces)))
    if in_table:
        return written.replace("|", r"\|")
    return written if one_line else _LINE_START.sub(_escape_line_start, written)


def _ends_formula(piece: _Piece) -> bool:
    return isinstance(piece, _Raw | _Formula) and r"\]" in piece.text


def _escape_line_start(match: re.Match[str]) -> str:
    return rf"\{match[1]}" if match[1] else rf"{match[2]}\{match[3]}"


def _pieces(nodes: tuple[Inline, ...], *, references: str) -> Iterator[_Piece]:
    for place, node in enumerate(nodes):
        match node:
            case Text():
                yield _Characters(text=node.text, references=references)
            case LineBreak():
                yield _Break()
            case Math():
                yield _Formula(text=node.text)
            case Code():
                yield _Raw(text=_code(node.text))
            case Image():
                yield _Raw(text=_image(node))
            case Link():
                yield from _link(node, references)
            case Bold() | Strike() | Italic():
                delimiter = _delimiter(nodes, place)
                yield _Delimiter(text=delimiter, opens=True)
                yield from _pieces(node.children, references=references)
                yield _Delimiter(text=delimiter, opens=False)
            case _:
                assert_never(node)


def _delimiter(nodes: tuple[Inline, ...], place: int) -> str:
    match nodes[place]:
        case Strike():
            return "~~"
        case Italic(children=children):
            return "*" if _stands_in_word(nodes, place) and _is_word_text(children[0], children[-1]) else "_"
        case _:
            return "**"


def _stands_in_word(nodes: tuple[Inline, ...], place: int) -> bool:
    """Whether letters touch the mark, which ``_`` does not allow, and no other asterisks do."""
    before = nodes[place - 1] if place else Text(text=" ")
    after = nodes[place + 1] if place + 1 < len(nodes) else Text(text=" ")
    if not isinstance(before, Text) or not isinstance(after, Text) or place in (0, len(nodes) - 1):
        return False
    return _is_word(before.text[-1:]) or _is_word(after.text[:1])


def _is_word_text(first: Inline, last: Inline) -> bool:
    return (
        isinstance(first, Text)
        and isinstance(last, Text)
        and _is_word(first.text[:1])
        and _is_word(last.text[-1:])
    )


def _is_word(character: str) -> bool:
    return bool(character) and unicodedata.category(character)[0] not in "ZPSC"


def _code(text: str) -> str:
    runs = {len(run) for run in re.findall("`+", text)}
    fence = "`" * next(length for length in range(1, len(runs) + 2) if length not in runs)
    needs_room = (
        text.startswith("`") or text.endswith("`") or (text[:1] == text[-1:] == " " and text.strip(" "))
    )
    room = " " if needs_room else ""
    return f"{fence}{room}{text}{room}{fence}"


def _image(image: Image) -> str:
    alt = _escape(_Characters(text=image.alt, references="[]"))
    title = ' "' + re.sub(r'[\\"&]', r"\\\g<0>", image.title) + '"' if image.title else ""
    return f"![{alt}]({_destination(image.url)}{title})"


def _link(link: Link, references: str) -> Iterator[_Piece]:
    if link.children == (Text(text=link.url),) and _AUTOLINK.fullmatch(link.url):
        yield _Raw(text=f"<{link.url}>")
        return
    yield _Raw(text="[")
    yield from _pieces(link.children, references=references + "]")
    yield _Raw(text=f"]({_destination(link.url)})")


def _destination(url: str) -> str:
    url = _ENTITY_LIKE.sub(r"\&", encode_url(url))
    depth = 0
    for character in url:
        depth += (character == "(") - (character == ")")
        if depth not in range(30):
            break
    return url if url and depth == 0 else f"<{url}>"


def _make_way(pieces: list[_Piece], place: int) -> bool:
    """Encode what stops the delimiter at this place from working; True if something had to be encoded."""
    delimiter = pieces[place]
    if not isinstance(delimiter, _Delimiter):
        return False
    step = 1 if delimiter.opens else -1
    inner, outer = _neighbour(pieces, place + step), _neighbour(pieces, place - step)
    inner_edge, outer_edge = _edge(inner, first=step > 0), _edge(outer, first=step < 0)
    if isinstance(inner, _Characters) and inner_edge.isspace():
        return _encode(inner, first=step > 0)
    is_tight = delimiter.text == "_" or not _is_word(inner_edge)
    if (
        isinstance(outer, _Characters)
        and is_tight
        and not (outer_edge.isspace() or _is_punctuation(outer_edge))
    ):
        return _encode(outer, first=step < 0)
    return False


def _neighbour(pieces: list[_Piece], place: int) -> _Piece | None:
    return pieces[place] if 0 <= place < len(pieces) else None


def _edge(piece: _Piece | None, *, first: bool) -> str:
    """The character of a piece that its neighbour sees."""
    match piece:
        case None:
            return " "
        case _Characters():
            index = 0 if first else len(piece.text) - 1
            return "&" if index in piece.encoded else piece.text[index]
        case _Formula():
            return "$"
        case _Break():
            return "<"
        case _Raw() | _Delimiter():
            return piece.text[0 if first else -1]
        case _:
            assert_never(piece)


def _is_punctuation(character: str) -> bool:
    if character.isascii():
        return not character.isalnum()
    return unicodedata.category(character)[0] == "P"


def _encode(piece: _Characters, *, first: bool) -> bool:
    piece.encoded.add(0 if first else len(piece.text) - 1)
    return True


def _write(pieces: list[_Piece], place: int, one_line: bool, in_table: bool) -> str:
    piece = pieces[place]
    before, after = _neighbour(pieces, place - 1), _neighbour(pieces, place + 1)
    match piece:
        case _Characters():
            return _escape(piece, in_table=in_table)
        case _Formula():
            return _formula(piece.text, _edge(before, first=False), _edge(after, first=True))
        case _Break():
            is_plain = all(isinstance(other, _Characters | _Raw | _Formula) for other in (before, after))
            return "  \n" if is_plain and not one_line else "<br>"
        case _Raw() | _Delimiter():
            return piece.text
        case _:
            assert_never(piece)


def _escape(piece: _Characters, *, in_table: bool = False) -> str:
    if piece.encoded or any(character in piece.text for character in piece.references):
        return "".join(_escape_at(piece, place, in_table) for place in range(len(piece.text)))
    return _SPECIAL.sub(lambda match: _escape_character(match[0], in_table), piece.text)


def _escape_at(piece: _Characters, place: int, in_table: bool) -> str:
    character = piece.text[place]
    if place in piece.encoded or character in piece.references:
        return f"&#{ord(character)};"
    return _escape_character(character, in_table) if _SPECIAL.match(piece.text, place) else character


def _escape_character(character: str, in_table: bool) -> str:
    return character if in_table and character == "|" else "\\" + character


def _formula(text: str, before: str, after: str) -> str:
    if is_dollar_math(text, before=before, after=after):
        return f"${text}$"
    if closes_early(text):
        return _code(text)  # never parsed, and what nothing can delimit is at least shown
    return rf"\({text} \)" if text.endswith("\\") else rf"\({text}\)"

"""Inline content in canonical form: equal looks give equal trees, and marks never nest in themselves.

Canonical: neighbouring text, code and equal marks are one node; no node is empty; no blanks stand beside a
line break; a mark holds more than blanks. So a tree is at most five levels deep, whatever was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from markdown_it.token import Token

from .document import Bold, Code, Image, Inline, Italic, LineBreak, Link, Math, Strike, Text
from .syntax import inline_tokens

__all__ = ["canonical", "parse_inlines", "plain_inlines", "plain_text", "trimmed"]

_SPECIAL = re.compile(r"[!$&*<\[\\\]_`~]")
_LINE_ENDS = re.compile(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")
_MARKS: dict[str, type[Bold | Italic | Strike]] = {"strong": Bold, "em": Italic, "s": Strike}
_BLANK = None  # every kind of blank, as str.strip takes them


def parse_inlines(content: str, env: dict[str, Any]) -> tuple[Inline, ...]:
    """The canonical inlines of one Markdown content; labels of references it uses join ``env["used"]``."""
    if _SPECIAL.search(content) is None:
        return plain_inlines(content)
    return trimmed(_Nest(env).read(inline_tokens(content, env)))


def plain_inlines(content: str) -> tuple[Inline, ...]:
    """The canonical inlines of a content in which nothing has a meaning but line ends."""
    nodes: list[Inline] = []
    for line in content.split("\n"):
        stripped = line.strip(_BLANK)
        if nodes:
            nodes.append(LineBreak())
        if stripped:
            nodes.append(Text(text=stripped))
    return trimmed(nodes)


def canonical(nodes: Iterable[Inline]) -> tuple[Inline, ...]:
    """The nodes with neighbours merged, blanks beside line breaks gone and empty nodes left out."""
    result: list[Inline] = []
    for node in nodes:
        _append(result, node)
    return tuple(result)


def trimmed(nodes: Iterable[Inline]) -> tuple[Inline, ...]:
    """The canonical nodes of a whole block: neither blanks nor line breaks at its ends."""
    result = list(canonical(nodes))
    while result and _is_blank(result[0]):
        del result[0]
    while result and _is_blank(result[-1]):
        del result[-1]
    if result and isinstance(first := result[0], Text):
        result[0] = Text(text=first.text.lstrip(_BLANK))
    if result and isinstance(last := result[-1], Text):
        result[-1] = Text(text=last.text.rstrip(_BLANK))
    return tuple(result)


def plain_text(nodes: Iterable[Inline]) -> str:
    """What a reader without any markup sees, in one line."""
    parts = []
    for node in nodes:
        match node:
            case Text() | Code() | Math():
                parts.append(node.text)
            case Image():
                parts.append(node.alt)
            case LineBreak():
                parts.append(" ")
            case _:
                parts.append(plain_text(node.children))
    return "".join(parts)


def _is_blank(node: Inline) -> bool:
    return isinstance(node, LineBreak) or (isinstance(node, Text) and not node.text.strip(_BLANK))


def _append(nodes: list[Inline], node: Inline) -> None:
    last = nodes[-1] if nodes else None
    match node:
        case Text():
            _append_text(nodes, node.text)
        case LineBreak():
            if isinstance(last, Text):
                nodes.pop()
                _append_text(nodes, last.text.rstrip(_BLANK))
            nodes.append(node)
        case Code() if isinstance(last, Code):
            nodes[-1] = Code(text=last.text + node.text)
        case Bold() | Italic() | Strike() if type(last) is type(node):
            nodes[-1] = type(node)(children=canonical((*last.children, *node.children)))
        case Bold() | Italic() | Strike() if all(_is_blank(child) for child in node.children):
            for child in node.children:
                _append(nodes, child)
        case _:
            nodes.append(node)


def _append_text(nodes: list[Inline], text: str) -> None:
    last = nodes[-1] if nodes else None
    if isinstance(last, LineBreak):
        text = text.lstrip(_BLANK)
    if isinstance(last, Text):
        nodes[-1] = Text(text=last.text + text)
    elif text:
        nodes.append(Text(text=text))


class _Nest:
    """Builds the tree of one token sequence; a mark inside the same mark is left out."""

    def __init__(self, env: dict[str, Any]) -> None:
        self._env = env
        self._open: list[tuple[str, str, list[Inline]]] = []
        self._nodes: list[Inline] = []

    def read(self, tokens: list[Token]) -> tuple[Inline, ...]:
        for token in tokens:
            if token.nesting > 0:
                self._enter(token)
            elif token.nesting < 0:
                self._leave()
            else:
                self._add(token)
        return canonical(self._nodes)

    def _enter(self, token: Token) -> None:
        self._open.append((token.tag, str(token.attrs.get("href", "")), self._nodes))
        self._nodes = []
        self._use(token)

    def _leave(self) -> None:
        tag, url, outer = self._open.pop()
        children = canonical(self._nodes)
        self._nodes = outer
        if any(tag == other for other, _, _ in self._open):
            outer.extend(children)
        elif tag == "a":
            outer.extend(_link(url, children))
        elif children:
            outer.append(_MARKS[tag](children=children))

    def _add(self, token: Token) -> None:
        match token.type:
            case "softbreak" | "hardbreak":
                self._nodes.append(LineBreak())
            case "code_inline":
                self._nodes.append(Code(text=token.content))
            case "math":
                self._nodes.append(Math(text=token.content))
            case "image":
                self._use(token)
                self._nodes.extend(_image(token, self._env))
            case _:
                self._nodes.append(Text(text=_LINE_ENDS.sub(" ", token.content)))

    def _use(self, token: Token) -> None:
        if label := token.meta.get("label"):
            self._env.setdefault("used", set()).add(label)


def _link(url: str, children: tuple[Inline, ...]) -> tuple[Inline, ...]:
    if not url and not children:
        return ()
    if all(_is_blank(child) for child in children):
        children = (Text(text=url),) if url else ()
    return (Link(url=url, children=children),) if children else ()


def _image(token: Token, env: dict[str, Any]) -> tuple[Inline, ...]:
    alt = " ".join(plain_text(_Nest(env).read(token.children or [])).split())
    url, title = str(token.attrs.get("src", "")), " ".join(str(token.attrs.get("title", "")).split())
    if not url:
        return (Text(text=alt),) if alt else ()
    return (Image(alt=alt, url=url, title=title),)

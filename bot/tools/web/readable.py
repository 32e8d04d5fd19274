"""From HTML to the text a reader came for: the main part of the page, with Markdown for its structure.

Also a program, which imports nothing of ours so that it starts at once: HTML on standard input, the page's
address as its argument; the title, a line break and the text on standard output.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Final
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser, LexborNode

__all__ = ["readable"]

_MOST_CPU_SECONDS: Final = 20
_MOST_MEMORY_BYTES: Final = 1 << 30
_MOST_TEXT_CHARACTERS: Final = 400_000
_MOST_LINK_CHARACTERS: Final = 300
_MOST_TITLE_CHARACTERS: Final = 300

_NOISE: Final = (
    "script, style, noscript, template, iframe, object, embed, svg, canvas, video, audio, select, textarea, "
    "button, input, dialog, link, meta, "
    "[hidden], [aria-hidden=true], [role=dialog], [role=search], "
    "[style*='display:none'], [style*='display: none'], [style*='visibility:hidden']"
)
_FRAME: Final = (
    "nav, footer, aside, body > header, "
    "[role=navigation], [role=banner], [role=contentinfo], [role=complementary], [role=menu]"
)
_MAIN: Final = "main, article, [role=main], [itemprop=articleBody]"
_PROSE: Final = "p, pre, blockquote, li, td, dd"
_SHORTEST_PROSE: Final = 25
_LEAST_SHARE: Final = 0.4
_PAUSES: Final = re.compile(r"[,，、。；;]")

_HEADINGS: Final = {f"h{level}": f"{'#' * level} " for level in range(1, 7)}
_SECTIONS: Final = frozenset(
    {
        "address",
        "article",
        "aside",
        "body",
        "center",
        "details",
        "div",
        "fieldset",
        "figure",
        "footer",
        "form",
    }
) | frozenset({"header", "hgroup", "main", "nav", "section", "summary", "table", "tbody", "tfoot", "thead"})
_PARTS: Final = frozenset(
    {"blockquote", "caption", "dd", "dl", "dt", "figcaption", "hr", "li", "ol", "p", "pre", "tr", "ul"}
)
_BLOCKS: Final = _SECTIONS | _PARTS | frozenset(_HEADINGS)
_CELLS: Final = frozenset({"td", "th"})
_SPACES: Final = re.compile(r"\s+")


def readable(html: str, url: str) -> tuple[str, str]:
    """The title, on one line, and the text. ``url`` completes the links."""
    tree = LexborHTMLParser(html)
    title = _title(tree)
    _drop(tree, _NOISE)
    everything = _everything(tree)
    _drop(tree, _FRAME)
    main = _main_part(tree)
    text = "" if main is None else _Writer(url).written(main)
    return title, text or everything


def _title(tree: LexborHTMLParser) -> str:
    found = tree.css_first("head > title") or tree.css_first("h1")
    return "" if found is None else _SPACES.sub(" ", found.text()).strip()[:_MOST_TITLE_CHARACTERS]


def _drop(tree: LexborHTMLParser, selector: str) -> None:
    found = {node.mem_id: node for node in tree.css(selector)}
    outermost = [node for node in found.values() if not _is_inside(node, found)]
    for node in outermost:  # which takes the inner ones along: they must not be touched any more
        node.decompose()


def _is_inside(node: LexborNode, others: Mapping[int, LexborNode]) -> bool:
    above = node.parent
    while above is not None:
        if above.mem_id in others:
            return True
        above = above.parent
    return False


def _everything(tree: LexborHTMLParser) -> str:
    """What to show of a page that consists of menus alone."""
    body = tree.body
    return "" if body is None else _SPACES.sub(" ", body.text(separator=" ")).strip()[:_MOST_TEXT_CHARACTERS]


def _main_part(tree: LexborHTMLParser) -> LexborNode | None:
    """What the page marks as its main part, else where most prose is; the body when neither holds enough."""
    body = tree.body
    if body is None:
        return None
    marked = _longest(tree.css(_MAIN))
    enough = _LEAST_SHARE * _length(body)
    for part in (marked, _richest(tree)):
        if part is not None and _length(part) >= enough:
            return part
    return body


def _longest(nodes: Iterable[LexborNode]) -> LexborNode | None:
    return max(nodes, key=_length, default=None)


def _length(node: LexborNode) -> int:
    """How much the element says outside of links, in bytes: a Chinese character says as much as three."""
    return _size(node.text()) - sum(_size(link.text()) for link in node.css("a"))


def _size(text: str) -> int:
    return len("".join(text.split()).encode("utf-8", "replace"))


def _richest(tree: LexborHTMLParser) -> LexborNode | None:
    """The element with the most prose in it: a paragraph counts for its parent, and half for the next."""
    scores: dict[int, float] = {}
    nodes: dict[int, LexborNode] = {}
    for prose in tree.css(_PROSE):
        text = prose.text()
        if _size(text) < _SHORTEST_PROSE:
            continue
        score = 1 + len(_PAUSES.findall(text)) + min(_size(text) / 100, 3)
        for node, share in _ancestors(prose):
            nodes[node.mem_id] = node
            scores[node.mem_id] = scores.get(node.mem_id, 0.0) + score * share
    return nodes[max(scores, key=scores.__getitem__)] if scores else None


def _ancestors(node: LexborNode) -> Iterator[tuple[LexborNode, float]]:
    if (parent := node.parent) is not None:
        yield parent, 1.0
        if (grandparent := parent.parent) is not None:
            yield grandparent, 0.5


class _Writer:
    """Writes one part of a page, block by block, walking without recursion, as pages nest without end."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._blocks: list[str] = []
        self._line: list[str] = []
        self._lists: list[int | None] = []
        self._links: list[int] = []
        self._prefix = ""
        self._preformatted = 0
        self._written = 0

    def written(self, part: LexborNode) -> str:
        node: LexborNode | None = part
        while node is not None and self._written < _MOST_TEXT_CHARACTERS:
            self._enter(node)
            below = node.child
            node = below if below is not None else self._leave_until_next(node, part)
        self._end_block()
        return re.sub(r"\n{3,}", "\n\n", "\n".join(self._blocks)).strip()

    def _leave_until_next(self, node: LexborNode, part: LexborNode) -> LexborNode | None:
        here: LexborNode | None = node
        while here is not None:
            self._leave(here)
            if here.mem_id == part.mem_id:
                return None
            if (after := here.next) is not None:
                return after
            here = here.parent
        return None

    def _enter(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if tag == "-text":
            self._say(node.text_content or "")
        elif tag in _BLOCKS:
            self._begin_block(tag)
        elif tag == "a":
            self._links.append(len(self._line))
        elif tag == "br":
            self._line.append("\n")
        elif tag == "img":
            self._say_image(node)
        elif tag == "code" and not self._preformatted:
            self._line.append("`")
        elif tag in _CELLS and "".join(self._line).strip():
            self._line.append(" | ")

    def _leave(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if tag in _BLOCKS:
            self._close_block(tag)
        elif tag == "a" and self._links:
            self._finish_link(self._links.pop(), node.attributes.get("href") or "")
        elif tag == "code" and not self._preformatted:
            self._line.append("`")

    def _say(self, text: str) -> None:
        self._line.append(text if self._preformatted else _SPACES.sub(" ", text))
        self._written += len(text)

    def _say_image(self, node: LexborNode) -> None:
        if alt := _SPACES.sub(" ", node.attributes.get("alt") or "").strip():
            self._line.append(f"[image: {alt}]")

    def _begin_block(self, tag: str) -> None:
        self._end_block()
        if tag in {"ul", "ol"}:
            self._lists.append(0 if tag == "ol" else None)
        elif tag == "li":
            self._prefix = self._item_mark()
        elif tag == "pre":
            self._preformatted += 1
        elif tag == "blockquote":
            self._prefix = "> "
        elif tag in _HEADINGS:
            self._prefix = _HEADINGS[tag]
        elif tag == "hr":
            self._blocks.append("\n---\n")

    def _item_mark(self) -> str:
        indent = "  " * (min(len(self._lists), 8) - 1)
        if not self._lists or self._lists[-1] is None:
            return f"{indent}- "
        self._lists[-1] += 1
        return f"{indent}{self._lists[-1]}. "

    def _close_block(self, tag: str) -> None:
        self._end_block()
        if tag in {"ul", "ol"} and self._lists:
            self._lists.pop()
        if tag == "pre":
            self._preformatted -= 1
        if tag not in {"li", "tr"}:
            self._prefix = ""
            self._blocks.append("")

    def _end_block(self) -> None:
        """Put the line that was being written under its mark, if there is anything in it."""
        text = "".join(self._line)
        self._line.clear()
        self._links.clear()
        if not text.strip():
            return
        if self._preformatted:
            self._blocks.append(f"\n```\n{text.strip(chr(10))}\n```\n")
        else:
            lines = (line.strip() for line in text.split("\n"))
            self._blocks.append(self._prefix + "\n".join(line for line in lines if line))
        self._prefix = ""

    def _finish_link(self, begin: int, href: str) -> None:
        text = "".join(self._line[begin:]).strip()
        target = self._absolute(href)
        if not text or not target or "\n" in text or self._preformatted:
            return
        spaced = " " if self._line[begin].startswith(" ") else ""
        self._line[begin:] = [f"{spaced}[{text}]({target})"]

    def _absolute(self, href: str) -> str:
        """The link's target; empty for one within the page, one that is no web address and one too long."""
        if not href or href.startswith("#"):
            return ""
        with suppress(ValueError):
            target = urljoin(self._url, href.strip())
            if target.startswith(("http://", "https://")) and len(target) <= _MOST_LINK_CHARACTERS:
                return target.replace(" ", "%20").replace(")", "%29")
        return ""


def _limit_resources() -> None:
    """Where the system can, bound what a hostile page may cost."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (_MOST_CPU_SECONDS, _MOST_CPU_SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY_BYTES, _MOST_MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _main() -> None:
    _limit_resources()
    title, text = readable(sys.stdin.read(), sys.argv[1])
    sys.stdout.write(f"{title}\n{text}")


if __name__ == "__main__":
    _main()

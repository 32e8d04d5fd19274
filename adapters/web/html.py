"""A Document as HTML in which no character of a text is ever markup.

Everything that came from a model or a person goes through ``escape``; the tags, the attribute names and the
classes are ours. Links lead to http, https and mailto only. Pictures are shown as links: loading them would
tell their server who reads what.
"""

from __future__ import annotations

import re
from html import escape
from typing import Final, assert_never

from adapters.web.highlight import highlight
from bot.rendering import (
    Align,
    Block,
    Bold,
    Code,
    CodeBlock,
    Collapsed,
    Columns,
    Document,
    Heading,
    Image,
    Inline,
    Italic,
    LineBreak,
    Link,
    List,
    ListItem,
    Math,
    MathBlock,
    Paragraph,
    Quote,
    Rule,
    Strike,
    Table,
    Text,
)

__all__ = ["clean", "file_link", "media_view", "plain_html", "sound_player", "to_html"]

_LINK: Final = re.compile(r"(?:https?://[^\s/?#]|mailto:[^\s@]+@)\S*", re.IGNORECASE)
_UNFIT: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_ALIGNED: Final = {
    Align.NONE: "",
    Align.LEFT: ' class="left"',
    Align.CENTER: ' class="center"',
    Align.RIGHT: ' class="right"',
}


def clean(text: str) -> str:
    """The text with what no page can hold (controls, halves of characters) replaced by U+FFFD."""
    return _UNFIT.sub("\N{REPLACEMENT CHARACTER}", text)


def plain_html(text: str) -> str:
    """A text without any form as HTML."""
    return f'<p class="plain" dir="auto">{escape(clean(text))}</p>'


def file_link(address: str, name: str) -> str:
    """A link by which a file of ours is saved under its name."""
    name = escape(clean(name))
    return f'<p class="file"><a href="{escape(address)}" download="{name}">{name}</a></p>'


def media_view(address: str, mime: str, name: str) -> str:
    """A picture or a film of ours, shown where it stands."""
    source = escape(address)
    if mime.startswith("video/"):
        return f'<video class="film" controls preload="metadata" src="{source}"></video>'
    return f'<img class="picture" src="{source}" alt="{escape(clean(name))}" loading="lazy">'


def sound_player(address: str) -> str:
    """A recording of ours, to be played where it stands."""
    return f'<audio class="sound" controls preload="metadata" src="{escape(address)}"></audio>'


def to_html(document: Document, *, growing: bool = False) -> str:
    """The document as HTML, one element a block. While it grows, its last block gets no colours yet."""
    *whole, last = document.blocks or (None,)
    html = "".join(_block(block, coloured=True) for block in whole if block is not None)
    return clean(html + _block(last, coloured=not growing)) if last is not None else ""


# --- blocks -------------------------------------------------------------------------------------------


def _block(block: Block, *, coloured: bool) -> str:
    match block:
        case Paragraph():
            return f'<p dir="auto">{_inlines(block.children)}</p>'
        case Heading():
            return _heading(block)
        case List():
            return _list(block, coloured=coloured)
        case Quote():
            return f"<blockquote>{_blocks(block.blocks, coloured=coloured)}</blockquote>"
        case CodeBlock():
            return _code(block, coloured=coloured)
        case MathBlock():
            return f'<pre class="math" tabindex="0">{escape(block.text)}</pre>'
        case Table():
            return _table(block)
        case Rule():
            return "<hr>"
        case Collapsed():
            return _collapsed(block, coloured=coloured)
        case Columns():
            return _side_by_side(block, coloured=coloured)
        case _:
            assert_never(block)


def _blocks(blocks: tuple[Block, ...], *, coloured: bool) -> str:
    return "".join(_block(block, coloured=coloured) for block in blocks)


def _heading(block: Heading) -> str:
    # The page itself has the first two levels.
    level = min(block.level + 2, 6)
    return f'<h{level} class="h{block.level}" dir="auto">{_inlines(block.children)}</h{level}>'


def _list(block: List, *, coloured: bool) -> str:
    tag = "ol" if block.ordered else "ul"
    items = "".join(_item(item, coloured=coloured) for item in block.items)
    return f"<{tag}>{items}</{tag}>"


def _item(item: ListItem, *, coloured: bool) -> str:
    number = f' value="{item.number}"' if item.number is not None and item.number < 2**31 else ""
    if item.checked is None:
        return f'<li dir="auto"{number}>{_item_blocks(item, coloured=coloured)}</li>'
    # A real check box would ask to be pressed; these words are what a screen reader says in its place.
    done = "true" if item.checked else "false"
    sign = "☑" if item.checked else "☐"
    box = f'<span class="box" role="checkbox" aria-checked="{done}" aria-disabled="true">{sign}</span>'
    return f'<li class="task" dir="auto"{number}>{box}<div>{_item_blocks(item, coloured=coloured)}</div></li>'


def _item_blocks(item: ListItem, *, coloured: bool) -> str:
    """A single paragraph stands without its tag, so that the list stays close."""
    first, *rest = item.blocks or (Paragraph(children=()),)
    head = _inlines(first.children) if isinstance(first, Paragraph) else _block(first, coloured=coloured)
    return head + _blocks(tuple(rest), coloured=coloured)


def _code(block: CodeBlock, *, coloured: bool) -> str:
    language = block.language or ""
    body = highlight(block.text, language.lower()) if coloured and language else escape(block.text)
    return (
        f'<div class="code"><div class="code-head"><span>{escape(language)}</span></div>'
        f'<pre tabindex="0"><code>{body}</code></pre></div>'
    )


def _collapsed(block: Collapsed, *, coloured: bool) -> str:
    body = _blocks(block.blocks, coloured=coloured)
    return f"<details><summary>{escape(block.title)}</summary><div>{body}</div></details>"


def _side_by_side(block: Columns, *, coloured: bool) -> str:
    columns = "".join(
        f'<div class="column"><h4 class="h2" dir="auto">{escape(column.title)}</h4>'
        f"{_blocks(column.blocks, coloured=coloured)}</div>"
        for column in block.columns
    )
    return f'<div class="columns">{columns}</div>'


def _table(table: Table) -> str:
    head = "".join(
        f'<th scope="col"{align}>{_inlines(cell)}</th>' for cell, align in _columns(table, table.header)
    )
    rows = "".join(
        "<tr>"
        + "".join(f"<td{align}>{_inlines(cell)}</td>" for cell, align in _columns(table, row))
        + "</tr>"
        for row in table.rows
    )
    return (
        '<div class="table" tabindex="0" role="group"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _columns(table: Table, cells: tuple[tuple[Inline, ...], ...]) -> list[tuple[tuple[Inline, ...], str]]:
    """A row's cells, as many as there are columns, each with its column's alignment."""
    width = len(table.header)
    padded = (*cells, *((),) * (width - len(cells)))
    aligned = (*table.align, *(Align.NONE,) * width)
    return [(cell, _ALIGNED[align]) for cell, align in zip(padded, aligned, strict=False)]


# --- inlines ------------------------------------------------------------------------------------------


def _inlines(nodes: tuple[Inline, ...]) -> str:
    return "".join(map(_inline, nodes))


def _inline(node: Inline) -> str:
    match node:
        case Text():
            return escape(node.text)
        case LineBreak():
            return "<br>"
        case Bold():
            return f"<strong>{_inlines(node.children)}</strong>"
        case Italic():
            return f"<em>{_inlines(node.children)}</em>"
        case Strike():
            return f"<s>{_inlines(node.children)}</s>"
        case Code():
            return f"<code>{escape(node.text)}</code>"
        case Math():
            return f'<code class="math">{escape(node.text)}</code>'
        case Link():
            return _link(node.url, _inlines(node.children))
        case Image():
            return _link(node.url, f"🖼 {escape(node.alt or node.title or node.url)}")
        case _:
            assert_never(node)


def _link(url: str, label: str) -> str:
    """A link where the address is one a page may lead to; else the words, with the address beside them."""
    if _LINK.fullmatch(clean(url)) is not None:
        return f'<a href="{escape(clean(url))}" rel="noopener noreferrer" target="_blank">{label}</a>'
    return f'{label} <span class="address">({escape(url[:200])})</span>' if url not in label else label

"""Renders a document as Slack messages: standard Markdown for markdown blocks and streams, or plain text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from bot.ports import Fidelity, Rendered
from bot.rendering import (
    Block,
    CodeBlock,
    Collapsed,
    Document,
    Italic,
    Paragraph,
    Table,
    chunks,
    flatten,
    to_markdown,
    utf16_length,
)

__all__ = ["MAX_TEXT_UNITS", "Markdown", "neutral", "render"]

# A stream takes about 10.6 kB in all, a markdown block 12,000 characters (facts: Slack native streaming).
MAX_TEXT_UNITS: Final = 9000
# A message holds 50 blocks, and the server makes one of each block of the Markdown.
_MOST_BLOCKS = 40

_CODE = re.compile(r"(?<![\\`])(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)
_REFERENCE = re.compile(r"&#(\d+);")
_BREAK = re.compile(r"<br>")
_COMMAND = re.compile(r"<(?=[!@#])")
_BROADCAST = re.compile(r"@(?=(?:channel|here|everyone)\b)", re.IGNORECASE)
# There perhaps only because the text ends: closed marks, and escapes that the next character makes needless.
_CLOSERS = "*_~`)|!$>\\ \n"
_WORD_JOINER = "\u2060"
_HAIR_SPACE = "\u200a"
_FENCE = re.compile(r"\n(?:[> ]*)`{3,}$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Markdown:
    """The payload of a formatted message; equal ones show the same.

    ``growing`` is the part of the answer that a stream may show at once: without the thoughts above it (told
    of by ``thinking``, their title), without the status below it, and without marks that are only closed
    because the text ends there. ``is_last`` says that the reply ends with this message.
    """

    text: str
    growing: str
    thinking: str = ""
    is_last: bool = True


def render(document: Document, *, fidelity: Fidelity) -> Sequence[Rendered]:
    """The document as messages that each fit; at least one."""
    pieces = chunks(document, measure=_measure, limit=MAX_TEXT_UNITS, max_blocks=_MOST_BLOCKS)
    match fidelity:
        case Fidelity.PLAIN:
            return tuple(Rendered(text=_plain(piece)) for piece in pieces)
        case Fidelity.FORMATTED | Fidelity.RICH:
            last = len(pieces) - 1
            return tuple(
                Rendered(text=_plain(piece), payload=_markdown(piece, is_last=place == last))
                for place, piece in enumerate(pieces)
            )
        case _:
            assert_never(fidelity)


def _measure(document: Document) -> int:
    written = len(_written(document.blocks).encode("utf-8", "replace"))
    return max(written, utf16_length(flatten(document).text))


def _plain(document: Document) -> str:
    return flatten(document).text


def _markdown(document: Document, *, is_last: bool) -> Markdown:
    above, answer = _parted(document.blocks)
    return Markdown(
        text=_written(document.blocks),
        growing=_growing(answer),
        thinking=above,
        is_last=is_last,
    )


def _parted(blocks: tuple[Block, ...]) -> tuple[str, tuple[Block, ...]]:
    """The title of the thoughts, and the blocks between them and the closing remarks."""
    title, start, stop = "", 0, len(blocks)
    while start < stop and isinstance(block := blocks[start], Collapsed):
        title, start = block.title, start + 1
    while stop > start and _is_remark(blocks[stop - 1]):
        stop -= 1
    return title, blocks[start:stop]


def _is_remark(block: Block) -> bool:
    return isinstance(block, Paragraph) and len(block.children) == 1 and isinstance(block.children[0], Italic)


def _growing(blocks: tuple[Block, ...]) -> str:
    if blocks and isinstance(last := blocks[-1], Table) and not last.rows:
        blocks = blocks[:-1]  # its columns may still be counted otherwise
    if not blocks:
        return ""
    text = _written(blocks)
    if isinstance(blocks[-1], CodeBlock):
        return _FENCE.sub("", text)
    return text.rstrip(_CLOSERS)


def _written(blocks: tuple[Block, ...]) -> str:
    """Markdown as Slack takes it."""
    text = to_markdown(Document(blocks=blocks))
    parts, at = [], 0
    for code in _CODE.finditer(text):
        parts += [_outside_code(text[at : code.start()]), neutral(code[0])]
        at = code.end()
    parts.append(_outside_code(text[at:]))
    return "".join(parts)


def _outside_code(text: str) -> str:
    """Slack knows neither HTML nor numeric references: a hair space parts a mark from the word beside it."""
    if "<br>" in text:
        text = "\n".join(_without_breaks(line) for line in text.split("\n"))
    return neutral(_REFERENCE.sub(_referred, text))


def _without_breaks(line: str) -> str:
    in_one_line = line.lstrip("> ").startswith(("|", "#"))
    return _BREAK.sub(" " if in_one_line else "  \n", line)


def _referred(match: re.Match[str]) -> str:
    character = chr(int(match[1]))
    if character in "[]":
        return f"\\{character}"
    if character.isspace():
        return ""
    opens = match.string[match.end() : match.end() + 1] in ("*", "_", "~")
    return f"{character}{_HAIR_SPACE}" if opens else f"{_HAIR_SPACE}{character}"


def neutral(text: str) -> str:
    """The same to a reader, but calling nobody: a model's ``<!channel>`` or ``<@U…>`` must not ring."""
    return _BROADCAST.sub(f"@{_WORD_JOINER}", _COMMAND.sub(f"<{_WORD_JOINER}", text))

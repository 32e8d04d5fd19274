"""The Markdown dialect: CommonMark with tables, strikethrough, tasks and LaTeX, raw HTML kept as text.

Nothing written is swallowed: containers nested too deep, unknown tags and unused definitions stay readable,
and every rule runs in time linear in the text it looks at.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, blockquote, list_block
from markdown_it.rules_inline import StateInline, autolink, emphasis, strikethrough
from markdown_it.rules_inline.state_inline import Delimiter
from markdown_it.token import Token

from .latex import inline_math, math_block
from .tables import table_block
from .urls import encode_url, is_safe

__all__ = ["block_tokens", "inline_tokens"]

# markdown-it drops what is nested deeper than its maxNesting (20); a list adds two levels.
_DEEPEST_CONTAINER = 18
# Only characters that can begin something here; the library's own set stops at many more.
_INLINE_STARTS = re.compile(r"[\n!$&*<\[\\\]_`~]")
_BREAK = re.compile(r"<br\s{0,8}/?>", re.IGNORECASE)
_ADDRESS = re.compile(r"<(?:(?:https?|mailto|tg|tel|ftp):|[\w.+-]+@)", re.IGNORECASE)
_CLOSING_MARKS = frozenset(':.,;!?%"”’')

_BlockRule = Callable[[StateBlock, int, int, bool], bool]
_InlineRule = Callable[[StateInline, bool], bool]


def block_tokens(source: str, env: dict[str, Any]) -> list[Token]:
    """The block structure of a source; inline tokens carry their content unparsed.

    ``env["partial"]`` makes an unclosed formula reach to the end. Definitions land in ``env["references"]``.
    """
    tokens: list[Token] = []
    _MARKDOWN.block.parse(source, _MARKDOWN, env, tokens)
    return tokens


def inline_tokens(content: str, env: dict[str, Any]) -> list[Token]:
    """The tokens of one inline content. ``env["open_end"]`` closes the marks that are still open."""
    return _MARKDOWN.inline.parse(content, _MARKDOWN, env, [])


def _shallow(rule: _BlockRule) -> _BlockRule:
    """The container rule, refusing to nest so deep that the library would drop the content."""

    def limited(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        return state.level < _DEEPEST_CONTAINER and rule(state, start, end, silent)

    return limited


def _line_break(state: StateInline, silent: bool) -> bool:
    """``<br>`` is the one tag that has a meaning in chat."""
    match = _BREAK.match(state.src, state.pos)
    if match is None:
        return False
    if not silent:
        state.push("hardbreak", "br", 0)
    state.pos = match.end()
    return True


def _known_autolink(state: StateInline, silent: bool) -> bool:
    """Only real addresses: ``vector<std::string>`` must keep its brackets."""
    return _ADDRESS.match(state.src, state.pos) is not None and autolink(state, silent)


def _widened(rule: _InlineRule) -> _InlineRule:
    """The delimiter rule, also taking marks that CommonMark refuses beside punctuation.

    ``**注意：**请`` and ``**Note:**see`` are what models write; CommonMark would show the asterisks.
    """

    def widened(state: StateInline, silent: bool) -> bool:
        start, known = state.pos, len(state.delimiters)
        if not rule(state, silent):
            return False
        opens, closes = _extra_flanks(state.src, start, state.pos)
        for delimiter in state.delimiters[known:] if opens or closes else ():
            delimiter.open = delimiter.open or opens
            delimiter.close = delimiter.close or closes
        return True

    return widened


def _extra_flanks(src: str, start: int, end: int) -> tuple[bool, bool]:
    before, after = src[start - 1 : start] if start else "", src[end : end + 1]
    if src[start] == "_" or not before.strip() or not after.strip():
        return False, False
    opens = not after.isalnum() and _is_cjk(before)
    closes = not before.isalnum() and (_is_cjk(after) or (end - start == 2 and before in _CLOSING_MARKS))
    return opens, closes


def _is_cjk(character: str) -> bool:
    code = ord(character)
    return (
        0x2E80 <= code <= 0x9FFF
        or 0xAC00 <= code <= 0xD7AF
        or 0xF900 <= code <= 0xFAFF
        or (0xFF00 <= code <= 0xFFEF or 0x20000 <= code <= 0x3FFFF)
    )


def _close_open_marks(state: StateInline) -> None:
    """Close at the end of an unfinished content what was opened and can still be closed."""
    if not state.env.get("open_end"):
        return
    for index in reversed(_open_marks(state)):
        opener = state.delimiters[index]
        closer = state.push("text", "", 0)
        closer.content = state.tokens[opener.token].content
        opener.end = len(state.delimiters)
        state.delimiters.append(
            Delimiter(
                marker=opener.marker,
                length=opener.length,
                token=len(state.tokens) - 1,
                end=-1,
                open=False,
                close=True,
            )
        )


def _open_marks(state: StateInline) -> list[int]:
    """Unmatched openers outside of every pair; a single mark must stand in the last line."""
    last_break = max(
        (i for i, t in enumerate(state.tokens) if t.type in ("softbreak", "hardbreak")), default=-1
    )
    found = []
    covered = -1
    for index, delimiter in enumerate(state.delimiters):
        covered = max(covered, delimiter.end)
        double = delimiter.length != 1
        if (
            delimiter.open
            and delimiter.end < 0
            and covered < index
            and (double or delimiter.token > last_break)
        ):
            found.append(index)
    return found


def _make_parser() -> MarkdownIt:
    options = {"html": False, "tasklists": True, "inline_definitions": True, "store_labels": True}
    markdown = MarkdownIt("commonmark", options).enable(["strikethrough", "table"])
    markdown.disable(["html_inline", "html_block"])
    markdown.normalizeLink = encode_url  # type: ignore[method-assign]  # the library's documented hook
    markdown.normalizeLinkText = str  # type: ignore[method-assign,assignment]
    markdown.validateLink = is_safe  # type: ignore[method-assign]
    interrupting = ["paragraph", "reference", "blockquote", "list"]
    blocks = markdown.block.ruler
    blocks.at("blockquote", _shallow(blockquote), {"alt": interrupting})
    blocks.at("list", _shallow(list_block), {"alt": interrupting[:3]})
    blocks.at("table", table_block, {"alt": ["paragraph", "reference"]})
    blocks.before("fence", "math_block", math_block, {"alt": interrupting})
    inlines = markdown.inline.ruler
    inlines.before("escape", "math", inline_math)
    inlines.before("autolink", "line_break", _line_break)
    inlines.at("autolink", _known_autolink)
    inlines.at("emphasis", _widened(emphasis.tokenize))
    inlines.at("strikethrough", _widened(strikethrough.tokenize))
    markdown.inline.ruler2.after("balance_pairs", "close_open_marks", _close_open_marks)
    markdown.inline.terminator_re = _INLINE_STARTS
    return markdown


_MARKDOWN = _make_parser()

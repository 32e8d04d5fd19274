"""LaTeX in Markdown: ``$x$``, ``$$x$$``, ``\\(x\\)`` and ``\\[x\\]`` are math, prices are not."""

from __future__ import annotations

import re

from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

__all__ = ["closes_early", "inline_math", "is_dollar_math", "math_block"]

_CLOSERS = {"$$": "$$", r"\[": r"\]", r"\(": r"\)"}
_SIGNS = re.compile(r"[\\^_=+<>{}|/*]|\d\s*-")
_MAX_LINES = 200
_MAX_TRIES = 16


def inline_math(state: StateInline, silent: bool) -> bool:
    """Inline rule: a formula becomes a ``math`` token with the bare source as content."""
    opener = state.src[state.pos : state.pos + 2]
    if opener in _CLOSERS:
        found = _delimited(state, opener)
    elif opener[:1] == "$":
        found = _dollars(state)
    else:
        return False
    if found is None:
        return False
    start, stop, end = found
    if not silent:
        state.push("math", "", 0).content = " ".join(state.src[start:stop].split())
    state.pos = end
    return True


def _delimited(state: StateInline, opener: str) -> tuple[int, int, int] | None:
    closer, start = _CLOSERS[opener], state.pos + 2
    if state.html_terminator_last(closer) < start:  # a cached rfind: keeps hostile input linear
        return None
    stop = _find(state.src, closer, start)
    content = state.src[start:stop]
    if stop < 0 or stop + 2 > state.posMax or not content.strip() or "\n\n" in content:
        return None
    if closes_early(content) or (opener == r"\[" and not _has_signs(content)):
        return None
    return start, stop, stop + 2


def _find(src: str, closer: str, start: int) -> int:
    """The closer's first place from ``start`` that no backslash escapes; -1 after a few tries."""
    at = start - 1
    for _ in range(_MAX_TRIES):
        at = src.find(closer, at + 1)
        if at < 0 or not _is_escaped(src, at, start):
            return at
    return -1


def _is_escaped(src: str, at: int, floor: int) -> bool:
    first = at
    while first > floor and src[first - 1] == "\\":
        first -= 1
    return (at - first) % 2 == 1


def _dollars(state: StateInline) -> tuple[int, int, int] | None:
    start = state.pos + 1
    if state.html_terminator_last("$") < start:
        return None
    stop = _find(state.src, "$", start)
    if stop < 0 or stop >= state.posMax:
        return None
    before = state.src[state.pos - 1] if state.pos else ""
    if not is_dollar_math(state.src[start:stop], before=before, after=state.src[stop + 1 : stop + 2]):
        return None
    return start, stop, stop + 1


def closes_early(content: str) -> bool:
    """Whether ``\\(content\\)`` would end within the content; no formula has reason to contain the closer."""
    return _find(content, r"\)", 0) >= 0


def _has_signs(content: str) -> bool:
    """Whether there is anything mathematical about the text; ``\\[1\\]`` is a pair of escaped brackets."""
    return _SIGNS.search(content) is not None


def is_dollar_math(content: str, *, before: str, after: str) -> bool:
    """Whether ``$content$`` between these two characters is a formula rather than prices.

    The rule is Pandoc's (no space inside the dollars, no digit after) made stricter: no letter on either
    side, one line, and a content that begins with a digit and has a space needs a mathematical sign.
    """
    if not content or content != content.strip() or "\n" in content or "`" in content or content[-1] == "\\":
        return False
    if before.isalnum() or before in ("$", "\\", "_") or after.isalnum() or after in ("$", "_"):
        return False
    if "$" in content.replace(r"\$", "") or closes_early(content):
        return False
    return not (content[0].isdigit() and " " in content) or _has_signs(content)


def math_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Block rule: a formula that begins a line and whose closer ends one becomes a ``math_block`` token."""
    if state.is_code_block(start):
        return False
    begin = state.bMarks[start] + state.tShift[start]
    opener = state.src[begin : begin + 2]
    if opener not in ("$$", r"\["):
        return False
    last = _last_line(state, start, end, begin + 2, _CLOSERS[opener])
    if last is None:
        return False
    if not silent:
        lines = state.getLines(start, last + 1, state.blkIndent, False)
        token = state.push("math_block", "", 0)
        token.content = lines.strip().removeprefix(opener).removesuffix(_CLOSERS[opener]).strip()
        token.map = [start, last + 1]
        state.line = last + 1
    return True


def _last_line(state: StateBlock, start: int, end: int, after: int, closer: str) -> int | None:
    """The line the formula ends with: the next closer must end a line, and no blank line come before it."""
    at = -1 if _is_absent(state, closer, after) else _find(state.src, closer, after)
    if at < 0 and (not state.env.get("partial") or end != state.lineMax or end - start > _MAX_LINES):
        return None
    for line in range(start, min(end, start + _MAX_LINES)):
        if line > start and (state.isEmpty(line) or state.sCount[line] < state.blkIndent):
            return None
        if 0 <= at <= state.eMarks[line]:
            is_last = not state.src[at + 2 : state.eMarks[line]].strip()
            return line if is_last and state.src[after:at].strip() else None
    return end - 1 if at < 0 and state.src[after : state.eMarks[end - 1]].strip() else None


def _is_absent(state: StateBlock, closer: str, after: int) -> bool:
    """Whether the source has no closer from here on; looked up once, so that hostile input stays linear."""
    last: dict[str, int] = state.env.setdefault("last_closers", {})
    if closer not in last:
        last[closer] = state.src.rfind(closer)
    return last[closer] < after

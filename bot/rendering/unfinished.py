"""What can be shown of an answer still being written: nothing that the next characters may take back."""

from __future__ import annotations

import re
from dataclasses import replace

from .document import Block, CodeBlock, Collapsed, Heading, List, MathBlock, Paragraph, Quote
from .tables import DELIMITER_ROW, is_table_start

__all__ = ["hold_back_lines", "settle_inlines", "without_empty_end"]

_FENCE = re.compile(r"([ \t>]*(?:(?:[-+*]|\d{1,9}[.)])[ \t]+)*)(`{3,}|~{3,})(.*)")
_DANGLING = re.compile(
    r"[ \t]*(?:>[ \t>]*)?(?:[-+*][ \t]+)*(?:[-+*=_]+|\d{1,9}[.)]?|`{1,2}|~{1,2}|\||\$\$?|\\)[ \t]*"
)
_TICKS = re.compile(r"\\.|`+", re.DOTALL)
_OPEN_MATH = re.compile(r"\\\((?:[^\\\n]|\\[^)\n])*\\?$|\\\[(?:[^\\\n]|\\[^\]\n])*\\?$")
_LABEL = r"\[(?:[^\[\]\\]|\\.|\[[^\[\]]*\](?:\([^()\s]*\))?)*"
_OPEN_LINK = re.compile(
    rf"!?{_LABEL}(?:\](?:\((?:[^()\n]|\([^()\n]*\))*(?:\([^()\n]*)?)?)?$"  # [a, [a], [a](b, [a](b(c)
)
_LAST_BRACKETS = re.compile(r"!?\[")
_LONGEST_LINK = 600
_LONGEST_BRACKETS = 12
_TAIL = re.compile(
    r"(?:&[#\w]{0,24}"  # an entity
    r"|<(?:b|br|br\s{0,8}/?|(?:https?:|mailto:|h|ht|htt|https?|tel:|tg:)[^\s<>]*)?"  # a tag or an address
    r"|(?<!\\)(?:\\\\)*\\"  # an escape
    r")$",
    re.IGNORECASE,
)


def hold_back_lines(source: str) -> str:
    """The source without last lines of unknown kind: a marker alone, a table before its second row."""
    fence = _open_fence(source)
    if fence:
        return _hold_back_closing_fence(source, fence)
    held = _hold_back_table(source)
    head, newline, last = held.rpartition("\n")
    if last and _DANGLING.fullmatch(last):
        return _hold_back_table(head + newline)
    return held


def _open_fence(source: str) -> str:
    """The marker of the fence the source ends in, or nothing."""
    if "```" not in source and "~~~" not in source:
        return ""
    marker = container = ""
    for line in source.split("\n")[:-1]:
        if marker and _leaves(line, container):
            marker = ""
        match = _FENCE.match(line)
        if match is None:
            continue
        if not marker:
            container, marker = match[1], "" if match[2][0] == "`" and "`" in match[3] else match[2]
        elif match[2].startswith(marker) and not match[3].strip():
            marker = ""
    return marker


def _leaves(line: str, container: str) -> bool:
    """Whether the line stands outside of the list item or quote that the fence began in."""
    if ">" in container:
        return ">" not in line[: len(container)]
    is_item = container.strip() != ""
    return is_item and line.strip() != "" and line[: len(container)].strip() != ""


def _hold_back_closing_fence(source: str, fence: str) -> str:
    head, newline, last = source.rpartition("\n")
    tail = last.strip(" \t>")
    is_partial = tail and not tail.strip(fence[0]) and len(tail) < len(fence)
    return head + newline if is_partial else source


def _hold_back_table(source: str) -> str:
    """Hold back a header line, and a delimiter row that has just begun, at the end of a paragraph."""
    lines = source.removesuffix("\n").split("\n")
    held = 0
    if not source.endswith("\n") and _is_open_delimiter(lines):
        held = 2
    elif _is_header(lines[-1]) and not _continues_table(lines, len(lines) - 1):
        held = 1
    return "".join(line + "\n" for line in lines[:-held]) if held else source


def _is_open_delimiter(lines: list[str]) -> bool:
    """Whether the last line may become the delimiter row of the table that the line before it may begin."""
    if len(lines) < 2 or "|" not in lines[-2] or not _starts_delimiter(lines[-1]):
        return False
    return not is_table_start(lines[-2], lines[-1]) and not _continues_table(lines, len(lines) - 2)


def _is_header(line: str) -> bool:
    return line.lstrip(" \t>").startswith("|") and not DELIMITER_ROW.fullmatch(line)


def _starts_delimiter(line: str) -> bool:
    tail = line.strip(" \t>")
    return bool(tail) and not tail.strip("|:- \t")


def _continues_table(lines: list[str], index: int) -> bool:
    """Whether the line stands below a delimiter row, with only rows between."""
    while index > 0 and "|" in lines[index]:
        index -= 1
        if "-" in lines[index] and DELIMITER_ROW.fullmatch(lines[index].lstrip(" \t>")):
            return True
    return False


def settle_inlines(content: str) -> str:
    """The unfinished content of a paragraph, made to show what it is going to show.

    An open code span or formula is closed; an open link and other half-written markup is held back. Open
    marks (``**``) are left to the parser, which knows where they may close.
    """
    ticks = _open_ticks(content)
    if ticks is not None:
        return _close_code(content, ticks)
    last_line = content.rfind("\n") + 1
    if match := _OPEN_MATH.search(content, last_line):
        return content.rstrip("\\") + (r"\)" if match[0].startswith(r"\(") else r"\]")
    content = _hold_back_link(content, last_line)
    content = _TAIL.sub("", content)
    return _without_trailing_marks(content)


def _open_ticks(content: str) -> int | None:
    """Where a code span begins that is still open in the last line."""
    runs = [match for match in _TICKS.finditer(content) if match[0][0] == "`"] if "`" in content else []
    left: dict[int, int] = {}
    for run in runs:
        left[len(run[0])] = left.get(len(run[0]), 0) + 1
    closer = 0
    for run in runs:
        length = len(run[0])
        left[length] -= 1
        if closer:
            closer = 0 if length == closer else closer
        elif left[length] > 0:
            closer = length
        elif "\n" not in content[run.end() :]:
            return run.start()
    return None


def _close_code(content: str, start: int) -> str:
    ticks = re.match("`+", content[start:])
    opener = ticks[0] if ticks else ""
    code = content[start + len(opener) :].rstrip("`")
    if not code.strip():
        return _without_trailing_marks(content[:start])
    return content[:start] + opener + code + opener


def _hold_back_link(content: str, last_line: int) -> str:
    """Cut before a link or image that the end of the last line leaves open."""
    floor = max(last_line, len(content) - _LONGEST_LINK)
    starts = [match.start() for match in _LAST_BRACKETS.finditer(content, floor)][-_LONGEST_BRACKETS:]
    for start in starts:
        if not _is_backslashed(content, start) and _OPEN_LINK.match(content, start):
            return content[:start]
    return content


def _without_trailing_marks(content: str) -> str:
    """Without a last run of marks: whether it opens, closes or is text, the next character tells."""
    bare = content.rstrip("*_~")
    if len(bare) < len(content) and _is_backslashed(content, len(bare)):
        return content[: len(bare) + 1]
    return bare


def _is_backslashed(content: str, at: int) -> bool:
    return (at - len(content[:at].rstrip("\\"))) % 2 == 1


def without_empty_end(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """Without a last marker that has nothing to mark yet."""
    while blocks:
        last = _without_empty_leaf(blocks[-1])
        if last is blocks[-1]:
            return blocks
        blocks = blocks[:-1] if last is None else (*blocks[:-1], last)
    return blocks


def _without_empty_leaf(block: Block) -> Block | None:
    match block:
        case Paragraph() | Heading():
            return block if block.children else None
        case Quote() | Collapsed():
            inner = without_empty_end(block.blocks)
            return (
                block if inner == block.blocks and inner else replace(block, blocks=inner) if inner else None
            )
        case List():
            return _without_empty_item(block)
        case CodeBlock() | MathBlock():
            return block if block.text else None
        case _:
            return block


def _without_empty_item(block: List) -> List | None:
    last = block.items[-1]
    inner = without_empty_end(last.blocks)
    if inner and inner == last.blocks:
        return block
    items = (*block.items[:-1], replace(last, blocks=inner)) if inner else block.items[:-1]
    return replace(block, items=items) if items else None

"""Parse mode MarkdownV2: text and entities, or the refusal Telegram gives (Bot API "MarkdownV2 style")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .markup_html import refuse
from .utf16 import code_units

__all__ = ["parse_markdown_v2"]

_RESERVED = frozenset("_*[]()~`>#+-=|{}.!")
_MARKS = ("```", "__", "||", "![", "_", "*", "~", "`", "[")
_TYPE_OF_MARK = {
    "__": "underline",
    "||": "spoiler",
    "_": "italic",
    "*": "bold",
    "~": "strikethrough",
    "`": "code",
    "```": "pre",
    "[": "text_link",
    "![": "custom_emoji",
}
_NAME_OF_MARK = {
    "__": "Underline",
    "||": "Spoiler",
    "_": "Italic",
    "*": "Bold",
    "~": "Strikethrough",
    "`": "Code",
    "```": "PreCode",
    "[": "TextUrl",
    "![": "CustomEmoji",
    ">": "BlockQuote",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Open:
    """A mark that waits for its end."""

    mark: str
    start: int
    offset: int
    piece: int
    language: str = ""


class _Parser:
    """Reads one text from left to right."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.pieces: list[str] = []
        self.entities: list[dict[str, Any]] = []
        self.opened: list[_Open] = []
        self.offset = 0
        self.position = 0

    def parse(self) -> tuple[str, list[dict[str, Any]]]:
        while self.position < len(self.source):
            self._step()
        if self.opened and self.opened[-1].mark == ">":
            self._close(">", advance=0)
        if self.opened:
            last = self.opened[-1]
            byte = len(self.source[: last.start].encode())
            raise refuse(f"Can't find end of {_NAME_OF_MARK[last.mark]} entity at byte offset {byte}")
        self.entities.sort(key=lambda e: (e["offset"], -e["length"]))
        return "".join(self.pieces), self.entities

    def _step(self) -> None:
        char = self.source[self.position]
        following = self.source[self.position + 1 : self.position + 2]
        if char == "\\" and following and following.isascii():
            self._add(following, advance=2)
        elif self._inside_code():
            self._step_in_code(char)
        elif char == "\n":
            self._line_end()
        elif char == ">" and self._at_line_start():
            self._open(">")
        elif char in _RESERVED:
            self._mark(char)
        else:
            self._add(char, advance=1)

    def _inside_code(self) -> bool:
        return bool(self.opened) and self.opened[-1].mark in ("`", "```")

    def _step_in_code(self, char: str) -> None:
        mark = self.opened[-1].mark
        if self.source.startswith(mark, self.position):
            self._close(mark, advance=len(mark))
        elif char == "`":
            raise refuse("Character '`' is reserved and must be escaped with the preceding '\\'")
        else:
            self._add(char, advance=1)

    def _at_line_start(self) -> bool:
        return self.position == 0 or self.source[self.position - 1] == "\n"

    def _line_end(self) -> None:
        in_quote = bool(self.opened) and self.opened[-1].mark == ">"
        if in_quote and not self.source.startswith("\n>", self.position):
            self._close(">", advance=0)
            self._add("\n", advance=1)
        else:
            self._add("\n", advance=2 if in_quote else 1)

    def _mark(self, char: str) -> None:
        top = self.opened[-1].mark if self.opened else ""
        if top in ("[", "![") and char == "]":
            self._close_link(top)
            return
        if top == ">" and self.source.startswith("||", self.position) and self._ends_line(self.position + 2):
            self._close(">", advance=2, kind="expandable_blockquote")
            return
        mark = next((m for m in _MARKS if self.source.startswith(m, self.position)), "")
        if not mark:
            raise refuse(f"Character '{char}' is reserved and must be escaped with the preceding '\\'")
        if mark == top:
            self._close(mark, advance=len(mark))
        else:
            self._open(mark)

    def _ends_line(self, position: int) -> bool:
        return position >= len(self.source) or self.source[position] == "\n"

    def _open(self, mark: str) -> None:
        start = self.position
        self.position += len(mark)
        language = self._language() if mark == "```" else ""
        self.opened.append(
            _Open(mark=mark, start=start, offset=self.offset, piece=len(self.pieces), language=language)
        )

    def _language(self) -> str:
        line_end = self.source.find("\n", self.position)
        word = self.source[self.position : line_end] if line_end >= 0 else ""
        if word and word.isascii() and not any(char in " `" for char in word):
            self.position = line_end + 1
            return word
        if line_end == self.position:
            self.position += 1
        return ""

    def _close(self, mark: str, *, advance: int, kind: str = "", **argument: Any) -> None:
        opened = self.opened.pop()
        self.position += advance
        if self.offset == opened.offset:
            return
        if opened.language:
            argument["language"] = opened.language
        kind = kind or _TYPE_OF_MARK.get(mark, "blockquote")
        self.entities.append(
            {"type": kind, "offset": opened.offset, "length": self.offset - opened.offset, **argument}
        )

    def _close_link(self, mark: str) -> None:
        covered = "".join(self.pieces[self.opened[-1].piece :])
        start = self.position
        url = covered
        self.position += 1
        if self.source.startswith("(", self.position):
            url = self._url()
        length = self.position - start
        self.position = start
        if mark == "![":
            self._close(mark, advance=length, custom_emoji_id=url.rpartition("id=")[2])
        else:
            self._close(mark, advance=length, url=url)

    def _url(self) -> str:
        begin = self.position
        self.position += 1
        url = ""
        while self.position < len(self.source) and self.source[self.position] != ")":
            if self.source[self.position] == "\\" and self.position + 1 < len(self.source):
                self.position += 1
            url += self.source[self.position]
            self.position += 1
        if self.position >= len(self.source):
            raise refuse(f"Can't find end of a URL at byte offset {len(self.source[:begin].encode())}")
        self.position += 1
        return url

    def _add(self, text: str, *, advance: int) -> None:
        self.pieces.append(text)
        self.offset += code_units(text)
        self.position += advance


def parse_markdown_v2(source: str) -> tuple[str, list[dict[str, Any]]]:
    """Parse; raises ApiError (400) with Telegram's sentence for markup it refuses."""
    return _Parser(source).parse()

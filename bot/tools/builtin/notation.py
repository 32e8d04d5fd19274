"""Cuts an expression as people type it, in ASCII or full width, English or Chinese, into plain tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot.errors import ToolRetry

__all__ = ["MAX_CHARACTERS", "Kind", "Token", "tokens"]

MAX_CHARACTERS: Final = 2000

_FULL_WIDTH: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_SAME: Final = {
    "*": "×✕✖∙·•⋅∗",
    "/": "÷∕⁄➗",
    "-": "−–—﹣➖",
    "+": "➕",
    "(": "[{【〔",
    ")": "]}】〕",
    " ": "\u3000\u00a0\u202f\t\r\n",
    "°": "º˚",
}
_SIGNS: Final = str.maketrans(
    {sign: plain for plain, signs in _SAME.items() for sign in signs} | {"π": " pi "}
)
_SUPERSCRIPT: Final = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_RAISED: Final = re.compile(r"[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_TRAILER: Final = re.compile(r"[\s=?。]+\Z")

_WORDS: Final = {
    "of": "*",
    "x": "*",
    "times": "*",
    "mod": "mod",
    "percent": "percent",
    "的": "*",
    "乘以": "*",
    "乘": "*",
    "除以": "/",
    "加": "+",
    "减": "-",
    "**": "^",
}
_DECIMALS: Final = r"(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?"
_GROUPS: Final = r"[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])"
_GROUPED: Final = rf"{_GROUPS}{_DECIMALS}"
_PLAIN: Final = rf"[0-9][0-9_]*{_DECIMALS}|\.[0-9]+(?:[eE][+-]?[0-9]+)?"
_REST: Final = (
    r"(?P<name>(?:math\.)?(?:log10|log2|[A-Za-z]+))"
    r"|(?P<sign>乘以|除以|[的乘加减万亿]|\*\*|//|[-+*/%^!°√(),])"
)
_IN_CALL: Final = re.compile(rf" *(?:(?P<number>{_PLAIN})|{_REST})")
_OUTSIDE: Final = re.compile(rf" *(?:(?P<number>{_GROUPED}|{_PLAIN})|{_REST})")
# max(1,000) and max(1,250, 900) mean thousands to whoever wrote them and arguments to us: ask, do not guess.
_AMBIGUOUS: Final = re.compile(rf"0[0-9]|{_GROUPS}, |(?<=, ){_GROUPS}")
_HEXADECIMAL: Final = re.compile(r"(?<![0-9A-Za-z.,_])0[xX][0-9a-fA-F]")


class Kind(StrEnum):
    """What a token is."""

    NUMBER = "number"
    NAME = "name"
    SIGN = "sign"
    END = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A piece of the expression in its plain form; ``at`` counts characters from 1."""

    kind: Kind
    text: str
    at: int


def tokens(expression: str) -> list[Token]:
    """The expression's tokens and an END. Raises ToolRetry for what is too long, empty or cannot be read."""
    if len(expression) > MAX_CHARACTERS:
        raise ToolRetry(f"The expression is longer than {MAX_CHARACTERS} characters: calculate it in parts.")
    text = _plain(expression)
    if not text.strip():
        raise ToolRetry("The expression is empty. Give one such as 12.5 * (3 + 4).")
    if _HEXADECIMAL.search(text):
        raise ToolRetry("Write hexadecimal numbers in decimal.")
    return [*_cut(text), Token(kind=Kind.END, text="the end", at=len(text) + 1)]


def _plain(expression: str) -> str:
    text = expression.translate(_FULL_WIDTH).translate(_SIGNS)
    text = _RAISED.sub(lambda found: f"^({found.group().translate(_SUPERSCRIPT)})", text)
    return _TRAILER.sub("", text)


def _cut(text: str) -> Iterator[Token]:
    """A comma parts thousands (1,234), but arguments inside the parentheses of a function."""
    calls: list[bool] = []
    previous, at = Kind.END, 0
    while at < len(text):
        in_call = bool(calls) and calls[-1]
        found = (_IN_CALL if in_call else _OUTSIDE).match(text, at)
        if found is None:
            raise ToolRetry(f"{text[at:].lstrip()[:1]!r} has no meaning in an expression.")
        token = _token(found, in_call=in_call)
        _follow_parentheses(calls, token, after_name=previous is Kind.NAME)
        previous, at = token.kind, found.end()
        yield token


def _follow_parentheses(calls: list[bool], token: Token, *, after_name: bool) -> None:
    if token.text == "(":
        calls.append(after_name)
    elif token.text == ")" and calls:
        calls.pop()


def _token(found: re.Match[str], *, in_call: bool) -> Token:
    kind = Kind(found.lastgroup or Kind.END)
    text, at = found.group(kind), found.start(kind)
    if kind is Kind.NUMBER:
        if in_call and _AMBIGUOUS.match(found.string, at):
            raise ToolRetry("Inside a function's parentheses write numbers without thousands separators.")
        text = text.replace(",", "").replace("_", "")
    else:
        text = text.removeprefix("math.").lower()
        kind, text = (Kind.SIGN, _WORDS[text]) if text in _WORDS else (kind, text)
    return Token(kind=kind, text=text, at=at + 1)

"""Code as HTML with its tokens marked by class, in the languages Pygments knows; always escaped."""

from __future__ import annotations

from functools import lru_cache
from html import escape
from typing import Final

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import STANDARD_TYPES, _TokenType
from pygments.util import ClassNotFound

__all__ = ["LONGEST_COLOURED", "highlight"]

LONGEST_COLOURED: Final = 30_000
"""Longer code stays in one colour: marking it would hold everybody's answers up."""


@lru_cache(maxsize=256)
def highlight(code: str, language: str) -> str:
    """The code as HTML, its tokens in ``<span class>`` elements where the language is known."""
    lexer = _lexer(language) if len(code) <= LONGEST_COLOURED else None
    if lexer is None:
        return escape(code)
    return "".join(_span(kind, text) for kind, text in lexer.get_tokens(code))


@lru_cache(maxsize=64)
def _lexer(language: str) -> Lexer | None:
    try:
        # Blank lines at the ends and the missing last line end are part of what the model wrote.
        return get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


def _span(kind: _TokenType, text: str) -> str:
    name = _class_of(kind)
    return f'<span class="{name}">{escape(text)}</span>' if name else escape(text)


@lru_cache(maxsize=256)
def _class_of(kind: _TokenType) -> str:
    """Pygments' short name of the token, or of the nearest kind above it that has one."""
    nearest: _TokenType | None = kind
    while nearest is not None and nearest not in STANDARD_TYPES:
        nearest = nearest.parent
    return STANDARD_TYPES[nearest] if nearest is not None else ""

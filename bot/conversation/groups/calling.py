"""Tells whether somebody calls the bot by its name: at the beginning of a message or at its end."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

__all__ = ["calls_by_name"]

# Scripts that put no space between words: Chinese, Japanese, Korean particles, Thai.
_UNSPACED = "\u0e00-\u0e7f\u3005-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_LETTER = rf"[^\W{_UNSPACED}]"
# "Parley's" and "x.parley" speak of something else; "@parley" is somebody's handle, "/parley" a command.
_OPEN_LEFT = rf"(?<!{_LETTER})(?<![@/#\\-])(?<!\w\.)"
_OPEN_RIGHT = rf"(?!{_LETTER})(?![@/])(?!['’.-]\w)"
_ONE_SIGN = rf"(?<![{_UNSPACED}]){{}}(?![{_UNSPACED}])"


def calls_by_name(text: str, names: Iterable[str]) -> bool:
    """Whether ``text`` begins or ends with one of ``names`` as a word, in whatever case and width.

    A name in a script without spaces needs no space around it; one of a single character stands apart.
    """
    plain = _plain(text)
    return any(_pattern(name).search(plain) is not None for name in map(_plain, names) if name)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


@lru_cache(maxsize=256)
def _pattern(name: str) -> re.Pattern[str]:
    word = re.escape(name)
    if len(name) == 1:
        word = _ONE_SIGN.format(word)
    called = f"{_OPEN_LEFT}{word}{_OPEN_RIGHT}"
    return re.compile(rf"\A[^\w@/#]*{called}|{called}[^\w]*\Z")

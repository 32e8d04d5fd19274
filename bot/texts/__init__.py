"""The bot's own sentences, a file for each language. Everything a person reads that is not the model's."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

__all__ = ["LANGUAGES", "TEXTS", "language_of", "listed", "say"]

LANGUAGES: Final = ("en", "zh")
"""The languages the bot speaks; the first is spoken with those who speak none of them."""

TEXTS: Final[Mapping[str, Mapping[str, str]]] = {
    language: tomllib.loads((Path(__file__).parent / f"{language}.toml").read_text(encoding="utf-8"))
    for language in LANGUAGES
}
"""Sentences by language and key."""


def say(key: str, language: str, **values: object) -> str:
    """The sentence ``key`` in a language of LANGUAGES, with ``values`` filled in."""
    sentence = TEXTS[language][key]
    return sentence.format(**values) if values else sentence


def listed(items: Iterable[str], language: str) -> str:
    """Several things one after the other, as the language writes it."""
    return say("list_separator", language).join(items)


def language_of(code: str, setting: str = "auto") -> str:
    """Which of LANGUAGES to speak: the setting, or the person's language code (``zh-hans`` is Chinese)."""
    if setting in LANGUAGES:
        return setting
    return next((language for language in LANGUAGES if code.lower().startswith(language)), LANGUAGES[0])

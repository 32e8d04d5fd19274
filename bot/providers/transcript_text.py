"""Cleans what speech models return: no tags, no emoji, no words that nobody said."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from bot.providers.invented_words import CREDIT_MARKS, CREDITS, FILLERS

__all__ = ["clean_transcript", "normalise"]

# SenseVoice: <|zh|><|NEUTRAL|><|Speech|><|woitn|> (facts: SiliconFlow §17 #19).
_TAG: Final = re.compile(r"<\|[^<>|]{0,40}\|>")
# What FunASR's post-processing makes of SenseVoice's events and emotions; speech itself has no emoji.
_MOOD: Final = re.compile("[🎼👏😀😭🤧😊😔😡😰🤢😮❓😷]\ufe0f?")
# A full stop inside a name (Amara.org) or a number ends nothing.
_SENTENCE_END: Final = re.compile(r"(?<=[.!?…])[\"'”’)]*(?:\s+|$)|(?<=[。！？])[”’」』）]*\s*|\n+")
# Below this the detector heard a breath or a click rather than a word.
_HARDLY_ANY_SECONDS: Final = 0.25


def clean_transcript(text: str, *, speech_seconds: float | None = None) -> str:
    """``text`` as it was said; empty when nothing was.

    ``speech_seconds`` is how much speech a detector found, None when nobody looked.
    """
    text = _MOOD.sub("", _TAG.sub(" ", text))
    text = "".join(sentence for sentence in _sentences(text) if not _is_credit(normalise(sentence)))
    text = " ".join(text.split())
    plain = normalise(text)
    hardly_any = speech_seconds is not None and speech_seconds < _HARDLY_ANY_SECONDS
    return "" if not plain or (hardly_any and plain in FILLERS) else text


def normalise(text: str) -> str:
    """Letters and digits in lower case, words parted by single spaces: what two writings share."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    kept = (
        character for character in folded if character.isspace() or character == "_" or _is_letter(character)
    )
    return " ".join("".join(kept).split())


def _is_letter(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN"


def _sentences(text: str) -> list[str]:
    """``text`` cut after each sentence; joined they are ``text`` again."""
    ends = [found.end() for found in _SENTENCE_END.finditer(text) if found.end()]
    return [text[start:end] for start, end in zip([0, *ends], [*ends, len(text)], strict=True)]


def _is_credit(plain: str) -> bool:
    return plain in CREDITS or any(mark in plain for mark in CREDIT_MARKS)

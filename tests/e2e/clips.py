"""Clips of speech in several languages, by others than this project, and how much of them is misheard.

They lie in the package pytest-audioeval, each beside the text that is spoken in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Final

import jiwer

from bot.providers.transcript_text import normalise
from tests.e2e.voices import encoded_file

__all__ = ["CLIPS", "MOST_MISHEARD", "Clip", "error_rate", "length_of"]

_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "en": ("quick_brown_fox", "counting"),
    "es": ("pangrama", "conteo"),
    "fr": ("pangrama", "comptage"),
    "zh": ("pangrama", "nihao_shijie", "jishu"),
    "ja": ("konnichiwa_sekai", "kazoeru"),
}
MOST_MISHEARD: Final[Mapping[str, float]] = {"en": 0.1, "es": 0.4, "fr": 0.3, "zh": 0.5, "ja": 0.3}
"""Bounds for what Whisper base mishears of them, about twice what was measured on 2026-11-23."""

_TEN: Final = {
    "en": "one two three four five six seven eight nine ten",
    "es": "uno dos tres cuatro cinco seis siete ocho nueve diez",
    "fr": "un deux trois quatre cinq six sept huit neuf dix",
    "zh": "一 二 三 四 五 六 七 八 九 十",
    "ja": "一 二 三 四 五 六 七 八 九 十",
}
_WITHOUT_SPACES: Final = frozenset({"zh", "ja"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """Somebody says ``text`` in the file at ``path``, a WAV of a few seconds."""

    language: str
    path: Path
    text: str

    def note(self) -> bytes:
        """As a voice note of Telegram's clients: OGG/Opus."""
        return encoded_file(self.path, muxer="ogg", codec="libopus")

    def slack_clip(self) -> bytes:
        """As a clip of Slack's clients: MP4/AAC."""
        return encoded_file(self.path, muxer="mp4", codec="aac")


@cache
def _clips() -> dict[str, tuple[Clip, ...]]:
    # Found without importing it: its code wants packages that only its measurements need.
    clips = Path(str(distribution("pytest-audioeval").locate_file("pytest_audioeval/samples/audio")))
    return {
        language: tuple(_clip(language, clips / language / f"{name}.wav") for name in names)
        for language, names in _NAMES.items()
    }


def _clip(language: str, path: Path) -> Clip:
    return Clip(language=language, path=path, text=path.with_suffix(".txt").read_text(encoding="utf-8"))


CLIPS: Final = _clips()
"""The clips of each language."""


def error_rate(language: str, said: list[str], heard: list[str]) -> float:
    """The word error rate over all of them; in Chinese and Japanese, which part no words, of characters.

    Case, punctuation and whether a number is written in digits make no difference.
    """
    return float(jiwer.wer([_units(language, one) for one in said], [_units(language, one) for one in heard]))


def length_of(language: str, said: list[str]) -> int:
    """How many words, or characters, are said."""
    return sum(len(_units(language, one).split()) for one in said)


def _units(language: str, text: str) -> str:
    """What is compared, parted by spaces."""
    numbers = {word: str(number) for number, word in enumerate(_TEN[language].split(), start=1)}
    plain = normalise(text)
    if language not in _WITHOUT_SPACES:
        return " ".join(numbers.get(word, word) for word in plain.split())
    return " ".join("".join(numbers.get(sign, sign) for sign in plain if not sign.isspace()))

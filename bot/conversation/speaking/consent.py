"""The sentence that somebody reads to have their voice made: their consent, and nobody else's."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from hashlib import sha256
from typing import Final

from bot.messages import ConversationKey
from bot.texts import say

__all__ = ["LONGEST_SAMPLE_SECONDS", "SHORTEST_SAMPLE_SECONDS", "consent_sentence", "is_consent"]

# The provider takes less than 30 seconds, best 8-10 (facts: SiliconFlow §10).
SHORTEST_SAMPLE_SECONDS: Final = 8.0
LONGEST_SAMPLE_SECONDS: Final = 29.0

_ENGLISH: Final = (
    "river garden window silver morning bridge orange winter letter mountain candle yellow harbour picture "
    "summer village doctor kitchen thunder balloon chicken pepper ticket shoulder monkey blanket diamond "
    "holiday lemon tiger station umbrella"
)
_CHINESE: Final = (
    "河流 花园 窗户 早晨 大桥 橙子 冬天 书信 高山 蜡烛 港口 图画 夏天 村庄 月亮 火车 "
    "医生 厨房 雷雨 气球 胡椒 车票 肩膀 猴子 毯子 钻石 假期 柠檬 老虎 雨伞 苹果 石头"
)
_WORDS: Final = {"en": tuple(_ENGLISH.split()), "zh": tuple(_CHINESE.split())}
_SPOKEN_WORDS: Final = 4
# Machines mishear one now and then. That two people share three, in one order, is one chance in thousands.
_LEAST_WORDS: Final = 3
_LEAST_LIKENESS: Final = 0.7
# Chinese is compared by its characters, everything else by its words.
_TOKEN: Final = re.compile(r"[\u3400-\u9fff]|[^\W\u3400-\u9fff]+")


def consent_sentence(key: ConversationKey, person: str, language: str) -> str:
    """What a person has to read, always the same; it holds words that another person's does not."""
    words = _words(key, person, language)
    return say("speech_consent", language, words=("、" if language == "zh" else ", ").join(words))


def is_consent(heard: str, key: ConversationKey, person: str, language: str) -> bool:
    """Whether what was heard is that sentence, as well as machines hear: its own words above all."""
    expected, said = _tokens(consent_sentence(key, person, language)), _tokens(heard)
    likeness = SequenceMatcher(None, expected, said, autojunk=False).ratio()
    return (
        likeness >= _LEAST_LIKENESS and _found_in_order(said, _words(key, person, language)) >= _LEAST_WORDS
    )


def _found_in_order(said: list[str], words: tuple[str, ...]) -> int:
    """The most of the words that were said one after another."""
    text = "".join(said)
    places = [text.find(word) for word in words]
    best = [0] * len(words)
    for at, place in enumerate(places):
        if place >= 0:
            before = [best[earlier] for earlier in range(at) if 0 <= places[earlier] < place]
            best[at] = 1 + max(before, default=0)
    return max(best)


def _words(key: ConversationKey, person: str, language: str) -> tuple[str, ...]:
    """Four words that follow from who it is: whoever replays another's recording has the wrong ones."""
    left = list(_WORDS[language])
    digest = sha256(f"{key.platform}/{key.account}/{person}".encode()).digest()
    return tuple(left.pop(digest[place] % len(left)) for place in range(_SPOKEN_WORDS))


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(text.casefold())

"""Reads what somebody writes behind /voice, in English or Chinese."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from bot.conversation.chat_settings import CHOICES, GAINS, SPEEDS
from bot.providers import PRESET_VOICES, plain_speech

__all__ = ["LONGEST_STYLE", "Asked", "VoiceOrder", "is_voice_name", "read_voice_order", "style_instruction"]

LONGEST_STYLE: Final = 60

VoiceOrder = Literal[
    "page", "choose", "speed", "gain", "style", "speech", "new", "delete", "default", "sample"
]

_WORDS: Final = MappingProxyType(
    {
        "list": "page",
        "列表": "page",
        "speed": "speed",
        "语速": "speed",
        "速度": "speed",
        "gain": "gain",
        "volume": "gain",
        "loudness": "gain",
        "音量": "gain",
        "style": "style",
        "emotion": "style",
        "dialect": "style",
        "风格": "style",
        "情感": "style",
        "方言": "style",
        "new": "new",
        "新建": "new",
        "delete": "delete",
        "删除": "delete",
        "default": "default",
        "默认": "default",
        "sample": "sample",
        "试听": "sample",
    }
)
_OFF: Final = frozenset({"off", "none", "default", "关", "关闭", "无", "默认"})
_NUMBER: Final = re.compile(r"([+-]?\d{1,2}(?:\.\d{1,2})?)\s*(?:x|×|db|倍|分贝)?", re.IGNORECASE)
# As persona names: no markup in a sentence of ours, and one word behind the command.
_NAME: Final = re.compile(r"[^\W_](?:[\w-]{0,30}[^\W_])?")
_SPACE: Final = re.compile(r"\s+")

# CosyVoice2's own words (facts §9); what is not here is asked for by its name.
_DIALECTS: Final = MappingProxyType(
    {
        "cantonese": "粤语",
        "粤语": "粤语",
        "广东话": "粤语",
        "sichuan": "四川话",
        "sichuanese": "四川话",
        "四川话": "四川话",
        "shanghai": "上海话",
        "shanghainese": "上海话",
        "上海话": "上海话",
        "zhengzhou": "郑州话",
        "郑州话": "郑州话",
        "changsha": "长沙话",
        "长沙话": "长沙话",
        "tianjin": "天津话",
        "天津话": "天津话",
    }
)
_EMOTIONS: Final = MappingProxyType(
    {
        "happy": "高兴",
        "cheerful": "高兴",
        "cheerfully": "高兴",
        "sad": "悲伤",
        "sadly": "悲伤",
        "angry": "生气",
        "surprised": "惊讶",
        "calm": "平静",
        "calmly": "平静",
        "gentle": "温柔",
        "gently": "温柔",
        "excited": "激动",
        "serious": "严肃",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is wanted, with its words; ``number`` is None where one belongs and none, or a wrong one, is."""

    order: VoiceOrder
    words: str = ""
    number: float | None = None


def read_voice_order(argument: str) -> Asked:
    """What is meant. A word that means nothing else is the name of a voice."""
    first, _, rest = argument.strip().partition(" ")
    rest = rest.strip()
    match _WORDS.get(first.casefold()):
        case None:
            return _choice(argument.strip())
        case "speed":
            return Asked(order="speed", number=_number(rest, SPEEDS))
        case "gain":
            return Asked(order="gain", number=_number(rest, GAINS))
        case "style":
            return Asked(order="style", words="" if rest.casefold() in _OFF else _style(rest))
        case "new":
            return Asked(order="new", words=rest)
        case "delete":
            return Asked(order="delete", words=rest)
        case "default":
            return Asked(order="default")
        case "sample":
            return Asked(order="sample")
        case _:
            return Asked(order="page")


def is_voice_name(name: str) -> bool:
    """Whether a voice can be called so: it is one word, no preset's name and nothing /voice understands."""
    taken = {*_WORDS, *PRESET_VOICES, *CHOICES["speech"]}
    return _NAME.fullmatch(name) is not None and name.casefold() not in taken


def style_instruction(style: str) -> str:
    """What the model is told, in the words it was taught; empty for no style."""
    word = style.casefold()
    if not word:
        return ""
    if word in _DIALECTS:
        return f"请问你能模仿{_DIALECTS[word]}的口音吗？"
    return f"你能用{_EMOTIONS.get(word, style)}的情感说吗？"


def _choice(words: str) -> Asked:
    if not words:
        return Asked(order="page")
    if words.casefold() in CHOICES["speech"]:
        return Asked(order="speech", words=words.casefold())
    return Asked(order="choose", words=words)


def _style(words: str) -> str:
    """A few plain words: no control text of the model's, no end of its instruction."""
    return _SPACE.sub(" ", plain_speech(words)).strip()


def _number(words: str, bounds: tuple[float, float]) -> float | None:
    found = _NUMBER.fullmatch(words)
    if found is None:
        return None
    number = float(found[1])
    return number if bounds[0] <= number <= bounds[1] else None

"""Remembers what a model refused or did, so that the next request to it is right the first time.

The provider's documents and its behaviour disagree on who takes what (facts: SiliconFlow §2.1, §2.4, §17 #5,
#11). The memory lives as long as the process and is shared by all chats.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from bot.errors import ProviderRefused
from bot.providers.errors import INVALID_PARAMETER
from bot.providers.profiles import Profile, Thinking, find_profile

__all__ = ["Lessons"]

_REFUSED_PARAMETER: Final = re.compile(r"does(?: not|n't) support parameter\W+(\w+)")
_MUST_RETURN_THINKING: Final = re.compile(r"reasoning_content.*must be passed back")
_NUMBER: Final = re.compile(r"\d+")
_TOO_MANY_TOKENS: Final = 20089
# facts: SiliconFlow §15
_PARAMETER_BY_CODE: Final = {
    20024: "response_format",
    20030: "prefix",
    20033: "prefix",
    20037: "tools",
    20084: "thinking_budget",
    20085: "thinking_budget",
    20086: "thinking_budget",
}
_ECHO: Final = "reasoning_content"
_VIDEO: Final = "video_url"
_NOT_SEEING: Final = 20041


@dataclass(slots=True)
class _Notes:
    refused: set[str] = field(default_factory=set)
    max_answer_tokens: int | None = None
    repeats_prefix: bool | None = None


class Lessons:
    """What was learned about each model at run time."""

    def __init__(self) -> None:
        self._notes: dict[str, _Notes] = {}

    def profile(self, model: str) -> Profile:
        """What ``model`` accepts, by the table and by experience."""
        profile = find_profile(model)
        notes = self._notes.get(model)
        return _apply(notes, profile) if notes else profile

    def refuses(self, model: str) -> frozenset[str]:
        """Names of request fields that ``model`` refused."""
        notes = self._notes.get(model)
        return frozenset(notes.refused - {_ECHO, _VIDEO}) if notes else frozenset()

    def learn(self, error: ProviderRefused, body: Mapping[str, Any]) -> str:
        """Take in why the request ``body`` was refused; the field to change, or "" without a new lesson.

        A lesson is only new once, so repeating the request after each lesson comes to an end.
        """
        model = str(body["model"])
        notes = self._notes.setdefault(model, _Notes())
        if error.code == _TOO_MANY_TOKENS:
            return "max_tokens" if self._learn_limit(notes, str(error), body["max_tokens"]) else ""
        parameter = _parameter_in(error)
        if not parameter and _is_about_video(error, body):
            parameter = _VIDEO
        sent = parameter in (_ECHO, _VIDEO) or parameter in body
        if not sent or parameter in notes.refused:
            return ""
        notes.refused.add(parameter)
        return parameter

    def note_prefix(self, model: str, *, repeated: bool) -> None:
        """Remember whether the output of ``model`` repeats the prefix it was given."""
        self._notes.setdefault(model, _Notes()).repeats_prefix = repeated

    def repeats_prefix(self, model: str) -> bool | None:
        """Whether the output of ``model`` repeats a prefix; None while unknown."""
        notes = self._notes.get(model)
        return notes.repeats_prefix if notes else None

    def _learn_limit(self, notes: _Notes, text: str, sent: int) -> bool:
        limits = [int(number) for number in _NUMBER.findall(text.partition("(HTTP")[0])]
        limits = [limit for limit in limits if 1 < limit < sent]
        if limits:
            notes.max_answer_tokens = max(limits)
        return bool(limits)


def _parameter_in(error: ProviderRefused) -> str:
    if error.code == INVALID_PARAMETER:
        if _MUST_RETURN_THINKING.search(str(error)):
            return _ECHO
        found = _REFUSED_PARAMETER.search(str(error))
        return found[1] if found else ""
    return _PARAMETER_BY_CODE.get(error.code, "")


def _is_about_video(error: ProviderRefused, body: Mapping[str, Any]) -> bool:
    """Whether a model that was shown a film takes none, after all."""
    contents = (message["content"] for message in body.get("messages", ()))
    parts = (part for content in contents if isinstance(content, list) for part in content)
    said = error.code == _NOT_SEEING or (error.code == INVALID_PARAMETER and "video" in str(error).lower())
    return said and any(part["type"] == _VIDEO for part in parts)


def _apply(notes: _Notes, profile: Profile) -> Profile:
    refused = notes.refused
    no_switch = "enable_thinking" in refused and profile.thinking is Thinking.SWITCH
    return replace(
        profile,
        thinking=Thinking.NEVER if no_switch else profile.thinking,
        thinking_budget=profile.thinking_budget and "thinking_budget" not in refused,
        reasoning_effort=profile.reasoning_effort and "reasoning_effort" not in refused,
        prefix=profile.prefix and "prefix" not in refused,
        json_mode=profile.json_mode and "response_format" not in refused,
        tools=profile.tools and "tools" not in refused,
        video=profile.video and _VIDEO not in refused,
        echoes_thinking=profile.echoes_thinking or _ECHO in refused,
        max_answer_tokens=min(
            profile.max_answer_tokens, notes.max_answer_tokens or profile.max_answer_tokens
        ),
    )

"""What people set for their chat, read from what is stored with the service's defaults filled in."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from bot.storage.chats import Chat

__all__ = ["CHOICES", "GAINS", "LARGEST_BUDGET", "LEAST_BUDGET", "SPEEDS", "ChatSettings"]

CHOICES: Final = MappingProxyType(
    {
        "thinking": ("shown", "hidden"),
        "transport": ("edits", "preview"),
        "rich": ("off", "on"),
        "language": ("auto", "en", "zh"),
        "attention": ("addressed", "always", "quiet"),
        "rights": ("admins", "everyone"),
        "recall": ("on", "off"),
        "voice": ("request", "addressed", "all", "off"),
        "speech": ("never", "spoken", "always"),
    }
)
"""Settings with a few values to choose among; the first is the default, for ``thinking`` the operator's."""

LEAST_BUDGET: Final = 128
LARGEST_BUDGET: Final = 32_768  # facts SiliconFlow §2.4
SPEEDS: Final = (0.5, 2.0)
GAINS: Final = (-10.0, 10.0)  # facts SiliconFlow §9


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatSettings:
    """A chat's settings.

    ``persona`` and ``model`` are empty, ``thinks`` and ``thinking_budget`` None where the chat leaves them
    open; ``language`` is empty where it follows each person's app. ``voice`` says which of a group's voice
    messages are heard. ``speech`` says which answers are spoken;
    ``speech_voice`` is a preset's name, own:ID, or empty for the persona's; the gain is in decibels.
    """

    thinking_shown: bool
    previews: bool = False
    rich: bool = False
    language: str = ""
    attention: str = "addressed"
    rights: str = "admins"
    recall: bool = True
    voice: str = "request"
    speech: str = "never"
    speech_voice: str = ""
    speech_style: str = ""
    speech_speed: float = 1.0
    speech_gain: float = 0.0
    persona: str = ""
    model: str = ""
    thinks: bool | None = None
    thinking_budget: int | None = None

    @classmethod
    def of(cls, chat: Chat, *, thinking_shown: bool) -> ChatSettings:
        """The settings of a chat; whatever is stored that we do not know counts as not set."""
        language = _choice(chat, "language")
        return cls(
            thinking_shown=_choice(chat, "thinking", "shown" if thinking_shown else "hidden") == "shown",
            previews=_choice(chat, "transport") == "preview",
            rich=_choice(chat, "rich") == "on",
            language="" if language == "auto" else language,
            attention=_choice(chat, "attention"),
            rights=_choice(chat, "rights"),
            recall=_choice(chat, "recall") == "on",
            voice=_choice(chat, "voice"),
            speech=_choice(chat, "speech"),
            speech_voice=_text(chat, "speech_voice"),
            speech_style=_text(chat, "speech_style"),
            speech_speed=_number(chat, "speech_speed", 1.0, SPEEDS),
            speech_gain=_number(chat, "speech_gain", 0.0, GAINS),
            persona=_text(chat, "persona"),
            model=_text(chat, "model"),
            thinks={"on": True, "off": False}.get(_text(chat, "thinks")),
            thinking_budget=_budget(chat.settings.get("thinking_budget")),
        )

    @property
    def values(self) -> dict[str, str]:
        """The value of each of CHOICES, as in buttons and in the database."""
        return {
            "thinking": "shown" if self.thinking_shown else "hidden",
            "transport": "preview" if self.previews else "edits",
            "rich": "on" if self.rich else "off",
            "language": self.language or "auto",
            "attention": self.attention,
            "rights": self.rights,
            "recall": "on" if self.recall else "off",
            "voice": self.voice,
            "speech": self.speech,
        }


def _choice(chat: Chat, name: str, default: str = "") -> str:
    value = chat.settings.get(name)
    return value if value in CHOICES[name] else default or CHOICES[name][0]


def _text(chat: Chat, name: str) -> str:
    value = chat.settings.get(name)
    return value if isinstance(value, str) else ""


def _number(chat: Chat, name: str, default: float, bounds: tuple[float, float]) -> float:
    value = chat.settings.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return default
    return min(max(float(value), bounds[0]), bounds[1])


def _budget(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return min(max(value, LEAST_BUDGET), LARGEST_BUDGET)

"""What people set for their chat: how the model's thinking is shown, how a reply grows, in which form."""

from __future__ import annotations

from dataclasses import dataclass

from bot.messages import ChatKind, ConversationKey
from bot.ports import Adapter, Button, Fidelity, Previews
from bot.storage.chats import Chat
from bot.texts import say

__all__ = ["ChatSettings", "SettingChange", "parse_change", "settings_page"]

_CHOICES: dict[str, tuple[str, str]] = {
    "thinking": ("shown", "hidden"),
    "transport": ("edits", "preview"),
    "rich": ("off", "on"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatSettings:
    """A chat's settings with the service's defaults filled in."""

    thinking_shown: bool
    previews: bool
    rich: bool

    @classmethod
    def of(cls, chat: Chat, *, thinking_shown: bool) -> ChatSettings:
        """The settings of a chat; whatever is stored that we do not know counts as not set."""
        thinking = chat.settings.get("thinking")
        return cls(
            thinking_shown=thinking == "shown" if thinking in _CHOICES["thinking"] else thinking_shown,
            previews=chat.settings.get("transport") == "preview",
            rich=chat.settings.get("rich") == "on",
        )

    @property
    def values(self) -> dict[str, str]:
        """Each setting's value, as in buttons and in the database."""
        return {
            "thinking": "shown" if self.thinking_shown else "hidden",
            "transport": "preview" if self.previews else "edits",
            "rich": "on" if self.rich else "off",
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingChange:
    """A setting and the value it gets."""

    name: str
    value: str


def parse_change(data: str) -> SettingChange | None:
    """What a button of the settings page asks for; None for anything else, which anybody may send."""
    action, _, rest = data.partition(":")
    name, _, value = rest.partition(":")
    if action != "set" or value not in _CHOICES.get(name, ()):
        return None
    return SettingChange(name=name, value=value)


def settings_page(
    settings: ChatSettings, *, adapter: Adapter, key: ConversationKey, chat_kind: ChatKind, language: str
) -> tuple[str, tuple[tuple[Button, ...], ...]]:
    """The settings as text, and a button for each that this chat can change."""
    values = settings.values
    lines, rows = [say("settings", language)], []
    for name in _offered(adapter, key, chat_kind):
        value = values[name]
        lines.append(f"- {say(f'setting_{name}_{value}', language)}")
        other = next(choice for choice in _CHOICES[name] if choice != value)
        rows.append((Button(label=say(f"button_{name}_{other}", language), data=f"set:{name}:{other}"),))
    return f"{lines[0]}\n\n" + "\n".join(lines[1:]), tuple(rows)


def _offered(adapter: Adapter, key: ConversationKey, chat_kind: ChatKind) -> list[str]:
    offered = ["thinking"]
    if isinstance(adapter, Previews) and adapter.can_preview(key, chat_kind):
        offered.append("transport")
    if adapter.capabilities.best_fidelity is Fidelity.RICH:
        offered.append("rich")
    return offered

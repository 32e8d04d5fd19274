"""Shows the App Home: how to use the bot, its commands, and the settings of the person's own chat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog

from bot.errors import DeliveryError
from bot.ports import Button, MenuCommand
from bot.texts import language_of, say

from .blocks import Block, below, mrkdwn
from .client import ApiClient
from .errors import Refused
from .words import word

__all__ = ["Home"]

log = structlog.get_logger(__name__)

_SETTINGS = ("set:thinking:shown", "set:thinking:hidden")


class Home:
    """The Home tab of one bot. ``menu`` are the commands it lists."""

    def __init__(self, *, client: ApiClient, menu: Sequence[MenuCommand]) -> None:
        self._client = client
        self._menu = menu

    async def publish(self, user: str, *, language: str, name: str, chat: str = "", notice: str = "") -> None:
        """Show the tab to somebody. ``chat`` is their chat with the bot; not worth a second try."""
        view = self._view(language_of(language, "auto"), name or "Parley", chat, notice)
        try:
            await self._client.call("views.publish", {"user_id": user, "view": view})
        except (Refused, DeliveryError) as exc:
            log.info("slack_home_not_shown", user=user, reason=str(exc))

    def _view(self, language: str, name: str, chat: str, notice: str) -> dict[str, Any]:
        blocks = [
            {"type": "header", "text": {"type": "plain_text", "text": word("home_title", language)}},
            _section(word("home_use", language)),
            {"type": "divider"},
            _section(self._commands(language, name)),
            {"type": "divider"},
            *_settings(language, chat),
        ]
        if notice:
            blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": mrkdwn(notice)}]})
        return {"type": "home", "private_metadata": chat, "blocks": blocks}

    def _commands(self, language: str, name: str) -> str:
        lines = [word("home_commands", language, bot=mrkdwn(name))]
        for command in self._menu:
            description = command.descriptions.get(language) or command.descriptions.get("en", "")
            lines.append(f"• `/{command.name}` {mrkdwn(description)}")
        return "\n".join(lines)


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _settings(language: str, chat: str) -> list[Block]:
    if not chat:
        return [_section(word("home_say_first", language))]
    row = [Button(label=say(f"button_{_text_name(data)}", language), data=data) for data in _SETTINGS]
    return [_section(word("home_settings", language)), *below((row,), feedback=False)]


def _text_name(data: str) -> str:
    return data.removeprefix("set:").replace(":", "_")

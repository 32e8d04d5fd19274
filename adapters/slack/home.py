"""Shows the App Home: how to use the bot, its commands, and below what the core shows of a person's chat."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import structlog

from bot.errors import DeliveryError
from bot.messages import Author
from bot.ports import Button, MenuCommand, Rendered
from bot.texts import language_of

from .blocks import Block, below, mrkdwn
from .client import ApiClient
from .errors import Refused
from .turnstile import Turnstile
from .words import word

__all__ = ["Home"]

log = structlog.get_logger(__name__)

_SECTION = 3000  # Block Kit, section
_MOST_PAGES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """What the core shows of somebody's chat, and a line that is to be read once."""

    text: str = ""
    buttons: tuple[tuple[Button, ...], ...] = ()
    notice: str = ""


class Home:
    """The Home tab of one bot, called ``name``. ``menu`` are the commands it lists."""

    def __init__(self, *, client: ApiClient, menu: Sequence[MenuCommand]) -> None:
        self._client = client
        self._menu = menu
        self.name = "Parley"
        self._pages: OrderedDict[str, _Page] = OrderedDict()
        self._turnstile = Turnstile()

    async def open(self, author: Author, chat: str) -> None:
        """Show the tab, with what is known of the core's part. ``chat`` is the person's chat with the bot."""
        self._keep(author, replace(self._page(author), notice=""))
        await self._publish(author, chat)

    async def show(
        self, author: Author, chat: str, content: Rendered, buttons: Sequence[Sequence[Button]]
    ) -> None:
        """Show the tab with a new part of the core's, under the line said last."""
        known = self._page(author)
        self._keep(author, replace(known, text=content.text, buttons=tuple(map(tuple, buttons))))
        await self._publish(author, chat)
        self._keep(author, replace(self._page(author), notice=""))

    async def tell(self, author: Author, chat: str, notice: str) -> None:
        """Say something on the tab; it goes with the second form of the core's part after it."""
        if notice:
            self._keep(author, replace(self._page(author), notice=notice))
            await self._publish(author, chat)

    def _page(self, author: Author) -> _Page:
        return self._pages.get(author.id, _Page())

    def _keep(self, author: Author, page: _Page) -> None:
        self._pages[author.id] = page
        self._pages.move_to_end(author.id)
        if len(self._pages) > _MOST_PAGES:
            self._pages.popitem(last=False)

    async def _publish(self, author: Author, chat: str) -> None:
        """Show what holds when it is this call's turn, so that an older form never replaces a newer one."""
        async with self._turnstile.turn(author.id, ""):
            view = self._view(language_of(author.language, "auto"), chat, self._page(author))
            try:
                await self._client.call("views.publish", {"user_id": author.id, "view": view})
            except (Refused, DeliveryError) as exc:
                log.info("slack_home_not_shown", user=author.id, reason=str(exc))

    def _view(self, language: str, chat: str, page: _Page) -> dict[str, Any]:
        blocks = [
            {"type": "header", "text": {"type": "plain_text", "text": word("home_title", language)}},
            _section(word("home_use", language)),
            {"type": "divider"},
            _section(self._commands(language)),
            {"type": "divider"},
            *_settings(language, chat, page),
        ]
        if page.notice:
            blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": mrkdwn(page.notice)}]})
        return {"type": "home", "private_metadata": chat, "blocks": blocks}

    def _commands(self, language: str) -> str:
        lines = [word("home_commands", language, bot=mrkdwn(self.name))]
        for command in self._menu:
            description = command.descriptions.get(language) or command.descriptions.get("en", "")
            lines.append(f"• `/{command.name}` {mrkdwn(description)}")
        return "\n".join(lines)


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _settings(language: str, chat: str, page: _Page) -> list[Block]:
    if not chat:
        return [_section(word("home_say_first", language))]
    if not page.text:
        return []
    text = mrkdwn(page.text)
    pieces = [text[start : start + _SECTION] for start in range(0, len(text), _SECTION)]
    where = _section(word("home_settings", language))
    return [where, *map(_section, pieces), *below(page.buttons, feedback=False)]

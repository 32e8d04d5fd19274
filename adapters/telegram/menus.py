"""Keeps the command menus people see in step with the bot's commands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from bot.errors import DeliveryError
from bot.ports import Clock, MenuCommand

from .backoff import Backoff
from .client import ApiClient
from .errors import Refused

__all__ = ["Menus"]

log = structlog.get_logger(__name__)

_ATTEMPTS = 5
_MOST_COMMANDS = 100  # Bot API setMyCommands
_DESCRIPTION_LIMIT = 256  # Bot API BotCommand


@dataclass(frozen=True, slots=True, kw_only=True)
class _Menu:
    """The commands of one scope and language; an empty language is for everybody without their own."""

    scope: str
    language: str
    commands: tuple[tuple[str, str], ...]

    @property
    def place(self) -> dict[str, Any]:
        place: dict[str, Any] = {"scope": {"type": self.scope}}
        return {**place, "language_code": self.language} if self.language else place

    @property
    def wire(self) -> list[dict[str, str]]:
        return [{"command": name, "description": description} for name, description in self.commands]


class Menus:
    """The menus of one bot."""

    def __init__(
        self, *, client: ApiClient, commands: Sequence[MenuCommand], clock: Clock, backoff: Backoff
    ) -> None:
        self._client = client
        self._commands = commands
        self._clock = clock
        self._backoff = backoff

    async def publish(self) -> None:
        """Set the menus that differ from what is set. Gives up with a log line: a menu is not worth more."""
        try:
            for menu in _menus(self._commands):
                if not await self._is_published(menu):
                    log.warning("telegram_menu_not_set", scope=menu.scope, language=menu.language)
                    return
        except Exception:
            log.exception("telegram_menus_failed")

    async def _is_published(self, menu: _Menu) -> bool:
        for _ in range(_ATTEMPTS):
            try:
                await self._publish(menu)
            except Refused as exc:
                log.info("telegram_menu_refused", error=str(exc))
                if exc.code == 400:
                    return False
                await self._clock.sleep(self._backoff.next_seconds(at_least=exc.retry_after_seconds or 0.0))
            except DeliveryError as exc:
                log.info("telegram_menu_refused", error=str(exc))
                await self._clock.sleep(self._backoff.next_seconds())
            else:
                return True
        return False

    async def _publish(self, menu: _Menu) -> None:
        present = await self._client.call("getMyCommands", menu.place)
        if _pairs(present) != menu.commands:
            await self._client.call("setMyCommands", {**menu.place, "commands": menu.wire})


def _pairs(commands: Any) -> tuple[tuple[str, str], ...]:
    entries = commands if isinstance(commands, list) else []
    return tuple(
        (str(entry.get("command")), str(entry.get("description")))
        for entry in entries
        if isinstance(entry, Mapping)
    )


def _menus(commands: Sequence[MenuCommand]) -> Iterator[_Menu]:
    """A menu for each scope and language; groups show only what is of use in groups."""
    languages = sorted({language for command in commands for language in command.descriptions} - {"en"})
    in_groups = [command for command in commands if command.in_groups]
    in_private = [command for command in commands if command.in_private]
    for scope, shown in (
        ("default", in_private),
        ("all_private_chats", in_private),
        ("all_group_chats", in_groups),
    ):
        for language in ("", *languages):
            yield _Menu(scope=scope, language=language, commands=_described(shown, language))


def _described(commands: Sequence[MenuCommand], language: str) -> tuple[tuple[str, str], ...]:
    return tuple(
        (command.name, _description(command, language)[:_DESCRIPTION_LIMIT])
        for command in commands[:_MOST_COMMANDS]
    )


def _description(command: MenuCommand, language: str) -> str:
    return command.descriptions.get(language or "en") or command.descriptions.get("en") or command.name

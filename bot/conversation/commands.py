"""The commands, parsed once for every platform."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from enum import StrEnum

from bot.messages import Incoming
from bot.ports import Lane, MenuCommand
from bot.texts import LANGUAGES, say

__all__ = ["Command", "CommandName", "command_in", "lane_of", "menu", "nearest", "parse_command"]


class CommandName(StrEnum):
    """What the bot can be told."""

    START = "start"
    HELP = "help"
    NEW = "new"
    RETRY = "retry"
    UNDO = "undo"
    STOP = "stop"
    SETTINGS = "settings"


_ALIASES = {"reset": CommandName.NEW, "cancel": CommandName.STOP, "redo": CommandName.RETRY}
_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?=\s|$)")

# /stop must overtake the answer it stops.
_AT_ONCE = {CommandName.STOP}


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command as somebody wrote it. ``name`` is None when we do not know it."""

    written: str
    name: CommandName | None
    argument: str = ""


def parse_command(text: str) -> Command | None:
    """The command a message begins with; None for an ordinary message."""
    match = _COMMAND.match(text)
    if match is None:
        return None
    word = match[1].lower()
    known = _ALIASES.get(word) or next((name for name in CommandName if name == word), None)
    return Command(written=f"/{match[1]}", name=known, argument=text[match.end() :].strip())


def command_in(message: Incoming) -> Command | None:
    """The command of a message. Somebody else's words passed on are never one."""
    forwarded = message.quoted is not None and message.quoted.how == "forward"
    return None if forwarded else parse_command(message.text)


def lane_of(command: Command) -> Lane:
    """Whether a command waits for its turn."""
    return Lane.CONTROL if command.name in _AT_ONCE else Lane.QUEUE


def nearest(written: str) -> str | None:
    """The known command most like what was written."""
    names = [str(name) for name in CommandName] + list(_ALIASES)
    close = difflib.get_close_matches(written.lstrip("/").lower(), names, n=1)
    return f"/{close[0]}" if close else None


def menu() -> tuple[MenuCommand, ...]:
    """The commands for a platform's menu, in every language we speak."""
    shown = ("new", "retry", "undo", "stop", "settings", "help")
    return tuple(
        MenuCommand(
            name=name, descriptions={language: say(f"menu_{name}", language) for language in LANGUAGES}
        )
        for name in shown
    )

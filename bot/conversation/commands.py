"""The commands, parsed once for every platform."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot.messages import Incoming
from bot.ports import Lane, MenuCommand
from bot.texts import LANGUAGES, say

__all__ = [
    "ASKING",
    "MAKING",
    "OPEN_TO_STRANGERS",
    "SHOWN",
    "Command",
    "CommandName",
    "command_in",
    "is_for_another",
    "lane_of",
    "menu",
    "nearest",
    "parse_command",
]


class CommandName(StrEnum):
    """What the bot can be told."""

    START = "start"
    HELP = "help"
    NEW = "new"
    RETRY = "retry"
    UNDO = "undo"
    STOP = "stop"
    SETTINGS = "settings"
    MISSED = "missed"
    PERSONA = "persona"
    MODEL = "model"
    THINK = "think"
    COMPARE = "compare"
    IMAGE = "image"
    VIDEO = "video"
    VOICE = "voice"
    PODCAST = "podcast"
    TRANSCRIBE = "transcribe"
    USAGE = "usage"
    EXPORT = "export"
    FORGET = "forget"
    WHOAMI = "whoami"
    ADMIT = "admit"
    BLOCK = "block"
    UNBLOCK = "unblock"
    ADMINS = "admins"
    PEOPLE = "people"


_ALIASES = {
    "reset": CommandName.NEW,
    "cancel": CommandName.STOP,
    "redo": CommandName.RETRY,
    "models": CommandName.MODEL,
    "thinking": CommandName.THINK,
    "draw": CommandName.IMAGE,
    "imagine": CommandName.IMAGE,
    "film": CommandName.VIDEO,
}
_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?=\s|$)")

# What may follow the bot's handle as a command without a slash, which some platforms keep for themselves.
_SAID: Final = {
    "transcribe": CommandName.TRANSCRIBE,
    "transcript": CommandName.TRANSCRIBE,
    "转写": CommandName.TRANSCRIBE,
    "转文字": CommandName.TRANSCRIBE,
}

_ELSEWHERE = re.compile(r"/[A-Za-z0-9_]{1,32}@[A-Za-z0-9_]")

# In the platform's menu and in /help, in this order; each has its menu_ text.
SHOWN: Final = (
    CommandName.NEW,
    CommandName.RETRY,
    CommandName.UNDO,
    CommandName.STOP,
    CommandName.PERSONA,
    CommandName.MODEL,
    CommandName.THINK,
    CommandName.COMPARE,
    CommandName.IMAGE,
    CommandName.VIDEO,
    CommandName.VOICE,
    CommandName.PODCAST,
    CommandName.TRANSCRIBE,
    CommandName.SETTINGS,
    CommandName.MISSED,
    CommandName.WHOAMI,
    CommandName.USAGE,
    CommandName.EXPORT,
    CommandName.FORGET,
    CommandName.HELP,
)

MAKING: Final = frozenset((CommandName.IMAGE, CommandName.VIDEO))
"""What makes something of the pictures of another message, where there is one to point at."""

ASKING: Final = frozenset(
    {
        CommandName.RETRY,
        CommandName.MISSED,
        CommandName.COMPARE,
        CommandName.PODCAST,
        CommandName.IMAGE,
        CommandName.VIDEO,
    }
)
"""Commands that put something to a model, and so count as questions."""

OPEN_TO_STRANGERS: Final = frozenset({CommandName.WHOAMI})
"""Commands that do something in a private chat for those who are not let in yet."""

# /stop must overtake the answer it stops; nobody is to wait until a long recording was heard, and
# pictures and films are made beside the conversation.
_AT_ONCE = {CommandName.STOP, CommandName.TRANSCRIBE, CommandName.IMAGE, CommandName.VIDEO}


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
    """The command of a message: with a slash, or for some a word behind the bot's handle and nothing else.

    Somebody else's words passed on are never one.
    """
    if message.quoted is not None and message.quoted.how == "forward":
        return None
    return parse_command(message.text) or (_said(message.text) if message.mentioned else None)


def _said(text: str) -> Command | None:
    word = text.strip().rstrip(".!。！").lower()
    name = _SAID.get(word)
    return None if name is None else Command(written=f"/{name}", name=name)


def is_for_another(message: Incoming) -> bool:
    """Whether a message is a command that names another bot."""
    return not message.addressed and _ELSEWHERE.match(message.text) is not None


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
    return tuple(
        MenuCommand(
            name=name,
            descriptions={language: say(f"menu_{name}", language) for language in LANGUAGES},
            in_groups=name is not CommandName.EXPORT,
            in_private=name is not CommandName.MISSED,
        )
        for name in SHOWN
    )

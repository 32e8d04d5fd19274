"""What the page keeps, as values: chats, messages, and the files that came with them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from bot.ports import Button

__all__ = ["Attached", "Chat", "FileKind", "Message", "Shown", "StoredFile"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """A chat as the list shows it."""

    id: str
    title: str
    touched_at: float


class FileKind(StrEnum):
    """What the page makes of a file: something to look at, to play, or to save."""

    PICTURE = "picture"
    SOUND = "sound"
    VOICE = "voice"
    FILM = "film"
    FILE = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """What a message says about a file that was taken in before it. ``seconds`` is a recording's length."""

    id: str
    name: str
    mime: str
    kind: FileKind
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file that is kept. ``digest`` is the same for the same bytes; empty for files of ours."""

    id: str
    name: str
    mime: str
    kind: FileKind
    size_bytes: int
    digest: str = ""
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a message of ours shows. ``live`` says that it still grows."""

    text: str
    html: str
    buttons: tuple[tuple[Button, ...], ...] = ()
    live: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message as the page shows it. ``version`` counts its forms; ``html`` is empty for a person's.

    ``nonce`` is the name a page gave it before it had an id; empty for ours. ``grew`` says that it has been
    written word by word, as answers are. ``files`` came with a person's.
    """

    id: str
    chat: str
    who: Literal["person", "bot"]
    shown: Shown
    reply_to: str
    at: float
    version: int
    nonce: str = ""
    grew: bool = False
    files: tuple[StoredFile, ...] = ()

    @property
    def is_answer(self) -> bool:
        """Whether it is a model's answer, and whole: what never grew or asks to be pressed is none."""
        return self.who == "bot" and self.grew and not self.shown.live and not self.shown.buttons

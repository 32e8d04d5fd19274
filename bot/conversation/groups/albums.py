"""Keeps the pieces of an album together: they come one by one, and only one of them says whom it is for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Final

from bot.messages import Incoming
from bot.ports import Clock

__all__ = ["ALBUM_SECONDS", "Albums", "album_of"]

# Telegram sends the pieces of an album as updates of their own, within a moment of each other.
ALBUM_SECONDS: Final = 0.8
_MOST_ALBUMS: Final = 1000
_MOST_PIECES: Final = 10


def album_of(message: Incoming) -> str:
    """The album that a message is a piece of; empty for most."""
    return next((item.album for item in message.attachments if item.album), "")


class Albums:
    """Remembers for a moment, in memory, which albums are for the bot, and pieces of those that may yet be.

    A piece that came before the one with the mention is lost when the process dies in that moment.
    """

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._meant: OrderedDict[str, float] = OrderedDict()
        self._waiting: OrderedDict[str, tuple[float, list[Incoming]]] = OrderedDict()

    def continues(self, message: Incoming) -> bool:
        """Whether it belongs to an album that is for the bot."""
        return bool(album_of(message)) and self._clock.monotonic() < self._meant.get(_name(message), 0.0)

    def put_aside(self, message: Incoming) -> None:
        """Keep a piece that is not for the bot by itself, in case another one says that the album is."""
        if not album_of(message):
            return
        pieces = [*self.before(message), message][-_MOST_PIECES:]
        self._waiting[_name(message)] = (self._clock.monotonic() + ALBUM_SECONDS, pieces)
        _keep_newest(self._waiting, _name(message))

    def before(self, message: Incoming) -> Sequence[Incoming]:
        """The pieces that were put aside before this one."""
        until, pieces = self._waiting.get(_name(message), (0.0, []))
        return pieces if album_of(message) and self._clock.monotonic() < until else ()

    def note_meant(self, message: Incoming) -> None:
        """This piece and those before it are taken in, and those are for the bot that follow."""
        if album_of(message):
            self._waiting.pop(_name(message), None)
            self._meant[_name(message)] = self._clock.monotonic() + ALBUM_SECONDS
            _keep_newest(self._meant, _name(message))


def _name(message: Incoming) -> str:
    return f"{message.key} {message.author.id} {album_of(message)}"


def _keep_newest(kept: OrderedDict[str, Any], name: str) -> None:
    kept.move_to_end(name)
    if len(kept) > _MOST_ALBUMS:
        kept.popitem(last=False)

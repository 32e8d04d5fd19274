"""Who may talk to the bot."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from bot.messages import Author, ConversationKey
from bot.ports import Clock
from bot.settings import Access

__all__ = ["Admission"]

_TELL_AGAIN_SECONDS = 3600.0
_MOST_REMEMBERED = 10_000


class Admission:
    """Decides who is answered. ``admins`` are ids as a platform gives them, with or without ``platform:``."""

    def __init__(self, *, access: Access, admins: Iterable[str], clock: Clock) -> None:
        self._access = access
        self._admins = frozenset(admins)
        self._clock = clock
        self._told: OrderedDict[str, float] = OrderedDict()

    def admits(self, key: ConversationKey, author: Author) -> bool:
        """Whether this person is answered: those the platform vouches for are, bots never."""
        if author.is_bot:
            return False
        if author.vouched or self._access is Access.OPEN:
            return True
        return author.id in self._admins or f"{key.platform}:{author.id}" in self._admins

    def tell(self, key: ConversationKey, author: Author) -> bool:
        """Whether a stranger should be told why they get no answer: once an hour and chat, not each time."""
        where = f"{key.peer} {author.id}"
        now = self._clock.monotonic()
        if now - self._told.get(where, float("-inf")) < _TELL_AGAIN_SECONDS:
            return False
        self._told[where] = now
        self._told.move_to_end(where)
        if len(self._told) > _MOST_REMEMBERED:
            self._told.popitem(last=False)
        return True

"""Who may talk to the bot."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence

from bot.messages import Author, ConversationKey
from bot.ports import Clock
from bot.settings import Access
from bot.storage.people import Standing, Who

__all__ = ["Admission"]

_TELL_AGAIN_SECONDS = 3600.0
_MOST_REMEMBERED = 10_000


class Admission:
    """Decides who is answered.

    ``admins`` and ``allowed`` are ids as a platform gives them, with or without ``platform:``; ``allowed``
    names chats as well as people.
    """

    def __init__(
        self, *, access: Access, admins: Iterable[str], clock: Clock, allowed: Iterable[str] = ()
    ) -> None:
        self._access = access
        self._admins = frozenset(admins)
        self._allowed = frozenset(allowed)
        self._clock = clock
        self._told: OrderedDict[str, float] = OrderedDict()

    @property
    def pairs(self) -> bool:
        """Whether strangers are given a code that an admin can admit them by."""
        return self._access is Access.PAIRING

    @property
    def admins(self) -> Sequence[str]:
        """The admins that the settings name, who stay admins whatever anybody decides."""
        return sorted(self._admins)

    def is_fixed(self, who: Who) -> bool:
        """Whether the settings make this person an admin."""
        return _named(self._admins, who.platform, who.id)

    def standing(
        self,
        key: ConversationKey,
        author: Author,
        *,
        stored: Standing | None = None,
        chat_admitted: bool = False,
    ) -> Standing:
        """What somebody is to the bot. ``stored`` is what admins decided about the person.

        Other bots count as blocked: two that answer each other never end. Whoever runs the service, and the
        admins it names, cannot be shut out; everybody else who was shut out stays out, whatever the access.
        """
        if author.is_bot:
            return Standing.BLOCKED
        if author.is_operator or _named(self._admins, key.platform, author.id):
            return Standing.ADMIN
        if stored is not None:
            return stored
        if self._welcomes(author) or _named(self._allowed, key.platform, author.id):
            return Standing.ADMITTED
        through_chat = chat_admitted or _named(self._allowed, key.platform, key.chat)
        # A guest of a workspace is in its channels by somebody else's leave, not by ours.
        return Standing.ADMITTED if through_chat and not author.is_guest else Standing.STRANGER

    def _welcomes(self, author: Author) -> bool:
        """Whether somebody is served without having been named: under ``listed`` nobody is."""
        return self._access is Access.OPEN or (author.vouched and self._access is Access.PAIRING)

    def tell(self, key: ConversationKey, author: Author) -> bool:
        """Whether a stranger should be told why they get no answer: once an hour and chat, not each time."""
        return self._is_time(f"{key.peer} {author.id}")

    def tell_group(self, key: ConversationKey) -> bool:
        """The same for a chat of several: once an hour, whoever writes."""
        return self._is_time(key.peer)

    def _is_time(self, where: str) -> bool:
        now = self._clock.monotonic()
        if now - self._told.get(where, float("-inf")) < _TELL_AGAIN_SECONDS:
            return False
        self._told[where] = now
        self._told.move_to_end(where)
        if len(self._told) > _MOST_REMEMBERED:
            self._told.popitem(last=False)
        return True


def _named(ids: frozenset[str], platform: str, identity: str) -> bool:
    return bool(ids) and (identity in ids or f"{platform}:{identity}" in ids)

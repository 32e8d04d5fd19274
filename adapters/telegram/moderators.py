"""Knows who runs a group: asks Telegram, and again after five minutes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

from bot.messages import Author, ConversationKey
from bot.ports import Clock

from .outbound import Outbound

__all__ = ["Moderators"]

_KNOWN_SECONDS = 300.0
_MOST_KNOWN = 5000
_RUN_IT = ("creator", "administrator")  # Bot API ChatMember


class Moderators:
    """The groups' owners and administrators, as seen by one bot."""

    def __init__(self, *, outbound: Outbound, clock: Clock) -> None:
        self._outbound = outbound
        self._clock = clock
        self._known: OrderedDict[tuple[str, str], tuple[bool, float]] = OrderedDict()

    async def moderates(self, key: ConversationKey, author: Author) -> bool:
        """Whether somebody owns or administers the chat. Raises DeliveryError's subclasses.

        Who speaks as the group itself is an anonymous administrator of it; a channel is nobody's.
        """
        if author.id == key.chat:
            return True
        if not author.id.isdecimal():
            return False
        place, now = (key.chat, author.id), self._clock.monotonic()
        known = self._known.get(place)
        if known is None or now >= known[1]:
            known = (await self._ask(key, author), now + _KNOWN_SECONDS)
            self._known[place] = known
            self._known.move_to_end(place)
            if len(self._known) > _MOST_KNOWN:
                self._known.popitem(last=False)
        return known[0]

    async def _ask(self, key: ConversationKey, author: Author) -> bool:
        params = {"chat_id": int(key.chat), "user_id": int(author.id)}
        member = await self._outbound.call("getChatMember", params)
        return isinstance(member, Mapping) and member.get("status") in _RUN_IT

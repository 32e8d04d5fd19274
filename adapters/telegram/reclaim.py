"""Finds a message whose id was lost because a crash or a time-out came between sending and hearing of it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterator
from itertools import islice
from typing import Final

from bot.errors import MessageGone
from bot.messages import ConversationKey
from bot.ports import Rendered

from .outbound import Outbound

__all__ = ["Reclaiming", "candidates"]

_BEYOND: Final = 3
_MOST: Final = 10
# On a busy bot ids go on becoming known, and each makes room for another one to try, at a call a second.
_MOST_IN_ALL: Final = 20
_REMEMBERED: Final = 500


class Reclaiming:
    """Looks for lost messages by editing where they may be.

    A bot cannot list a chat, but it can edit its own messages and no others, and ids only grow. So the ids
    after the newest known one of the chat that nobody is known to have are edited to the lost content: "ok"
    or "not modified" means that it is ours, and the lost one; "not found" and "can't be edited" mean that it
    is somebody else's or nobody's. In private chats and small groups one counter serves all the chats of the
    bot: there the ids known in any of them are passed over, which leaves the gaps of the same crash.
    """

    def __init__(self, *, outbound: Outbound) -> None:
        self._outbound = outbound
        self._tried: OrderedDict[tuple[str, str], set[int]] = OrderedDict()

    async def reclaim(
        self, key: ConversationKey, content: Rendered, *, after: str, taken: Collection[tuple[str, str]]
    ) -> str | None:
        """The id of the lost message, which now shows ``content``; None when there is none close by.

        Interrupted by a flood wait (PlatformBusy), the next call goes on where this one stopped.
        """
        if not after.isdecimal():
            return None
        place = (str(key), after)
        found = await self._try(candidates(key, int(after), taken), self._tried_near(place), key, content)
        # What this message was not may be the next one that gets lost here.
        self._tried.pop(place, None)
        return found

    async def _try(
        self, candidates: Iterator[int], tried: set[int], key: ConversationKey, content: Rendered
    ) -> str | None:
        for number in islice(candidates, _MOST):
            if number in tried:
                continue
            if len(tried) == _MOST_IN_ALL:
                return None
            try:
                await self._outbound.edit(key, str(number), content)
            except MessageGone:
                tried.add(number)
                continue
            return str(number)
        return None

    def _tried_near(self, place: tuple[str, str]) -> set[int]:
        tried = self._tried.setdefault(place, set())
        self._tried.move_to_end(place)
        if len(self._tried) > _REMEMBERED:
            self._tried.popitem(last=False)
        return tried


def candidates(key: ConversationKey, after: int, taken: Collection[tuple[str, str]]) -> Iterator[int]:
    """Where a message of ours sent after ``after`` may be: the gaps among the known ids, and a few beyond."""
    known = {int(number) for chat, number in taken if number.isdecimal() and _shares_ids(chat, key.chat)}
    end = max(known, default=after)
    return (number for number in range(after + 1, max(after, end) + _BEYOND + 1) if number not in known)


def _shares_ids(chat: str, other: str) -> bool:
    # Supergroups and channels, whose ids begin with -100, number their messages themselves.
    return chat == other or not (chat.startswith("-100") or other.startswith("-100"))

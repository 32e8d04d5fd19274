"""Finds a message whose id was lost because a crash or a time-out came between sending and hearing of it."""

from __future__ import annotations

from typing import Final

from bot.errors import MessageGone
from bot.messages import ConversationKey
from bot.ports import Rendered

from .outbound import Outbound

__all__ = ["reclaim"]

_PROBES: Final = 3


async def reclaim(outbound: Outbound, key: ConversationKey, content: Rendered, *, after: str) -> str | None:
    """The id of the lost message, which now shows ``content``; None when there is none close by.

    A bot cannot list a chat, but it can edit its own messages and no others, and ids only grow. So each of
    the next few ids after the newest known one is edited to the lost content: "ok" or "not modified" means
    that it is ours and, since every id known to us is at most ``after``, the lost one; "not found" and
    "can't be edited" mean that it is somebody else's or nobody's. In private chats and small groups one
    counter serves all the chats of the bot, so on a busy bot the lost id may lie further away than the few
    probes: then None, and the caller's choice between sending twice and not at all stands.
    """
    if not after.isdecimal():
        return None
    for number in range(int(after) + 1, int(after) + 1 + _PROBES):
        try:
            await outbound.edit(key, str(number), content)
        except MessageGone:
            continue
        return str(number)
    return None

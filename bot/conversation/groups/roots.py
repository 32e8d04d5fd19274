"""A first question in a thread is also about what the thread began with, whoever wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import structlog

from bot.conversation.visit import Reads
from bot.errors import ChatClosed, DeliveryError
from bot.messages import ChatKind, ConversationKey, Incoming, Quoted
from bot.ports import Adapter, ShowsAgain
from bot.storage import history

__all__ = ["Roots"]

_REMEMBERED: Final = 256

log = structlog.get_logger(__name__)


class Roots:
    """Shared by all conversations; nothing to close. Roots are remembered for the edits that soon follow."""

    def __init__(self, *, database: Reads, adapters: Mapping[str, Adapter]) -> None:
        self._database = database
        self._adapters = adapters
        self._lately: dict[ConversationKey, Quoted] = {}

    async def quoted_in(self, messages: list[Incoming]) -> list[Incoming]:
        """The messages of a question; if it is the first in a thread, it answers what the thread begins with.

        Where the platform does not show that, the question is all there is. Raises ChatClosed, StorageError.
        """
        first, *rest = messages
        begun_by_others = first.follows_up and first.chat_kind is not ChatKind.PRIVATE
        if not begun_by_others or first.quoted is not None or not await self._is_first(first):
            return messages
        root = await self._root(first)
        return messages if root is None else [replace(first, quoted=root), *rest]

    async def pointed_at(self, message: Incoming) -> Incoming:
        """A command in a thread, as one that answers what the thread begins with. Raises as ``quoted_in``."""
        if not message.follows_up or message.quoted is not None:
            return message
        root = await self._root(message)
        return message if root is None else replace(message, quoted=root)

    async def _root(self, message: Incoming) -> Quoted | None:
        root = self._lately.get(message.key) or await self._shown(message)
        if root is not None:
            self._remember(message.key, root)
        return root

    async def _is_first(self, message: Incoming) -> bool:
        key = str(message.key)
        first = await self._database.read(lambda conn: history.first_question(conn, key))
        return first in (None, message.message_id)

    async def _shown(self, message: Incoming) -> Quoted | None:
        adapter = self._adapters[message.key.platform]
        if not isinstance(adapter, ShowsAgain):
            return None
        try:
            root = await adapter.show_again(message.key, message.key.thread)
        except ChatClosed:
            raise
        except DeliveryError as exc:
            log.info("thread_root_not_shown", reason=str(exc))
            return None
        return None if root is None else _quoted(root)

    def _remember(self, key: ConversationKey, root: Quoted) -> None:
        self._lately[key] = root
        while len(self._lately) > _REMEMBERED:
            del self._lately[next(iter(self._lately))]


def _quoted(root: Incoming) -> Quoted:
    return Quoted(
        how="reply",
        message_id=root.message_id,
        author_id=root.author.id,
        author_name=root.author.name,
        text=root.text,
        attachments=root.attachments,
    )

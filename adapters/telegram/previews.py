"""Shows a reply while it grows, as a draft that leaves no trace in the chat."""

from __future__ import annotations

from bot.errors import PartRejected
from bot.messages import ChatKind, ConversationKey
from bot.ports import Rendered

from .client import ApiClient
from .errors import Refused, delivery_error
from .outbound import content_of, place_of
from .rendering import RichMarkdown

__all__ = ["Previews"]

_PREVIEW_SECONDS = 5.0  # a frame that takes longer is overtaken by the next
_REMEMBERED = 10_000
# "method" stands for "Not Found: method not found", a Bot API server of before drafts.
_NO_DRAFTS = ("textdraft_peer_invalid", "method not found")


class Previews:
    """The drafts of one bot; remembers the chats that refuse them."""

    def __init__(self, *, client: ApiClient) -> None:
        self._client = client
        self._without: dict[str, None] = {}

    def can_preview(self, key: ConversationKey, chat_kind: ChatKind) -> bool:
        """Drafts exist in private chats only."""
        return chat_kind is ChatKind.PRIVATE and key.peer not in self._without

    async def preview(self, key: ConversationKey, preview_id: int, content: Rendered) -> None:
        """Show a frame, with a stop button under it. Raises PartRejected where there are no drafts."""
        method = "sendRichMessageDraft" if isinstance(content.payload, RichMarkdown) else "sendMessageDraft"
        params = {**place_of(key), **content_of(content), "draft_id": preview_id, "can_stop": True}
        try:
            await self._client.call(method, params, timeout_seconds=_PREVIEW_SECONDS)
        except Refused as exc:
            if exc.says(*_NO_DRAFTS):
                self._forget_drafts(key)
                raise PartRejected(str(exc)) from exc
            raise delivery_error(exc) from exc

    def _forget_drafts(self, key: ConversationKey) -> None:
        if len(self._without) >= _REMEMBERED:
            del self._without[next(iter(self._without))]
        self._without[key.peer] = None

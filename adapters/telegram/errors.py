"""Says what a refusal of the Bot API, or a failure on the way to it, means to the core."""

from __future__ import annotations

import aiohttp

from bot.errors import (
    ChatClosed,
    ChatMoved,
    DeliveryError,
    MessageGone,
    PartRejected,
    PlatformBusy,
    PlatformUnclear,
)

__all__ = ["Refused", "delivery_error", "transport_error"]

# Descriptions as the open Bot API server and TDLib word them, lower-case; matched as fragments because the
# server puts "Bad Request: " and details around them.
_MESSAGE_GONE = (
    "message to edit not found",
    "message can't be edited",
    "there is no text in the message to edit",
    "message to delete not found",
    "message can't be deleted",
    "message_id_invalid",
    "wrong file_id",
    "wrong file identifier",
    "file is temporarily unavailable",
)
_CHAT_CLOSED = (
    "chat not found",
    "group chat was deactivated",
    "not enough rights to send",
    "have no rights to send",
    "need administrator rights",
    "user not found",
    "chat_write_forbidden",
    "chat_restricted",
    "chat_send_plain_forbidden",
    "peer_id_invalid",
    "user_is_blocked",
    "user_deactivated",
    "input_user_deactivated",
    "topic_closed",
)
_TOKEN_PAUSE_SECONDS = 60.0  # only the operator can mend a token; calls need not hurry
_FLOOD_PAUSE_SECONDS = 5.0  # for a 429 that names no time
_UNREACHED_PAUSE_SECONDS = 2.0


class Refused(Exception):
    """The Bot API answered a call with an error. Never leaves this package."""

    def __init__(
        self,
        method: str,
        code: int,
        description: str,
        *,
        retry_after_seconds: float | None = None,
        new_chat: str = "",
    ) -> None:
        super().__init__(f"{method}: {code} {description}")
        self.method = method
        self.code = code
        self.description = description
        self.retry_after_seconds = retry_after_seconds
        self.new_chat = new_chat

    def says(self, *fragments: str) -> bool:
        """Whether the description holds one of the fragments, whatever the case."""
        description = self.description.lower()
        return any(fragment in description for fragment in fragments)

    @property
    def is_token_rejected(self) -> bool:
        """The token is unknown (401), or no token at all in the server's eyes (404 without a method name)."""
        return self.code == 401 or (self.code == 404 and not self.says("method"))

    @property
    def is_unchanged(self) -> bool:
        """The edit would change nothing."""
        return self.says("message is not modified")


def delivery_error(refused: Refused) -> DeliveryError:
    """The core's error for a refusal. An unknown 400 is about the content: a plainer form may pass."""
    text = str(refused)
    if refused.new_chat:
        return ChatMoved(text, new_chat=refused.new_chat)
    if refused.code == 429:
        pause = refused.retry_after_seconds
        return PlatformBusy(text, retry_after_seconds=_FLOOD_PAUSE_SECONDS if pause is None else pause)
    if refused.code >= 500:
        return PlatformUnclear(text)
    if refused.is_token_rejected or refused.code == 409:
        return PlatformBusy(text, retry_after_seconds=_TOKEN_PAUSE_SECONDS)
    if refused.says(*_MESSAGE_GONE):
        return MessageGone(text)
    if refused.code == 403 or refused.says(*_CHAT_CLOSED):
        return ChatClosed(text)
    return PartRejected(text)


def transport_error(method: str, exc: BaseException) -> DeliveryError:
    """The core's error for a call that got no answer.

    A connection that never came about carried nothing, so trying again is safe: PlatformBusy. Everything
    later is PlatformUnclear. The text names the kind of failure only: aiohttp puts the address, which holds
    the token, into some of its own texts.
    """
    kind = type(exc).__name__
    if isinstance(exc, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return PlatformBusy(
            f"{method}: no connection to the Bot API ({kind})",
            retry_after_seconds=_UNREACHED_PAUSE_SECONDS,
        )
    return PlatformUnclear(f"{method}: no answer from the Bot API ({kind})")

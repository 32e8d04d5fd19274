"""Gives every refusal of the Web API, and every call that got no answer, its meaning for the core."""

from __future__ import annotations

import aiohttp

from bot.errors import (
    ChatClosed,
    DeliveryError,
    MessageGone,
    PartRejected,
    PlatformBusy,
    PlatformUnclear,
)

__all__ = ["Refused", "delivery_error", "transport_error"]

_BUSY = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded", "team_added_to_org"})
_UNCLEAR = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})
_MESSAGE_GONE = frozenset(
    {
        "message_not_found",
        "cant_update_message",
        "cant_delete_message",
        "edit_window_closed",
        "message_not_owned_by_app",
        "invalid_ts",
        "file_not_found",
        "file_deleted",
    }
)
_CHAT_CLOSED = frozenset(
    {
        "channel_not_found",
        "not_in_channel",
        "is_archived",
        "is_inactive",
        "no_permission",
        "account_inactive",
        "token_revoked",
        "user_disabled",
        "user_not_found",
        "restricted_action",
        "restricted_action_read_only_channel",
        "restricted_action_thread_only_channel",
        "restricted_action_non_threadable_channel",
        "restricted_action_thread_locked",
        "cannot_reply_to_message",
        "cannot_dm_bot",
        "messages_tab_disabled",
        "slack_connect_file_link_sharing_blocked",
        "team_access_not_granted",
        "access_denied",
    }
)
# The operator can mend these; what is to be said then waits. The text goes to the log each time.
_TOKEN_REJECTED = frozenset(
    {
        "invalid_auth",
        "not_authed",
        "token_revoked",
        "token_expired",
        "not_allowed_token_type",
        "missing_scope",
        "org_login_required",
        "ekm_access_denied",
        "team_disabled",
    }
)
_FLOOD_PAUSE_SECONDS = 5.0
_TOKEN_PAUSE_SECONDS = 30.0
_UNREACHED_PAUSE_SECONDS = 2.0


class Refused(Exception):
    """The Web API answered a call with an error. Never leaves this package."""

    def __init__(
        self,
        method: str,
        error: str,
        *,
        status: int = 200,
        retry_after_seconds: float | None = None,
        detail: str = "",
    ) -> None:
        super().__init__(f"{method}: {error}{f' ({detail})' if detail else ''}")
        self.method = method
        self.error = error
        self.status = status
        self.retry_after_seconds = retry_after_seconds

    @property
    def is_token_rejected(self) -> bool:
        """The token is unknown, revoked, of the wrong kind or without a scope it needs."""
        return self.error in _TOKEN_REJECTED or self.error == "account_inactive"

    @property
    def is_rate_limited(self) -> bool:
        """Slack asks for a pause; nothing was done."""
        return self.status == 429 or self.error in _BUSY

    @property
    def pause_seconds(self) -> float:
        """How long Slack asks to wait."""
        return _FLOOD_PAUSE_SECONDS if self.retry_after_seconds is None else self.retry_after_seconds


def delivery_error(refused: Refused) -> DeliveryError:
    """The core's error for a refusal. An unknown one is about the content: a plainer form may pass."""
    text = str(refused)
    if refused.is_rate_limited:
        return PlatformBusy(text, retry_after_seconds=refused.pause_seconds)
    if refused.status >= 500 or refused.error in _UNCLEAR:
        return PlatformUnclear(text)
    if refused.error in _MESSAGE_GONE:
        return MessageGone(text)
    if refused.error in _CHAT_CLOSED or refused.error.startswith("slack_connect_"):
        return ChatClosed(text)
    if refused.error in _TOKEN_REJECTED:
        return PlatformBusy(text, retry_after_seconds=_TOKEN_PAUSE_SECONDS)
    return PartRejected(text)


def transport_error(method: str, exc: BaseException) -> DeliveryError:
    """The core's error for a call that got no answer.

    A connection that never came about carried nothing, so trying again is safe: PlatformBusy. Everything
    later is PlatformUnclear. The text names the kind of failure only: addresses may hold tickets.
    """
    kind = type(exc).__name__
    if isinstance(exc, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return PlatformBusy(
            f"{method}: no connection to Slack ({kind})", retry_after_seconds=_UNREACHED_PAUSE_SECONDS
        )
    return PlatformUnclear(f"{method}: no answer from Slack ({kind})")

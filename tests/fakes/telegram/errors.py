"""The refusals of the Bot API: code, sentence and parameters as Telegram answers them."""

from __future__ import annotations

from typing import Any

__all__ = [
    "ApiError",
    "bad_gateway",
    "bad_request",
    "blocked",
    "conflict",
    "deactivated",
    "flood_wait",
    "forbidden",
    "kicked",
    "migrated",
    "server_error",
]

NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)
QUERY_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"
OTHER_POLLER = "terminated by other getUpdates request; make sure that only one bot instance is running"
WEBHOOK_ACTIVE = (
    "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)
POLL_ENDED_BY_WEBHOOK = "terminated by setWebhook request"
NOT_UTF8 = "strings must be encoded in UTF-8"
BAD_GATEWAY_PAGE = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>nginx/1.18.0</body>\r\n</html>\r\n"
)


class ApiError(Exception):
    """A refused call. With ``html`` the answer is that page instead of JSON, as from the proxy."""

    def __init__(
        self,
        code: int,
        description: str,
        *,
        retry_after: int | None = None,
        migrate_to_chat_id: int | None = None,
        html: str | None = None,
    ) -> None:
        super().__init__(f"{code} {description}")
        self.code = code
        self.description = description
        self.retry_after = retry_after
        self.migrate_to_chat_id = migrate_to_chat_id
        self.html = html

    def wire(self) -> dict[str, Any]:
        """The JSON body of the answer."""
        body: dict[str, Any] = {"ok": False, "error_code": self.code, "description": self.description}
        parameters = {
            name: value
            for name, value in (
                ("retry_after", self.retry_after),
                ("migrate_to_chat_id", self.migrate_to_chat_id),
            )
            if value is not None
        }
        if parameters:
            body["parameters"] = parameters
        return body


def bad_request(text: str) -> ApiError:
    """400 with Telegram's prefix."""
    return ApiError(400, f"Bad Request: {text}")


def forbidden(text: str) -> ApiError:
    """403 with Telegram's prefix."""
    return ApiError(403, f"Forbidden: {text}")


def blocked() -> ApiError:
    """The person has blocked the bot."""
    return forbidden("bot was blocked by the user")


def deactivated() -> ApiError:
    """The person's account is gone."""
    return forbidden("user is deactivated")


def kicked(kind: str = "group") -> ApiError:
    """The bot was removed from a ``group`` or ``supergroup``."""
    return forbidden(f"bot was kicked from the {kind} chat")


def conflict(text: str) -> ApiError:
    """409: two consumers of updates at once."""
    return ApiError(409, f"Conflict: {text}")


def flood_wait(seconds: int) -> ApiError:
    """429: wait this many seconds."""
    return ApiError(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)


def migrated(new_chat_id: int) -> ApiError:
    """The group became a supergroup with another id."""
    return ApiError(
        400,
        "Bad Request: group chat was upgraded to a supergroup chat",
        migrate_to_chat_id=new_chat_id,
    )


def server_error(code: int = 500, text: str = "Internal Server Error") -> ApiError:
    """A failure of the platform itself, told in JSON."""
    return ApiError(code, text)


def bad_gateway() -> ApiError:
    """502 as the proxy in front of the platform tells it: an HTML page, no JSON."""
    return ApiError(502, "Bad Gateway", html=BAD_GATEWAY_PAGE)

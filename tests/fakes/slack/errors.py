"""The refusals of the Web API: Slack's own words, the status and the headers they come with."""

from __future__ import annotations

from typing import Any

__all__ = ["ApiError", "bad_gateway", "rate_limited", "refused", "server_error", "withdrawn"]

BAD_GATEWAY_PAGE = "<html><head><title>502 Bad Gateway</title></head><body>Slack is down</body></html>"


class ApiError(Exception):
    """A refused call. ``earned`` says that the app could have known better; most come with HTTP 200."""

    def __init__(
        self,
        error: str,
        *,
        status: int = 200,
        messages: tuple[str, ...] = (),
        retry_after: int | None = None,
        html: str | None = None,
        earned: bool = True,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{status} {error} {' '.join(messages)}".rstrip())
        self.error = error
        self.status = status
        self.messages = messages
        self.retry_after = retry_after
        self.html = html
        self.earned = earned
        self.details = details or {}

    def wire(self) -> dict[str, Any]:
        """The JSON body of the answer."""
        body: dict[str, Any] = {"ok": False, "error": self.error, **self.details}
        if self.messages:
            body["response_metadata"] = {"messages": list(self.messages)}
        return body


def refused(error: str, *messages: str, **details: Any) -> ApiError:
    """``ok: false`` with this word, which the app has earned."""
    return ApiError(error, messages=messages, details=details)


def withdrawn(error: str) -> ApiError:
    """``ok: false`` for something the platform or a person ended; the app could not have known."""
    return ApiError(error, earned=False)


def rate_limited(seconds: int) -> ApiError:
    """429: wait this many seconds."""
    return ApiError("ratelimited", status=429, retry_after=seconds, earned=False)


def server_error(status: int = 500) -> ApiError:
    """A failure of the platform itself, told in JSON."""
    return ApiError("internal_error", status=status, earned=False)


def bad_gateway() -> ApiError:
    """502 as the proxy in front of the platform tells it: an HTML page, no JSON."""
    return ApiError("bad_gateway", status=502, html=BAD_GATEWAY_PAGE, earned=False)

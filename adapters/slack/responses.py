"""Answers an interaction at the address that came with it: also where the bot may not write."""

from __future__ import annotations

import aiohttp
import structlog
from yarl import URL

from .client import ApiClient

__all__ = ["Responses"]

log = structlog.get_logger(__name__)

_HOST = "hooks.slack.com"  # Slack, "Handling user interaction": response_url
_SECONDS = 10.0


class Responses:
    """One bot's. What cannot be said is logged: nobody waits for it."""

    def __init__(self, *, client: ApiClient) -> None:
        self._client = client

    async def tell(self, address: str, text: str) -> None:
        """Say a line to the person alone."""
        if not self._is_slack(address):
            log.warning("slack_response_elsewhere")
            return
        body = {"response_type": "ephemeral", "replace_original": False, "text": text}
        timeout = aiohttp.ClientTimeout(total=_SECONDS)
        try:
            async with (
                self._client.in_use() as session,
                session.post(address, json=body, timeout=timeout, allow_redirects=False) as response,
            ):
                if response.status != 200:
                    log.info("slack_response_refused", status=response.status)
        except (aiohttp.ClientError, TimeoutError, OSError) as exc:
            log.info("slack_response_unsent", reason=type(exc).__name__)

    def _is_slack(self, address: str) -> bool:
        try:
            url = URL(address)
        except ValueError:
            return False
        own = self._client.own_server
        return url.authority == own if own else url.scheme == "https" and url.host == _HOST

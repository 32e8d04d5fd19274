"""Looks at the bot through the Bot API, by methods that only read: getMe and getWebhookInfo.

getUpdates is never called. It would end the long poll of a running service (409 goes to the older of two
polls, so ours would not even learn of it), and an offset would take updates from it. Whether somebody else
polls shows in another way: the number of waiting updates falls though our own service is not running.
"""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import adapters.telegram.lean  # isort: skip  # noqa: F401  before anything of aiogram's
from bot.errors import DeliveryError, PlatformBusy
from bot.ports import Clock
from bot.ports.diagnosis import Finding, caution, fault, good

from .client import ApiClient
from .errors import Refused

__all__ = ["TelegramDiagnosis"]

_CALL_SECONDS: Final = 5.0
_WATCH_SECONDS: Final = 2.0
_RECENT_SECONDS: Final = 3600.0


class TelegramDiagnosis:
    """Diagnoses of one bot. ``service_runs``: the service with this token is at work on this machine."""

    def __init__(
        self,
        *,
        token: str,
        clock: Clock,
        api_base_url: str | None = None,
        mode: str = "polling",
        webhook_url: str = "",
        service_runs: bool = False,
    ) -> None:
        self._client = ApiClient(token=token, api_base_url=api_base_url)
        self._host = urlsplit(api_base_url or "https://api.telegram.org").netloc.rpartition("@")[2]
        self._clock = clock
        self._mode = mode
        self._webhook_url = webhook_url
        self._service_runs = service_runs

    async def diagnose(self) -> Sequence[Finding]:
        """What getMe and getWebhookInfo tell; a failed call is a finding."""
        async with self._client.in_use():
            try:
                me = _mapping(await self._call("getMe"))
                return [*self._bot(me), *await self._delivery()]
            except Refused as exc:
                return [self._refused(exc)]
            except DeliveryError as exc:
                return [self._unreached(exc)]

    async def _call(self, method: str) -> Any:
        return await self._client.call(method, {}, timeout_seconds=_CALL_SECONDS)

    # --- the bot ----------------------------------------------------------------------------------------

    def _bot(self, me: Mapping[str, Any]) -> Iterator[Finding]:
        name = f"@{me.get('username', '')}"
        yield good("telegram.token", f"The token is that of {name}, received by {self._mode}.")
        if me.get("can_join_groups") is False:
            yield good(
                "telegram.no_groups",
                "The bot cannot be added to groups.",
                f"If it should: @BotFather, /setjoingroups, {name}, Enable.",
            )
        if me.get("can_read_all_group_messages"):
            yield good("telegram.privacy_off", "In groups the bot sees every message.")
        else:
            yield good(
                "telegram.privacy_on",
                "In groups the bot sees only commands, mentions of it and replies to it (privacy mode), and "
                "everything where it is an administrator.",
                f"To let it see every message: @BotFather, /setprivacy, {name}, Disable; then remove it from "
                "each group and add it again.",
            )

    def _refused(self, exc: Refused) -> Finding:
        if exc.is_token_rejected:
            own = ", or is no Bot API server" if self._is_own and exc.code == 404 else ""
            return fault(
                "telegram.token_refused",
                f"{self._host} does not know the token ({exc.code} {exc.description}){own}.",
                "Set TELEGRAM_BOT_TOKEN to the token that @BotFather shows for the bot: /mybots, API Token.",
            )
        return caution(
            "telegram.busy",
            f"{self._host} does not serve at the moment: {exc}.",
            "Try again in a while.",
        )

    def _unreached(self, exc: DeliveryError) -> Finding:
        if isinstance(exc, PlatformBusy):
            return fault("telegram.unreached", f"{self._host} cannot be reached: {exc}.", self._way_there())
        remedy = (
            "Check TELEGRAM_API_BASE_URL: it is the address of a Bot API server, without /bot and token."
            if self._is_own
            else self._way_there()
        )
        return fault("telegram.no_bot_api", f"{self._host} does not answer as the Bot API: {exc}.", remedy)

    @property
    def _is_own(self) -> bool:
        return self._client.is_own_server

    def _way_there(self) -> str:
        if self._is_own:
            return "Start the Bot API server there, or correct TELEGRAM_API_BASE_URL."
        proxied = "https" in urllib.request.getproxies()
        hint = " HTTPS_PROXY is not used for Telegram." if proxied else ""
        return (
            "Check that this machine finds the name and its firewall lets it out; where Telegram is blocked, "
            f"set TELEGRAM_API_BASE_URL to a Bot API server elsewhere.{hint}"
        )

    # --- how updates come -------------------------------------------------------------------------------

    async def _delivery(self) -> list[Finding]:
        info = _mapping(await self._call("getWebhookInfo"))
        if self._mode == "webhook":
            return [*self._webhook(info), *self._failures(info)]
        if info.get("url"):
            return [_webhook_in_the_way(str(info["url"])), *self._failures(info)]
        return await self._polling(_count(info))

    async def _polling(self, waiting: int) -> list[Finding]:
        if not waiting:
            return [good("telegram.polling", "No webhook is set, and no updates wait.")]
        if self._service_runs:
            return [good("telegram.waiting", f"{_updates(waiting)} for the running service to take in.")]
        await self._clock.sleep(_WATCH_SECONDS)
        later = _count(_mapping(await self._call("getWebhookInfo")))
        if later < waiting:
            return [
                caution(
                    "telegram.other_poller",
                    "Somebody takes this bot's updates in, and it is not the service with this database.",
                    "Stop the other process that polls with it, or replace the token: @BotFather, /revoke.",
                )
            ]
        return [good("telegram.waiting", f"{_updates(later)} for the service to start.")]

    def _webhook(self, info: Mapping[str, Any]) -> Iterator[Finding]:
        url = str(info.get("url") or "")
        if url == self._webhook_url:
            yield good("telegram.webhook", f"The webhook is set; {_updates(_count(info))}.")
        elif not url:
            yield good("telegram.webhook_not_set", "No webhook is set yet; the service sets it at its start.")
        else:
            yield caution(
                "telegram.other_webhook",
                f"The webhook leads to {_origin(url)}, not to PARLEY_TELEGRAM__WEBHOOK_URL.",
                "The service's next start takes it over; stop whatever else uses this token first.",
            )

    def _failures(self, info: Mapping[str, Any]) -> Iterator[Finding]:
        """Telegram's last failure to deliver, if it is recent."""
        said, at = info.get("last_error_message"), info.get("last_error_date")
        if not said or not isinstance(at, int):
            return
        age = self._clock.now().timestamp() - at
        if age <= _RECENT_SECONDS:
            yield caution(
                "telegram.webhook_failing",
                f"Telegram could not deliver {max(age, 0) / 60:.0f} minutes ago: {said!r}; "
                f"{_updates(_count(info))}.",
                "Check that the webhook's address leads to this service from outside, by https with a valid "
                "certificate on port 443, 80, 88 or 8443, and that the service runs.",
            )


def _webhook_in_the_way(url: str) -> Finding:
    return caution(
        "telegram.webhook_set",
        f"A webhook to {_origin(url)} is set, and while it is, polling is refused (409).",
        "The service's start removes it; if the bot is served there, stop that one, or set "
        "PARLEY_TELEGRAM__MODE=webhook here.",
    )


def _mapping(answer: Any) -> Mapping[str, Any]:
    if not isinstance(answer, dict):
        raise DeliveryError("the answer is not an object")
    return answer


def _count(info: Mapping[str, Any]) -> int:
    count = info.get("pending_update_count")
    return count if isinstance(count, int) else 0


def _updates(count: int) -> str:
    return f"{count or 'no'} update{'s wait' if count != 1 else ' waits'}"


def _origin(url: str) -> str:
    """Scheme and host: the path may hold a secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}"

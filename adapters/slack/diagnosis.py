"""Looks at the app through the Web API, by methods that change nothing: tokens, scopes, the way in.

apps.connections.open only hands out an address for a socket; no socket is opened. Which events the app is
subscribed to, Slack tells nobody, so that is left to a hint.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp

from bot.errors import DeliveryError, PlatformBusy
from bot.ports.diagnosis import Finding, caution, fault, good

from .client import ApiClient
from .errors import Refused, transport_error
from .requests import PATH
from .wire import as_map, text_in

__all__ = ["SlackDiagnosis", "wanted_scopes"]

_CALL_SECONDS: Final = 8.0
_MANIFEST: Final = Path(__file__).with_name("manifest.yaml")
_SCOPE_LINE: Final = re.compile(r"\s+- ([a-z_.]+(?::[a-z_.]+)*)\s*")
_SIGNING_SECRET: Final = re.compile(r"[0-9a-f]{32}")
# Slack adds this one to every token itself.
_GIVEN: Final = frozenset({"identify"})
_TRANSPORT = (aiohttp.ClientError, TimeoutError, OSError)

_APP_PAGE = "api.slack.com/apps, your app"
_BOT_TOKEN_PAGE = f"{_APP_PAGE}, OAuth & Permissions, Bot User OAuth Token"
_APP_TOKEN_PAGE = f"{_APP_PAGE}, Basic Information, App-Level Tokens (scope connections:write)"
_SECRET_PAGE = f"{_APP_PAGE}, Basic Information, Signing Secret"


class SlackDiagnosis:
    """Diagnoses of one app: by Socket Mode when it has an app token, else by HTTP requests."""

    def __init__(
        self,
        *,
        bot_token: str,
        app_token: str = "",
        signing_secret: str = "",
        api_base_url: str | None = None,
    ) -> None:
        self._client = ApiClient(bot_token=bot_token, app_token=app_token, api_base_url=api_base_url)
        self._host = urlsplit(self._client.base_url).netloc.rpartition("@")[2]
        self._bot_token = bot_token
        self._app_token = app_token
        self._signing_secret = signing_secret

    async def diagnose(self) -> Sequence[Finding]:
        """What the tokens look like, and what Slack says to them."""
        forms = list(_forms(self._bot_token, self._app_token))
        if forms:
            return forms
        async with self._client.in_use() as session:
            asked = asyncio.gather(_collected(self._bot(session)), _collected(self._way_in()))
            bot, way_in = await asked
        told = {finding.code for finding in bot}
        return [*bot, *(finding for finding in way_in if finding.code not in told)]

    # --- the bot ----------------------------------------------------------------------------------------

    async def _bot(self, session: aiohttp.ClientSession) -> AsyncIterator[Finding]:
        try:
            answer, headers = await self._test(session)
        except DeliveryError as exc:
            yield self._unreached(exc)
            return
        error = text_in(answer, "error")
        if error:
            yield _refused_bot(error)
            return
        yield good(
            "slack.bot_token",
            f"The bot token is that of @{text_in(answer, 'user')} in {text_in(answer, 'team')!r}.",
        )
        if "x-oauth-scopes" in headers:
            for finding in _scopes(headers["x-oauth-scopes"]):
                yield finding

    async def _test(self, session: aiohttp.ClientSession) -> tuple[Mapping[str, Any], Mapping[str, str]]:
        """auth.test with its headers, which name the scopes. Raises DeliveryError."""
        try:
            async with asyncio.timeout(_CALL_SECONDS):
                async with session.post(
                    f"{self._client.base_url}auth.test",
                    headers={"Authorization": f"Bearer {self._bot_token}"},
                    allow_redirects=False,
                ) as response:
                    answer = as_map(await response.json(content_type=None))
                    headers = {name.lower(): value for name, value in response.headers.items()}
        except _TRANSPORT as exc:
            raise transport_error("auth.test", exc) from None
        except ValueError:
            answer, headers = {}, {}
        if answer.get("ok") is not True and not text_in(answer, "error"):
            raise DeliveryError("auth.test: the answer is not the Web API's")
        return answer, headers

    def _unreached(self, exc: DeliveryError) -> Finding:
        if isinstance(exc, PlatformBusy):
            remedy = "Check that this machine finds the name and its firewall lets it out"
            return fault("slack.unreached", f"{self._host} cannot be reached: {exc}.", self._also(remedy))
        return fault(
            "slack.no_web_api",
            f"{self._host} does not answer as Slack's Web API: {exc}.",
            self._also("Try again; if a proxy answers in Slack's place, let this machine past it"),
        )

    def _also(self, remedy: str) -> str:
        return f"{remedy}; check SLACK_API_BASE_URL." if self._client.own_server else f"{remedy}."

    # --- the way in -------------------------------------------------------------------------------------

    async def _way_in(self) -> AsyncIterator[Finding]:
        if self._app_token:
            yield await self._socket()
            return
        yield good(
            "slack.http_events",
            f"Messages come as HTTP requests to {PATH}; which events are sent, Slack does not tell.",
            f"If none come: {_APP_PAGE}, Event Subscriptions and Interactivity must both lead to {PATH} at "
            "your public address, with the events of adapters/slack/manifest.yaml.",
        )
        if not _SIGNING_SECRET.fullmatch(self._signing_secret):
            yield caution(
                "slack.signing_secret_form",
                "SLACK_SIGNING_SECRET does not look like one (32 digits and letters a to f).",
                f"Copy it from {_SECRET_PAGE}; it is neither a token nor the Client Secret.",
            )

    async def _socket(self) -> Finding:
        try:
            async with asyncio.timeout(_CALL_SECONDS):
                await self._client.open_socket_url()
        except Refused as exc:
            return _refused_socket(exc.error)
        except TimeoutError:
            return self._unreached(DeliveryError("apps.connections.open: no answer from Slack"))
        except DeliveryError as exc:
            return self._unreached(exc)
        return good("slack.app_token", "Slack takes the app token: Socket Mode can be opened.")


async def _collected(findings: AsyncIterator[Finding]) -> list[Finding]:
    return [finding async for finding in findings]


# --- tokens -------------------------------------------------------------------------------------------


def _forms(bot_token: str, app_token: str) -> Iterator[Finding]:
    """What is wrong with the tokens at first sight; nothing is sent with tokens that cannot be right."""
    if bot_token.startswith("xapp-") and app_token.startswith("xoxb-"):
        yield fault(
            "slack.tokens_swapped",
            "SLACK_BOT_TOKEN holds the app token and SLACK_APP_TOKEN the bot token.",
            "Exchange them: SLACK_BOT_TOKEN begins with xoxb-, SLACK_APP_TOKEN with xapp-.",
        )
        return
    if not bot_token.startswith("xoxb-"):
        yield fault(
            "slack.bot_token_form",
            f"SLACK_BOT_TOKEN is not a bot token, which begins with xoxb-{_kind(bot_token)}.",
            f"Set it to {_BOT_TOKEN_PAGE}.",
        )
    if app_token and not app_token.startswith("xapp-"):
        yield fault(
            "slack.app_token_form",
            f"SLACK_APP_TOKEN is not an app-level token, which begins with xapp-{_kind(app_token)}.",
            f"Make one: {_APP_TOKEN_PAGE}.",
        )


def _kind(token: str) -> str:
    kinds = {
        "xapp-": "an app token",
        "xoxb-": "a bot token",
        "xoxp-": "a user token",
        "xoxe": "one that expires",
    }
    return next((f"; it is {kind}" for start, kind in kinds.items() if token.startswith(start)), "")


def _refused_bot(error: str) -> Finding:
    match error:
        case "invalid_auth" | "not_authed":
            what, remedy = "Slack does not know SLACK_BOT_TOKEN", f"Copy it again from {_BOT_TOKEN_PAGE}"
        case "token_revoked" | "account_inactive":
            what = "The app was removed from the workspace, or its token was revoked"
            remedy = f"{_APP_PAGE}, Install App: install it again and set SLACK_BOT_TOKEN to the new token"
        case "token_expired":
            what = "SLACK_BOT_TOKEN has expired"
            remedy = f"{_APP_PAGE}, OAuth & Permissions: turn token rotation off, and install the app again"
        case "ratelimited":
            return caution("slack.busy", "Slack asks for a pause (ratelimited).", "Try again in a minute.")
        case _:
            what, remedy = "Slack refuses SLACK_BOT_TOKEN", f"Look at {_BOT_TOKEN_PAGE}"
    return fault("slack.bot_token_refused", f"{what} ({error}).", f"{remedy}.")


def _refused_socket(error: str) -> Finding:
    match error:
        case "missing_scope":
            what = "SLACK_APP_TOKEN has not the scope connections:write"
            remedy = f"Make another with it: {_APP_TOKEN_PAGE}"
        case "invalid_auth" | "not_authed" | "token_revoked" | "account_inactive" | "not_allowed_token_type":
            what, remedy = "Slack does not take SLACK_APP_TOKEN", f"Make another: {_APP_TOKEN_PAGE}"
        case "ratelimited":
            return caution("slack.busy", "Slack asks for a pause (ratelimited).", "Try again in a minute.")
        case _:
            what = "Socket Mode cannot be opened"
            remedy = f"{_APP_PAGE}, Socket Mode: turn it on; the token: {_APP_TOKEN_PAGE}"
    return fault("slack.app_token_refused", f"{what} ({error}).", f"{remedy}.")


# --- scopes -------------------------------------------------------------------------------------------


def wanted_scopes() -> frozenset[str]:
    """The scopes the manifest asks for: the list under ``bot:``, the one list of names with colons in it."""
    _, _, rest = _MANIFEST.read_text(encoding="utf-8").partition("\n    bot:\n")
    scopes = set()
    for line in rest.splitlines():
        found = _SCOPE_LINE.fullmatch(line)
        if found is None:
            break
        scopes.add(found[1])
    return frozenset(scopes)


def _scopes(header: str) -> Iterator[Finding]:
    wanted = wanted_scopes()
    granted = {scope.strip() for scope in header.split(",")} - {""}
    missing, needless = sorted(wanted - granted), sorted(granted - wanted - _GIVEN)
    if missing:
        yield fault(
            "slack.scopes_missing",
            f"The app lacks scopes: {', '.join(missing)}.",
            f"{_APP_PAGE}, OAuth & Permissions, Bot Token Scopes: add them (or paste "
            "adapters/slack/manifest.yaml under App Manifest), then Reinstall to Workspace.",
        )
    else:
        yield good("slack.scopes", f"It has the {len(wanted)} scopes it needs.")
    if needless:
        yield good(
            "slack.scopes_needless",
            f"It has scopes that Parley does not use: {', '.join(needless)}.",
            f"They may be taken away: {_APP_PAGE}, OAuth & Permissions, Bot Token Scopes.",
        )

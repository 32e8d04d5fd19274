"""The Slack app looked at: tokens, scopes, the way in; nothing is opened, sent or changed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

import adapters.slack as slack_adapter
from adapters.slack.diagnosis import SlackDiagnosis, wanted_scopes
from bot.ports.diagnosis import Finding, Level
from tests.fakes.slack import FakeSlack, bad_gateway, gateway, rate_limited, refused
from tests.unit.doctor.support import codes, only, problems, serving

SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture
async def slack(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeSlack]:
    """A workspace whose app has the scopes of the manifest. Whatever the doctor does, it only reads."""
    grant(monkeypatch, wanted_scopes())
    async with FakeSlack() as fake:
        yield fake
        assert {call.method for call in fake.calls} <= {"auth.test", "apps.connections.open"}
        assert fake.violations == []


def grant(monkeypatch: pytest.MonkeyPatch, scopes: frozenset[str]) -> None:
    """Let every answer name these scopes."""
    monkeypatch.setitem(gateway._SCOPES, "X-OAuth-Scopes", ", ".join(sorted(scopes)))


async def look(
    slack: FakeSlack,
    *,
    url: str = "",
    bot_token: str = "",
    app_token: str | None = None,
    signing_secret: str = "",
) -> list[Finding]:
    """What is found; never a token."""
    bot_token = bot_token or slack.bot_token
    app_token = slack.app_token if app_token is None else app_token
    part = SlackDiagnosis(
        bot_token=bot_token,
        app_token=app_token,
        signing_secret=signing_secret,
        api_base_url=url or slack.url,
    )
    found = list(await part.diagnose())
    secrets = [text for text in (bot_token, app_token, signing_secret) if text]
    assert not [text for text in secrets for one in found if text in f"{one.what}{one.remedy}"]
    return found


def test_the_manifest_is_read_as_it_is_written() -> None:
    """The list of scopes, and none of the events below it."""
    assert {"chat:write", "commands", "users:read", "app_mentions:read"} <= wanted_scopes()
    assert not [scope for scope in wanted_scopes() if scope.startswith("message.")]
    manifest = (Path(slack_adapter.__file__).parent / "manifest.yaml").read_text(encoding="utf-8")
    section = manifest.partition("oauth_config:")[2].partition("\nsettings:")[0]
    assert sorted(wanted_scopes()) == [line.strip()[2:] for line in section.splitlines() if "- " in line]


async def test_an_app_from_the_manifest_is_in_order(slack: FakeSlack) -> None:
    """Bot token, scopes, Socket Mode; no socket was opened."""
    found = await look(slack)
    assert codes(found) == ["slack.bot_token", "slack.scopes", "slack.app_token"]
    assert problems(found) == {}
    assert slack.sockets.open_sockets == 0


async def test_scopes_that_miss_and_scopes_too_many_are_named(
    slack: FakeSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that miss are an error; those too many may stay."""
    grant(monkeypatch, wanted_scopes() - {"files:read", "commands"} | {"admin", "identify"})
    found = await look(slack)
    assert problems(found) == {"slack.scopes_missing": Level.ERROR}
    assert "commands, files:read." in only(found, "slack.scopes_missing").what
    assert "Reinstall" in only(found, "slack.scopes_missing").remedy
    assert only(found, "slack.scopes_needless").what.endswith(": admin.")


@pytest.mark.parametrize(
    ("bot_token", "app_token", "code"),
    [
        ("xapp-1-A", "xoxb-1-B", ["slack.tokens_swapped"]),
        ("xoxp-1-user", "xapp-1-A", ["slack.bot_token_form"]),
        ("something", "xoxb-1-B", ["slack.bot_token_form", "slack.app_token_form"]),
        ("xoxe.xoxb-1-B", "", ["slack.bot_token_form"]),
    ],
)
async def test_tokens_of_the_wrong_kind_are_told_before_they_are_sent(
    slack: FakeSlack, bot_token: str, app_token: str, code: list[str]
) -> None:
    """Exchanged, a person's, or no token at all."""
    found = await look(slack, bot_token=bot_token, app_token=app_token, signing_secret=SECRET)
    assert codes(found) == code
    assert {finding.level for finding in found} == {Level.ERROR}
    assert slack.calls == []


async def test_unknown_tokens_are_told_apart(slack: FakeSlack) -> None:
    """Each with the page where the right one is."""
    found = await look(slack, bot_token="xoxb-unknown-token")
    assert problems(found) == {"slack.bot_token_refused": Level.ERROR}
    assert "OAuth & Permissions" in found[0].remedy
    found = await look(slack, app_token="xapp-unknown-token")
    assert problems(found) == {"slack.app_token_refused": Level.ERROR}
    assert "connections:write" in only(found, "slack.app_token_refused").remedy


@pytest.mark.parametrize("error", ["token_revoked", "token_expired", "account_inactive", "team_disabled"])
async def test_a_bot_token_that_is_of_no_use_any_more_is_told(slack: FakeSlack, error: str) -> None:
    """In Slack's word and ours."""
    slack.fail("auth.test", refused(error))
    finding = only(await look(slack), "slack.bot_token_refused")
    assert error in finding.what
    assert finding.level is Level.ERROR


@pytest.mark.parametrize("error", ["missing_scope", "invalid_auth", "socket_mode_disabled"])
async def test_a_socket_that_slack_does_not_give_is_told(slack: FakeSlack, error: str) -> None:
    """Scope, token, or Socket Mode itself."""
    slack.fail("apps.connections.open", refused(error))
    finding = only(await look(slack), "slack.app_token_refused")
    assert error in finding.what
    assert "api.slack.com/apps" in finding.remedy


async def test_a_pause_that_slack_asks_for_is_a_warning_once(slack: FakeSlack) -> None:
    """It says nothing about the tokens."""
    slack.fail("auth.test", rate_limited(30))
    slack.fail("apps.connections.open", rate_limited(30))
    found = await look(slack)
    assert codes(found) == ["slack.busy"]
    assert problems(found) == {"slack.busy": Level.WARNING}


async def test_by_http_the_signing_secret_is_looked_at_and_subscriptions_hinted_at(slack: FakeSlack) -> None:
    """Which events Slack sends cannot be read, so where they are set is said."""
    found = await look(slack, app_token="", signing_secret=SECRET)
    assert problems(found) == {}
    assert "/slack/events" in only(found, "slack.http_events").remedy
    found = await look(slack, app_token="", signing_secret="the client secret?")
    assert problems(found) == {"slack.signing_secret_form": Level.WARNING}


async def test_a_server_that_is_not_slacks_is_told(slack: FakeSlack) -> None:
    """A page, an object of another kind, a gateway's error, nobody."""

    async def page(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text="<html></html>", content_type="text/html")

    async def other(_: web.BaseRequest) -> web.StreamResponse:
        return web.json_response({"ok": False, "error_code": 404})

    for handle in (page, other):
        async with serving(handle) as url:
            assert problems(await look(slack, url=f"{url}/api")) == {"slack.no_web_api": Level.ERROR}
    found = await look(slack, url=f"{url}/api")
    assert problems(found) == {"slack.unreached": Level.ERROR}
    assert "SLACK_API_BASE_URL" in found[0].remedy
    slack.fail("auth.test", bad_gateway())
    assert problems(await look(slack)) == {"slack.no_web_api": Level.ERROR}

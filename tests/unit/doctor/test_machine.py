"""The clock held against a server's, and the HTTP port: free, ours, or taken."""

from __future__ import annotations

import asyncio
import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web

from bot.doctor.machine import check_clock, check_http
from bot.ports import SystemClock
from bot.ports.diagnosis import Finding, Level
from bot.server import HttpServer, Readiness
from bot.settings import HttpSettings
from tests.fakes.clock import ManualClock
from tests.unit.doctor.support import codes, collected, problems, serving

NOW = ManualClock().now()


async def clock_against(server_time: str, *, signed: bool = False) -> list[Finding]:
    """What is found of a clock that stands at NOW, by a server that tells this time."""
    asked: list[str] = []

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        asked.append(f"{request.path} {request.headers.get('Authorization', '')}")
        return web.Response(status=404, headers={"Date": server_time})

    async with serving(handle) as url:
        found = check_clock({"SiliconFlow": f"{url}/v1"}, clock=ManualClock(), checks_signatures=signed)
        findings = await collected(found)
    assert asked == ["/ "]
    return findings


@pytest.mark.parametrize("seconds", [-59, 0, 59])
async def test_a_clock_that_is_about_right_is_right(seconds: int) -> None:
    """Dates come in whole seconds, and the way takes time."""
    found = await clock_against(format_datetime(NOW + timedelta(seconds=seconds), usegmt=True))
    assert codes(found) == ["clock.right"]
    assert problems(found) == {}


@pytest.mark.parametrize(
    ("ahead", "signed", "level", "words"),
    [
        (timedelta(seconds=90), True, Level.WARNING, "90 seconds ahead of SiliconFlow's"),
        (timedelta(minutes=-10), False, Level.WARNING, "10 minutes behind"),
        (timedelta(hours=5), True, Level.ERROR, "5 hours ahead"),
        (timedelta(days=-400), False, Level.WARNING, "400 days behind"),
    ],
)
async def test_a_clock_that_is_wrong_is_told_by_how_much(
    ahead: timedelta, signed: bool, level: Level, words: str
) -> None:
    """It is an error where signatures are checked and would not hold."""
    (finding,) = await clock_against(format_datetime(NOW - ahead, usegmt=True), signed=signed)
    assert (finding.code, finding.level) == ("clock.wrong", level)
    assert words in finding.what


async def test_without_a_time_to_compare_with_nothing_is_said() -> None:
    """No server, one that is gone, one that tells nonsense: other checks speak of those."""
    assert await collected(check_clock({}, clock=SystemClock(), checks_signatures=True)) == []
    gone = {"Telegram": "http://127.0.0.1:1"}
    assert await collected(check_clock(gone, clock=SystemClock(), checks_signatures=True)) == []
    assert await clock_against("soon") == []


async def test_the_next_server_is_believed_when_the_first_is_gone() -> None:
    """The order is that of trust."""

    async def handle(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(headers={"Date": format_datetime(datetime.now(UTC), usegmt=True)})

    async with serving(handle) as url:
        addresses = {"SiliconFlow": "http://127.0.0.1:1", "Slack": url}
        (finding,) = await collected(check_clock(addresses, clock=SystemClock(), checks_signatures=False))
    assert finding.what == "It agrees with Slack's."


# --- the port -----------------------------------------------------------------------------------------


def settings(port: int, host: str = "127.0.0.1") -> HttpSettings:
    """Where the service would listen."""
    return HttpSettings(host=host, port=port)


def a_free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_a_free_port_is_free_and_stays_so() -> None:
    """It is not listened on."""
    port = a_free_port()
    for _ in range(2):
        assert codes(await collected(check_http(settings(port), service_runs=False))) == ["http.free"]
    assert codes(await collected(check_http(settings(0), service_runs=False))) == ["http.any_port"]


@pytest.mark.parametrize(("host", "asked"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "0.0.0.0")])
async def test_our_own_service_may_have_the_port(host: str, asked: str) -> None:
    """It says itself whether it is ready, and for what it waits."""
    readiness = Readiness()
    server = HttpServer(host=host, port=0, readiness=readiness)
    await server.start()
    try:
        found = await collected(check_http(settings(server.port, asked), service_runs=True))
        assert (codes(found), problems(found)) == (["http.served"], {})
        readiness.wait_for("telegram", "no connection")
        (finding,) = await collected(check_http(settings(server.port, asked), service_runs=True))
        assert (finding.code, finding.level) == ("http.not_ready", Level.WARNING)
        assert "telegram: no connection" in finding.what
        (finding,) = await collected(check_http(settings(server.port, asked), service_runs=False))
        assert (finding.code, finding.level) == ("http.taken", Level.ERROR)
        assert "another Parley" in finding.what
    finally:
        await server.close()


async def test_another_program_on_the_port_is_an_error_with_another_port() -> None:
    """Whatever it answers: a page, something else in JSON, or not HTTP at all."""

    async def page(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text="<html></html>")

    async def data(request: web.BaseRequest) -> web.StreamResponse:
        return web.json_response(["ready"])

    for handle in (page, data):
        async with serving(handle) as url:
            port = int(url.rpartition(":")[2])
            (finding,) = await collected(check_http(settings(port), service_runs=True))
            assert (finding.code, finding.level) == ("http.taken", Level.ERROR)
            assert f"PARLEY_HTTP__PORT={port + 1 if port < 65535 else 1}" in finding.remedy
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert codes(await collected(check_http(settings(port), service_runs=True))) == ["http.taken"]


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (PermissionError(13, "Permission denied"), "http.forbidden"),
        (OSError(99, "Cannot assign requested address"), "http.no_address"),
        (OSError(105, "No buffer space available"), "http.unusable"),
    ],
)
async def test_why_nobody_can_listen_is_told_with_the_variable(
    monkeypatch: pytest.MonkeyPatch, failure: OSError, code: str
) -> None:
    """Rights, addresses, and the rest in the system's words."""

    def refuse(self: socket.socket, address: object) -> None:
        raise failure

    monkeypatch.setattr(socket.socket, "bind", refuse)
    (finding,) = await collected(check_http(settings(80), service_runs=False))
    assert (finding.code, finding.level) == (code, Level.ERROR)
    assert "PARLEY_HTTP__" in finding.remedy


async def test_a_host_that_is_no_address_of_ours_is_an_error() -> None:
    """An address of the documentation's network, which nobody has."""
    (finding,) = await collected(check_http(settings(8080, "192.0.2.1"), service_runs=False))
    assert finding.code == "http.no_address"

"""Looks at the machine: whether its clock is right, and whether the HTTP port can be had."""

from __future__ import annotations

import asyncio
import errno
import http.client
import json
import socket
from collections.abc import AsyncGenerator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

from bot.doctor.words import host_of
from bot.ports import Clock
from bot.ports.diagnosis import Finding, caution, fault, good
from bot.providers.transport import open_http
from bot.settings import HttpSettings

__all__ = ["check_clock", "check_http"]

_ASK_SECONDS: Final = 6.0
_TOLERATED_SECONDS: Final = 60.0
# Slack refuses nothing for it, but our check of its signatures does (Slack, "Verifying requests").
_SIGNATURE_SECONDS: Final = 300.0


# --- the clock ----------------------------------------------------------------------------------------


async def check_clock(
    addresses: Mapping[str, str], *, clock: Clock, checks_signatures: bool
) -> AsyncGenerator[Finding, None]:
    """Compare the clock with the Date that servers put on their answers. ``addresses`` maps names to URLs;
    the first that answers is believed. ``checks_signatures``: a wrong clock would turn requests away."""
    asked = [
        asyncio.create_task(_skew(_root(url), clock), name=f"clock of {name}")
        for name, url in addresses.items()
    ]
    skews = dict(zip(addresses, await asyncio.gather(*asked), strict=True))
    for name, skew in skews.items():
        if skew is not None:
            yield _clock_finding(name, skew, checks_signatures=checks_signatures)
            return


def _root(url: str) -> str:
    """The server's front page, which asks nothing of its API."""
    return f"{urlsplit(url).scheme}://{host_of(url)}/"


async def _skew(url: str, clock: Clock) -> float | None:
    """By how many seconds our clock is ahead of that of ``url``; None when it does not tell its time."""
    before = clock.now()
    try:
        async with (
            asyncio.timeout(_ASK_SECONDS),
            open_http(connect_seconds=_ASK_SECONDS) as client,
            client.stream("GET", url) as response,
        ):
            date = response.headers.get("date", "")
    except Exception:  # noqa: BLE001 - what is wrong with the address or the way is told by its own check
        return None
    return _difference(date, before, clock.now())


def _difference(date: str, before: datetime, after: datetime) -> float | None:
    try:
        theirs = parsedate_to_datetime(date)
        return (before + (after - before) / 2 - theirs).total_seconds()
    except (TypeError, ValueError):
        return None


def _clock_finding(name: str, skew: float, *, checks_signatures: bool) -> Finding:
    if abs(skew) <= _TOLERATED_SECONDS:
        return good("clock.right", f"It agrees with {name}'s.")
    what = f"It is {_duration(abs(skew))} {'ahead of' if skew > 0 else 'behind'} {name}'s."
    remedy = "Let the machine keep time by NTP, for example: timedatectl set-ntp true."
    if checks_signatures and abs(skew) > _SIGNATURE_SECONDS:
        return fault("clock.wrong", f"{what} Slack's requests are taken for old ones and refused.", remedy)
    return caution("clock.wrong", f"{what} Slack's requests are refused from 5 minutes on.", remedy)


def _duration(seconds: float) -> str:
    for unit, size in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"


# --- the port -----------------------------------------------------------------------------------------


async def check_http(settings: HttpSettings, *, service_runs: bool) -> AsyncGenerator[Finding, None]:
    """Whether the port can be had. ``service_runs``: a service works with the database, and may have it."""
    if settings.port == 0:
        yield good("http.any_port", f"The service takes any free port of {settings.host}.")
        return
    failure = await asyncio.to_thread(_listen, settings.host, settings.port)
    where = f"{settings.host}:{settings.port}"
    if failure is None:
        yield good("http.free", f"{where} is free.")
    elif failure.errno == errno.EADDRINUSE:
        url = f"http://{_reachable(settings.host)}:{settings.port}"
        pending = await asyncio.to_thread(_waiting_for, url)
        yield _taken(where, settings.port, pending, service_runs=service_runs)
    else:
        yield _refused(settings, failure)


def _listen(host: str, port: int) -> OSError | None:
    """Take the address and give it back; what stands in the way, if something does."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as exc:
        return exc
    return None


def _waiting_for(url: str) -> dict[str, Any] | None:
    """What a Parley at ``url`` waits for, by /readyz; None when it is no Parley."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_ASK_SECONDS / 2)
    try:
        connection.request("GET", "/readyz")
        answer = json.loads(connection.getresponse().read(65_536))
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    pending = answer.get("waiting_for") if isinstance(answer, dict) and "ready" in answer else None
    return pending if isinstance(pending, dict) else None


def _reachable(host: str) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (compared)
    return f"[{host}]" if ":" in host else host


def _taken(where: str, port: int, pending: dict[str, Any] | None, *, service_runs: bool) -> Finding:
    another = f"Set PARLEY_HTTP__PORT={port % 65_535 + 1}, or 0 for any free port."
    if pending is None:
        return fault("http.taken", f"{where} is taken by another program.", another)
    if not service_runs:
        return fault("http.taken", f"{where} is taken by another Parley, with another database.", another)
    if not pending:
        return good("http.served", f"{where} is served by the running Parley, which is ready.")
    reasons = "; ".join(f"{part}: {reason}" for part, reason in pending.items())
    return caution(
        "http.not_ready",
        f"{where} is served by the running Parley, which waits for: {reasons}.",
        "Look at the service's log.",
    )


def _refused(settings: HttpSettings, failure: OSError) -> Finding:
    if isinstance(failure, socket.gaierror) or failure.errno == errno.EADDRNOTAVAIL:
        what = f"{settings.host} is no address of this machine."
        return fault("http.no_address", what, "Set PARLEY_HTTP__HOST=127.0.0.1 (or 0.0.0.0 in a container).")
    if failure.errno == errno.EACCES:
        what = f"This user may not listen on port {settings.port}."
        return fault("http.forbidden", what, "Set PARLEY_HTTP__PORT to 1024 or more, for example 8080.")
    reason = failure.strerror or str(failure)
    what = f"Nobody can listen on {settings.host}:{settings.port}: {reason}."
    return fault("http.unusable", what, "Check PARLEY_HTTP__HOST and PARLEY_HTTP__PORT.")

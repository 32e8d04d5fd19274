"""The command `python -m bot doctor`: looks at everything there is, changes nothing, tells what it found."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, ParamSpec, TextIO, TypeVar

from bot.doctor.checks import CHECK_SECONDS, Check, run_checks
from bot.doctor.database import check_database, owner_of
from bot.doctor.machine import check_clock, check_http
from bot.doctor.personas import check_personas
from bot.doctor.platforms import platform_addresses, platform_checks
from bot.doctor.provider import check_siliconflow
from bot.doctor.report import Style, as_json, as_text, is_sound, scrubbed
from bot.doctor.setup import check_settings, raw_secrets, settings_faults
from bot.errors import ConfigurationError
from bot.logs import set_up_logs
from bot.ports import Clock, SystemClock
from bot.ports.diagnosis import Finding
from bot.settings import LogLevel, LogSettings, Settings, load_settings

__all__ = ["run_doctor", "style_for"]

P = ParamSpec("P")
T = TypeVar("T")

_WIDEST: Final = 110


def run_doctor(*, json: bool, leave: Callable[[int], object] = os._exit) -> int:
    """Examine and report on stdout; the exit code: 0 no errors, 1 errors, 2 settings that cannot be used.

    ``leave`` ends the process when a name server or a disk does not answer to the last: the interpreter
    would wait for the thread that waits for it.
    """
    secrets = raw_secrets()
    set_up_logs(LogSettings(level=LogLevel.ERROR), secrets=secrets)
    try:
        settings = load_settings()
    except ConfigurationError as exc:
        _tell(scrubbed(settings_faults(exc), secrets), json=json)
        return 2
    threads = _Threads()
    findings = scrubbed(_examine(settings, threads), (*secrets, *settings.secrets()))
    _tell(findings, json=json)
    code = 0 if is_sound(findings) else 1
    if threads.are_busy:
        sys.stderr.flush()
        leave(code)
    return code


class _Threads(ThreadPoolExecutor):
    """Threads for what cannot be awaited, of which some may never come back."""

    def __init__(self) -> None:
        super().__init__(max_workers=16, thread_name_prefix="doctor")
        self._given: list[Future[Any]] = []

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future = super().submit(fn, *args, **kwargs)
        self._given.append(future)
        return future

    @property
    def are_busy(self) -> bool:
        """Whether one of them is still at work."""
        return any(not future.done() for future in self._given)


def _examine(settings: Settings, threads: _Threads) -> list[Finding]:
    loop = asyncio.new_event_loop()
    loop.set_default_executor(threads)
    try:
        return loop.run_until_complete(run_checks(_checks(settings, SystemClock()), seconds=CHECK_SECONDS))
    finally:
        threads.shutdown(wait=False)
        loop.close()


def _checks(settings: Settings, clock: Clock) -> list[Check]:
    service_runs = owner_of(settings.database_url) is not None
    addresses = dict(platform_addresses(settings))
    if settings.siliconflow_api_key is not None:
        addresses = {"SiliconFlow": settings.siliconflow_base_url, **addresses}
    by_http = settings.serves_slack and settings.slack_app_token is None
    return [
        Check(subject="settings", findings=check_settings(settings)),
        Check(subject="personas", findings=check_personas(settings)),
        Check(subject="siliconflow", findings=check_siliconflow(settings, clock=clock)),
        *platform_checks(settings, clock=clock, service_runs=service_runs),
        Check(subject="database", findings=check_database(settings.database_url)),
        Check(subject="http", findings=check_http(settings.http, service_runs=service_runs)),
        Check(subject="clock", findings=check_clock(addresses, clock=clock, checks_signatures=by_http)),
    ]


def _tell(findings: Sequence[Finding], *, json: bool) -> None:
    text = as_json(findings) if json else as_text(findings, style_for(sys.stdout))
    sys.stdout.write(text)
    sys.stdout.flush()


def style_for(stream: TextIO) -> Style:
    """What ``stream`` can show: colours on a terminal without NO_COLOR, beyond ASCII only in UTF-8."""
    at_terminal = stream.isatty()
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return Style(
        colours=at_terminal and not plain,
        ascii_only=(stream.encoding or "").lower().replace("_", "-") not in ("utf-8", "utf8"),
        width=min(shutil.get_terminal_size().columns, _WIDEST) if at_terminal else 0,
    )
